use alloy_primitives::B256;

use crate::{
    chain::ConfigError,
    execute::{Fault, VerifyError},
    state::TrieError,
};

/// Why an attestor does not sign. All but [`Self::Witness`], which another source of witnesses may mend, are
/// about the layer.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The configuration is not one of a layer.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Block 0 is another one than the L1 says.
    #[error("block 0: expected hash {expected}, got {got}")]
    Genesis {
        /// What the L1 says.
        expected: B256,
        /// Of the configuration.
        got: B256,
    },
    /// The witness does not hold what its block reads.
    #[error("witness of block {block}: {source}")]
    Witness {
        /// Number of the block.
        block: u64,
        /// What is missing.
        source: Fault,
    },
    /// A node in the witness is not a node.
    #[error("witness of block {block}: {source}")]
    Node {
        /// Number of the block.
        block: u64,
        /// What is wrong with it.
        source: TrieError,
    },
    /// The block is wrong.
    #[error("block {block}: {source}")]
    Block {
        /// Number of the block.
        block: u64,
        /// What is wrong with it.
        source: VerifyError,
    },
    /// A deposit is not the one that the L1 has, or the L1 does not have it as settled as it must be.
    #[error("block {block}: deposit {index} is not on the L1 as the block has it")]
    Deposit {
        /// Number of the block.
        block: u64,
        /// Index of the deposit.
        index: u64,
    },
    /// The L1 block that a block rests on is not one that it may rest on.
    #[error("block {block}: L1 block {number}: {reason}")]
    Origin {
        /// Number of the block.
        block: u64,
        /// Number of the L1 block.
        number: u64,
        /// Why not.
        reason: &'static str,
    },
    /// A transaction that nobody signed is neither a deposit nor the system's next.
    #[error("block {block}: transaction {index} is neither signed nor the system's next call")]
    NotSystem {
        /// Number of the block.
        block: u64,
        /// Position in the block.
        index: usize,
    },
    /// The settlement says something else than the blocks lead to.
    #[error("settlement: {field}: expected {expected}, got {got}")]
    Settlement {
        /// Name of the field.
        field: &'static str,
        /// What the blocks lead to.
        expected: B256,
        /// What the settlement says.
        got: B256,
    },
    /// The settlement's proof does not prove.
    #[error("settlement: {0}")]
    Proof(#[from] crate::state::ProofError),
}
