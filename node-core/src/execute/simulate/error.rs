use super::super::{
    call::CallError,
    error::{BlockError, Fault},
    rejected::Rejected,
};
use crate::state::{Need, StateError};

/// Why blocks could not be simulated. The texts are geth's.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// A block has no higher number than the one before it.
    #[error("block numbers must be in order: {got} <= {before}")]
    Number {
        /// Number asked for.
        got: u64,
        /// Number of the block before it.
        before: u64,
    },
    /// A block is no later than the one before it.
    #[error("block timestamps must be in order: {got} <= {before}")]
    Timestamp {
        /// Unix time asked for, in seconds.
        got: u64,
        /// Unix time of the block before it, in seconds.
        before: u64,
    },
    /// The last block is too far from the first.
    #[error("too many blocks")]
    TooManyBlocks,
    /// The calls of a block want more gas than it has.
    #[error("block gas limit reached: {used} >= {limit}")]
    BlockGasLimit {
        /// Gas used by the calls before, and asked for by this one.
        used: u64,
        /// Gas limit of the block.
        limit: u64,
    },
    /// A call cannot be a transaction.
    #[error("{reason}")]
    Request {
        /// Why not.
        reason: String,
    },
    /// A call was refused.
    #[error("err: {source} (supplied gas {gas})")]
    Refused {
        /// Why.
        source: Rejected,
        /// Its gas limit.
        gas: u64,
    },
    /// An override contradicts another.
    #[error(transparent)]
    Override(CallError),
    /// The block could not be closed.
    #[error(transparent)]
    Block(#[from] BlockError),
}

impl SimulateError {
    /// What to load before trying again; nothing when that would not help.
    pub fn needs(&self) -> Vec<Need> {
        match self {
            Self::Block(BlockError::Internal(fault))
            | Self::Override(CallError::Internal(fault)) => fault.needs(),
            _ => Vec::new(),
        }
    }
}

impl From<Fault> for SimulateError {
    fn from(fault: Fault) -> Self {
        Self::Block(fault.into())
    }
}

impl From<StateError> for SimulateError {
    fn from(error: StateError) -> Self {
        Fault::from(error).into()
    }
}

impl From<CallError> for SimulateError {
    fn from(error: CallError) -> Self {
        Self::Override(error)
    }
}
