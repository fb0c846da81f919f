use alloy_eips::eip2718::Eip2718Error;
use alloy_primitives::{Address, B256, FixedBytes};

use crate::{codec::RecordError, execute::VerifyError, state::StateError};

/// Why a layer cannot be rebuilt from its batches. Whoever reads the same batches finds the same.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The bytes of a batch are not a payload.
    #[error("batch {batch}: {source}")]
    Payload {
        /// Position of the batch, from 0.
        batch: u64,
        /// What is wrong with them.
        source: RecordError,
    },
    /// A batch does not go on where the one before it ends.
    #[error("batch {batch}: expected block {expected} to be its first, got {got}")]
    Gap {
        /// Position of the batch.
        batch: u64,
        /// Number of the next block.
        expected: u64,
        /// Number of the first block in the batch.
        got: u64,
    },
    /// The first batch has no block 0.
    #[error("batch 0: expected block 0 in it")]
    NoGenesis,
    /// A code of block 0 is neither in the first batch nor known.
    #[error("batch 0: the code of {address} with hash {hash} is not in it, and not known here")]
    Code {
        /// The account that has it.
        address: Address,
        /// keccak256 of the code.
        hash: B256,
    },
    /// The accounts of block 0 make no state.
    #[error("batch 0: block 0: {0}")]
    Genesis(StateError),
    /// A block is another one than the batch says.
    #[error("batch {batch}, block {block}: {what}")]
    Block {
        /// Position of the batch.
        batch: u64,
        /// Number of the block.
        block: u64,
        /// What differs.
        what: Difference,
    },
}

/// What is wrong with a block in a batch.
#[derive(Debug, thiserror::Error)]
pub enum Difference {
    /// Its time is out of bounds.
    #[error("time: {after_s} seconds after the block before")]
    Time {
        /// Seconds after the block before.
        after_s: u64,
    },
    /// It rests on an L1 block that is not after that of the block before.
    #[error("L1 block: expected one after {before}, got {got}")]
    L1 {
        /// Number of the one before; zero for none.
        before: u64,
        /// Number of this one.
        got: u64,
    },
    /// It takes a deposit that the L1 does not have.
    #[error("the L1 has no deposit {index}")]
    Deposit {
        /// Index of the deposit.
        index: u64,
    },
    /// Bytes that are no transaction.
    #[error("transaction {index}: {source}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// What the decoder said.
        source: Eip2718Error,
    },
    /// A transaction without signature that is neither a deposit nor the system's next.
    #[error("transaction {index}: neither signed nor the system's next call of the sealer")]
    NotSystem {
        /// Position in the block.
        index: usize,
    },
    /// It cannot be executed.
    #[error(transparent)]
    Execution(VerifyError),
    /// Executed, it is another block.
    #[error("block hash: expected it to start with {expected}, got {got}")]
    Check {
        /// What the batch says.
        expected: FixedBytes<4>,
        /// What came out.
        got: FixedBytes<4>,
    },
    /// The contract was told another hash.
    #[error("{field}: expected {expected}, got {got}")]
    Root {
        /// Name of the field.
        field: &'static str,
        /// What came out of the execution, or for block 0 of the batch.
        expected: B256,
        /// What the L1 says.
        got: B256,
    },
    /// The contract was told another number.
    #[error("{field}: expected {expected}, got {got}")]
    Number {
        /// Name of the field.
        field: &'static str,
        /// What the L1 says.
        expected: u64,
        /// What came out.
        got: u64,
    },
}
