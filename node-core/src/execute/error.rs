use alloy_primitives::{Address, B256, U256};
use revm::context::result::EVMError;
use revm::database_interface::DBErrorMarker;

use crate::state::{Need, StateError};

/// We cannot go on; nothing is said about the input.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// State that is needed is not loaded, or is corrupt.
    #[error("state cannot be read")]
    State(#[from] StateError),
    /// Code that is needed is not loaded.
    #[error("code {hash} is not loaded")]
    CodeNotLoaded {
        /// Keccak-256 of the code.
        hash: B256,
    },
    /// Parts of the state that were read are not loaded; nothing of what was run counts.
    #[error("{} parts of the state are not loaded", needs.len())]
    NotLoaded {
        /// What to load before running it again. There may be more after that.
        needs: Vec<Need>,
    },
    /// A call took too long. The text is geth's.
    #[error("execution aborted (timeout = {})", go_duration(*timeout_ms))]
    TimedOut {
        /// How long it might take.
        timeout_ms: u64,
    },
    /// A transaction made ETH: a bug of ours.
    #[error("balances grew from {before} to {after} wei in a transaction")]
    SupplyGrew {
        /// Sum of the touched balances before.
        before: U256,
        /// The same sum afterwards.
        after: U256,
    },
    /// revm gave up for a reason that no input can cause.
    #[error("revm: {message}")]
    Evm {
        /// What revm said.
        message: String,
    },
}

impl Fault {
    /// What to load before trying again; nothing when that would not help.
    pub fn needs(&self) -> Vec<Need> {
        match self {
            Self::State(StateError::Missing(need)) => vec![*need],
            Self::CodeNotLoaded { hash } => vec![Need::code(hash)],
            Self::NotLoaded { needs } => needs.clone(),
            _ => Vec::new(),
        }
    }
}

/// As Go prints a duration of whole seconds, or of less than one.
fn go_duration(ms: u64) -> String {
    match ms % 1_000 {
        0 => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

/// A block that cannot be finished.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// We cannot go on; nothing is said about the block.
    #[error(transparent)]
    Internal(#[from] Fault),
    /// A contract that every block must call is missing (EIP-7002, EIP-7251).
    #[error("system contract {address}: no code")]
    SystemContractMissing {
        /// Where it should be.
        address: Address,
    },
    /// A contract that every block must call failed (EIP-7002, EIP-7251).
    #[error("system contract {address}: the call failed")]
    SystemCallFailed {
        /// Where it is.
        address: Address,
    },
    /// The deposit contract emitted an event that is not laid out as EIP-6110 says.
    #[error("deposit event: not laid out as EIP-6110 says")]
    DepositEvent,
}

/// How revm sees state that is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// An account or a slot.
    #[error(transparent)]
    State(#[from] StateError),
    /// A code.
    #[error("code {hash} is not loaded")]
    Code {
        /// Keccak-256 of the code.
        hash: B256,
    },
    /// Nothing is missing, but the time is over.
    #[error("timed out")]
    TimedOut {
        /// How long it might take.
        timeout_ms: u64,
    },
}

impl DBErrorMarker for Unreadable {}

/// What a run that was not finished returns.
pub(super) type RunError = EVMError<Unreadable>;

impl From<Unreadable> for Fault {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::State(source) => Self::State(source),
            Unreadable::Code { hash } => Self::CodeNotLoaded { hash },
            Unreadable::TimedOut { timeout_ms } => Self::TimedOut { timeout_ms },
        }
    }
}
