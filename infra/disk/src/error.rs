use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use node_core::{codec::RecordError, port::PortError};

use crate::ledger;

/// Why a directory cannot be opened, checked or removed.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Another process has the directory open, or this one a second time.
    #[error(
        "`{}` is in use: one process at a time owns the directory of a layer; \
         stop the other one or choose another directory",
        dir.display()
    )]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// Stores of this directory are still held somewhere in this process.
    #[error("`{}` is still open in this process: drop its stores first", dir.display())]
    StoresAlive {
        /// The directory.
        dir: PathBuf,
    },
    /// The ledger was written by another version.
    #[error(
        "`{}` holds the table `{table}`, which this version does not know; \
         open it with the version that wrote it",
        dir.display()
    )]
    UnknownTable {
        /// The directory.
        dir: PathBuf,
        /// Name of the table.
        table: String,
    },
    /// A file is not what was written.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot {what} `{}`", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The ledger cannot be opened or read.
    #[error("cannot open the ledger in `{}`", dir.display())]
    Ledger {
        /// The directory.
        dir: PathBuf,
        /// What redb said.
        #[source]
        source: Box<redb::Error>,
    },
}

impl DiskError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    pub(crate) fn ledger<E: Into<redb::Error>>(dir: &Path) -> impl FnOnce(E) -> Self {
        let dir = dir.to_owned();
        move |error| match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::InUse { dir },
            source => Self::Ledger { dir, source: Box::new(source) },
        }
    }
}

/// Error inside a transaction of the ledger: what a port reports, or what redb said.
#[derive(Debug)]
pub(crate) enum RowError {
    Port(PortError),
    Redb(Box<redb::Error>),
}

impl RowError {
    /// A row that is not what was written.
    pub(crate) fn corrupt(name: impl Into<String>, reason: &str) -> Self {
        Self::Port(PortError::Corrupt { name: name.into(), reason: reason.to_owned() })
    }

    /// A row whose record does not decode.
    pub(crate) fn record(name: impl Into<String>, error: &RecordError) -> Self {
        Self::Port(PortError::corrupt(name, error))
    }

    /// The error that the port reports for the attempt `what`.
    pub(crate) fn into_port(self, what: &'static str) -> PortError {
        match self {
            Self::Port(error) => error,
            Self::Redb(error) => from_redb(what, &Arc::new(*error)),
        }
    }
}

impl From<RowError> for redb::Error {
    /// What is wrong with one row becomes what is wrong with the whole transaction.
    fn from(error: RowError) -> Self {
        match error {
            RowError::Redb(error) => *error,
            RowError::Port(error) => Self::Corrupted(error.to_string()),
        }
    }
}

/// Sorts an error of redb by what the caller must do.
pub(crate) fn from_redb(what: &'static str, error: &Arc<redb::Error>) -> PortError {
    use redb::Error as E;
    match &**error {
        E::Corrupted(_) | E::TableTypeMismatch { .. } | E::TableDoesNotExist(_) => {
            PortError::Corrupt { name: ledger::FILE.to_owned(), reason: error.to_string() }
        }
        E::ValueTooLarge(_) => {
            PortError::Refused { what: what.to_owned(), reason: error.to_string() }
        }
        _ => PortError::unavailable(what, SharedError(Arc::clone(error))),
    }
}

/// One failed commit is the error of every operation in it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct SharedError(Arc<redb::Error>);

impl From<PortError> for RowError {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<redb::StorageError> for RowError {
    fn from(error: redb::StorageError) -> Self {
        Self::Redb(Box::new(error.into()))
    }
}

impl From<redb::TableError> for RowError {
    fn from(error: redb::TableError) -> Self {
        Self::Redb(Box::new(error.into()))
    }
}

impl From<redb::TransactionError> for RowError {
    fn from(error: redb::TransactionError) -> Self {
        Self::Redb(Box::new(error.into()))
    }
}
