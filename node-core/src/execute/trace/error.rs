use super::super::{call::CallError, error::Fault, rejected::Rejected};
use crate::state::{Need, StateError};

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// There is no such tracer, or its configuration is wrong.
    #[error("tracer: {reason}")]
    Tracer {
        /// What is wrong.
        reason: String,
    },
    /// The transaction cannot be in this block: a bug of ours, or a block that never was.
    #[error("transaction {index} of the block: {source}")]
    Refused {
        /// Its position.
        index: usize,
        /// Why not.
        source: Rejected,
    },
    /// More would be recorded than an answer may hold.
    #[error(
        "the trace is larger than {limit} bytes: ask for one transaction, for fewer steps (limit, disableStack), or for a \
         tracer that looks at calls only (callTracer)"
    )]
    TooLarge {
        /// The most, in memory.
        limit: u64,
    },
    /// The call was not run.
    #[error(transparent)]
    Call(#[from] CallError),
    /// We cannot go on.
    #[error(transparent)]
    Internal(#[from] Fault),
}

impl TraceError {
    /// What to load before trying again; nothing when that would not help.
    pub fn needs(&self) -> Vec<Need> {
        match self {
            Self::Internal(fault) | Self::Call(CallError::Internal(fault)) => fault.needs(),
            _ => Vec::new(),
        }
    }
}

impl From<StateError> for TraceError {
    fn from(error: StateError) -> Self {
        Self::Internal(error.into())
    }
}
