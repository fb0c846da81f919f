use alloy_consensus::crypto::RecoveryError;
use alloy_primitives::{Address, B256, Bloom};

use super::super::{
    error::{BlockError, Fault},
    rejected::Rejected,
};

/// A block that was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The block is wrong, and will be wrong for everybody.
    #[error(transparent)]
    Invalid(#[from] Box<InvalidBlock>),
    /// We cannot go on; nothing is said about the block.
    #[error(transparent)]
    Internal(#[from] Fault),
}

/// What is wrong with a block.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBlock {
    /// It does not follow the parent.
    #[error("parent hash: expected {expected}, got {got}")]
    ParentHash {
        /// Hash of the parent.
        expected: B256,
        /// What the header says.
        got: B256,
    },
    /// Its number is not its parent's plus one.
    #[error("number: expected {expected}, got {got}")]
    Number {
        /// Parent's plus one.
        expected: u64,
        /// What the header says.
        got: u64,
    },
    /// It is too old.
    #[error("timestamp: expected at least {least}, got {got}")]
    Timestamp {
        /// The earliest that is allowed.
        least: u64,
        /// What the header says.
        got: u64,
    },
    /// The gas limit jumps (Ethereum), or changed at all (layer).
    #[error("gas limit: expected {least} to {most}, got {got}")]
    GasLimit {
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
        /// What the header says.
        got: u64,
    },
    /// More gas used than there is.
    #[error("gas used: expected at most the gas limit {limit}, got {got}")]
    GasUsedAboveLimit {
        /// Gas limit of the block.
        limit: u64,
        /// What the header says.
        got: u64,
    },
    /// The base fee is not what the parent demands.
    #[error("base fee: expected {expected}, got {got:?}")]
    BaseFee {
        /// By EIP-1559 (Ethereum), the parent's (layer).
        expected: u64,
        /// What the header says.
        got: Option<u64>,
    },
    /// On a layer the fee recipient never changes.
    #[error("fee recipient: expected {expected}, got {got}")]
    Beneficiary {
        /// The parent's.
        expected: Address,
        /// What the header says.
        got: Address,
    },
    /// Too many bytes of the author's choice.
    #[error("extra data: expected at most {most} bytes, got {got}")]
    ExtraData {
        /// The most.
        most: usize,
        /// What the header has.
        got: usize,
    },
    /// A field that proof of stake set to a constant (EIP-3675), or that Osaka does not have, or lacks.
    #[error("{field}: not as in an Osaka header")]
    Shape {
        /// Name of the field.
        field: &'static str,
    },
    /// The layer rests on another L1 block of that number than before, on an earlier one, or on none again.
    #[error("L1 block: expected {parent} as before, or a later one, got {got}")]
    Origin {
        /// Number of the one that the parent rests on; zero for none.
        parent: u64,
        /// Number of this one.
        got: u64,
    },
    /// Excess blob gas is not what the parent demands (EIP-4844, EIP-7918).
    #[error("excess blob gas: expected {expected}, got {got:?}")]
    ExcessBlobGas {
        /// By the EIPs; zero on a layer.
        expected: u64,
        /// What the header says.
        got: Option<u64>,
    },
    /// The block is too long (EIP-7934).
    #[error("block size: expected at most {most} bytes, got {got}")]
    Size {
        /// The most.
        most: usize,
        /// Its length in RLP.
        got: usize,
    },
    /// A signature is not one.
    #[error("transaction {index}: no sender")]
    Signature {
        /// Position in the block.
        index: usize,
        /// What the recovery said.
        source: RecoveryError,
    },
    /// The caller knows more or fewer senders than there are transactions.
    #[error("senders: expected {expected}, got {got}")]
    Senders {
        /// Number of transactions.
        expected: usize,
        /// Number of senders.
        got: usize,
    },
    /// A transaction cannot be in this block.
    #[error("transaction {index}: {source}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// Why not.
        source: Rejected,
    },
    /// A system contract failed, or the deposit contract lies (EIP-7002, EIP-7251, EIP-6110).
    #[error("system contracts")]
    System {
        /// What failed.
        source: BlockError,
    },
    /// A root or hash in the header is another one after execution.
    #[error("{field}: expected {expected}, got {got:?}")]
    Root {
        /// Name of the field.
        field: &'static str,
        /// After execution.
        expected: B256,
        /// What the header says.
        got: Option<B256>,
    },
    /// Gas or blob gas used is another one after execution.
    #[error("{field}: expected {expected}, got {got:?}")]
    Gas {
        /// Name of the field.
        field: &'static str,
        /// After execution.
        expected: u64,
        /// What the header says.
        got: Option<u64>,
    },
    /// The logs are others after execution.
    #[error("logs bloom: expected {expected}, got {got}")]
    LogsBloom {
        /// After execution.
        expected: Box<Bloom>,
        /// What the header says.
        got: Box<Bloom>,
    },
}

impl From<InvalidBlock> for VerifyError {
    fn from(invalid: InvalidBlock) -> Self {
        Self::Invalid(Box::new(invalid))
    }
}

impl From<BlockError> for VerifyError {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Internal(fault) => Self::Internal(fault),
            source => InvalidBlock::System { source }.into(),
        }
    }
}
