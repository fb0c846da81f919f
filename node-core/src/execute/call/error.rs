use alloy_primitives::{Address, Bytes};

use super::{
    super::{error::Fault, rejected::Rejected},
    outcome::Halt,
};

/// A call that was not run.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The request cannot be a transaction.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// An override moves a precompile from where none is.
    #[error("account {address} is not a precompile")]
    NotPrecompile {
        /// From where.
        address: Address,
    },
    /// An override moves a precompile to an account that is overridden itself.
    #[error("account {address} is already overridden")]
    AlreadyOverridden {
        /// To where.
        address: Address,
    },
    /// An override gives both, all of the storage and a part of it.
    #[error("account {address} has both 'state' and 'stateDiff'")]
    StateAndDiff {
        /// Whose storage.
        address: Address,
    },
    /// We cannot go on; nothing is said about the request.
    #[error(transparent)]
    Internal(#[from] Fault),
}

/// A call whose gas cannot be estimated, because no gas is enough.
#[derive(Debug, thiserror::Error)]
pub enum EstimateError {
    /// It was not run.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It reverts, with any gas.
    #[error("execution reverted")]
    Reverted {
        /// What it reverts with.
        output: Bytes,
    },
    /// It halts, with any gas.
    #[error("{reason}")]
    Halted {
        /// Why.
        reason: Halt,
    },
    /// It runs out of the most gas that it may have.
    #[error("gas required exceeds allowance ({allowance})")]
    Allowance {
        /// The most gas: by the request, the block, the cap or the funds.
        allowance: u64,
    },
}

impl From<Fault> for EstimateError {
    fn from(fault: Fault) -> Self {
        Self::Call(fault.into())
    }
}
