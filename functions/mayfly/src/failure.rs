use std::path::PathBuf;

use mayfly_l1::AttestedError;
use node_core::flow::FlowError;

/// What went wrong, for the person at the terminal: what happened, and what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No layer answers for this directory.
    #[error(
        "no layer runs in {dir}: start it with `mayfly up --dir {dir}`",
        dir = dir.display()
    )]
    NotRunning {
        /// The directory.
        dir: PathBuf,
    },
    /// A file of the layer's directory.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An option has a value that cannot be used.
    #[error("{option}: {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// What was expected, and what was given.
        reason: String,
    },
    /// The port is taken.
    #[error("port {port} is taken: choose another with {option} (0 takes any free one)")]
    Port {
        /// The option that chooses it.
        option: &'static str,
        /// The port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// A layer that runs, or an L1, answered with an error or not at all.
    #[error("{what}: {reason}")]
    Remote {
        /// Who was asked for what.
        what: String,
        /// What came back.
        reason: String,
    },
    /// The layer in the directory has ended.
    #[error(
        "the layer in {dir} has ended, its bundle is {bundle}: choose another directory",
        dir = dir.display(),
        bundle = bundle.display()
    )]
    Ended {
        /// The directory.
        dir: PathBuf,
        /// The bundle for auditors.
        bundle: PathBuf,
    },
    /// The stores in the layer's directory.
    #[error(transparent)]
    Disk(#[from] mayfly_disk::DiskError),
    /// The configuration of an event.
    #[error("{path}:\n{error}", path = path.display())]
    Event {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it.
        error: mayfly_webhook::ConfigError,
    },
    /// The layer itself.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// A chain that was exported.
    #[error(transparent)]
    Archive(#[from] node_core::flow::archive::ArchiveError),
    /// The batches of a layer.
    #[error(transparent)]
    Rebuild(#[from] node_core::flow::rebuild::RebuildError),
    /// The L1.
    #[error(transparent)]
    L1(#[from] node_core::port::PortError),
    /// What was promised does not hold.
    #[error("{what}: expected {expected}, got {got}")]
    Mismatch {
        /// What was compared.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
}

impl Failure {
    /// Makes a [`Failure::Remote`].
    pub(crate) fn remote(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Remote { what: what.into(), reason: reason.to_string() }
    }

    /// Makes a [`Failure::Option`] of what is wrong with attestors.
    pub(crate) fn attested(error: &AttestedError) -> Self {
        let option = match error {
            AttestedError::Attestors(_) => "--attestor",
            AttestedError::Quorum { .. } => "--quorum",
        };
        Self::Option { option, reason: error.to_string() }
    }

    /// Makes a [`Failure::File`].
    pub(crate) fn file(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }

    /// A short name for machines.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::NotRunning { .. } => "not-running",
            Self::File { .. } => "file",
            Self::Option { .. } => "option",
            Self::Port { .. } => "port",
            Self::Ended { .. } => "ended",
            Self::Remote { .. } => "remote",
            Self::Disk(_) => "disk",
            Self::Event { .. } => "event",
            Self::Flow(_) => "flow",
            Self::Archive(_) => "archive",
            Self::Rebuild(_) => "rebuild",
            Self::L1(_) => "l1",
            Self::Mismatch { .. } => "mismatch",
        }
    }
}
