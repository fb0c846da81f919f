use crate::{chain::Epoch, codec::RecordError};

/// Source of an [`PortError::Unavailable`]: whatever the adapter's library reports.
pub(super) type Source = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong at a port. The variant says what the caller must do.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another writer took over: stop, and write nothing more.
    #[error("fenced: this writer has {mine}, the log has {newer}")]
    Fenced {
        /// Epoch of the writer that was fenced.
        mine: Epoch,
        /// Epoch that fenced it.
        newer: Epoch,
    },
    /// The stored value is another than the caller expected: read again, then decide.
    #[error("conflict: {what} changed since it was read")]
    Conflict {
        /// Name of the value.
        what: String,
    },
    /// The store did not answer or refused for now: the same call may be repeated.
    #[error("unavailable: {what}")]
    Unavailable {
        /// What was tried.
        what: String,
        /// The library's error.
        #[source]
        source: Source,
    },
    /// What is stored is not what was written: alarm, and do not write over it.
    #[error("corrupt: {name}: {reason}")]
    Corrupt {
        /// Name of the stored value.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing is stored under this name.
    #[error("not found: {name}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The other side refused the request for good: repeating it will not help.
    #[error("refused: {what}: {reason}")]
    Refused {
        /// What was tried.
        what: String,
        /// What the other side said.
        reason: String,
    },
}

impl PortError {
    /// A stored value that does not decode.
    pub fn corrupt(name: impl Into<String>, error: &RecordError) -> Self {
        Self::Corrupt { name: name.into(), reason: error.to_string() }
    }

    /// An object that ends before a range of it does.
    pub fn short(name: impl Into<String>, offset: u64, length: usize, size: u64) -> Self {
        let reason = format!(
            "expected {length} bytes from offset {offset} on, got an object of {size} bytes"
        );
        Self::Corrupt { name: name.into(), reason }
    }

    /// A call that may be repeated.
    pub fn unavailable(what: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::Unavailable { what: what.into(), source: source.into() }
    }

    /// Whether the same call may be repeated as it is.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
