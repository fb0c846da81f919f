use alloy_primitives::B256;

use crate::{
    chain::ConfigError,
    codec::record::PackError,
    execute::{BlockError, CallError, Fault, VerifyError},
    port::PortError,
    state::{Need, StateError},
    trie::TrieError,
};

/// Why a flow stopped. The variants of [`PortError`] inside say what the caller must do.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// A store or the L1.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The configuration of a layer to be opened.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Execution failed for a reason that is not the transaction's.
    #[error(transparent)]
    Execute(#[from] Fault),
    /// A block could not be closed.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A call of ours could not be run.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The state cannot be written as a whole.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A block does not execute to what its header says.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A part of the state is not loaded.
    #[error(transparent)]
    State(#[from] StateError),
    /// A trie could not be walked.
    #[error(transparent)]
    Trie(#[from] TrieError),
    /// No layer was opened in these stores.
    #[error("no layer is open here: open one first")]
    NoLayer,
    /// The stores hold another layer.
    #[error("the stores hold layer `{held}`, not `{wanted}`")]
    OtherLayer {
        /// Layer in the stores.
        held: String,
        /// Layer asked for.
        wanted: String,
    },
    /// Loaded state has another root than its block says.
    #[error("state of block {number}: expected root {expected}, got {got}")]
    StateRoot {
        /// Block number.
        number: u64,
        /// Root in the header.
        expected: B256,
        /// Root of what was loaded.
        got: B256,
    },
    /// The sealer on the layer refused a step of the seal.
    #[error("seal: system transaction {sequence} failed")]
    Seal {
        /// Position in the plan of the seal.
        sequence: u64,
    },
    /// The exit tree built from the logs is not the one that the sealer sealed.
    #[error("seal: expected seal hash {expected}, got {got} from the logs")]
    SealHash {
        /// Slot 0 of the sealer.
        expected: B256,
        /// Hash of what the logs say.
        got: B256,
    },
    /// The inputs of one block are more than a batch carries.
    #[error("block {number}: its batch has {got} bytes, and carries {most}")]
    BatchTooLarge {
        /// Block number.
        number: u64,
        /// What a batch carries.
        most: usize,
        /// Bytes of the batch.
        got: usize,
    },
    /// The signer of mints failed.
    #[error(transparent)]
    Sign(#[from] crate::port::SignError),
}

impl FlowError {
    /// Whether another writer took over, so that this one must stop.
    pub const fn is_fenced(&self) -> bool {
        matches!(self, Self::Port(PortError::Fenced { .. }))
    }

    /// What of the state to load before the same can be tried again; nothing when that would not help.
    pub fn needs(&self) -> Vec<Need> {
        match self {
            Self::State(StateError::Missing(need)) => vec![*need],
            Self::Execute(fault)
            | Self::Block(BlockError::Internal(fault))
            | Self::Call(CallError::Internal(fault)) => fault.needs(),
            _ => Vec::new(),
        }
    }

    /// Whether the same call may be repeated as it is.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Port(error) if error.is_retryable())
    }
}
