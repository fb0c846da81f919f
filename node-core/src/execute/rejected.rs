use alloy_primitives::{Address, U256};
use revm::context::{TxEnv, result::InvalidTransaction};

use super::{env::NextBlock, rules::TRANSACTION_GAS_CAP};

/// Why a transaction cannot be in the block; nothing of it was executed.
///
/// The texts are geth's, because wallets and tools look for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Only the layer itself makes deposits.
    #[error("transaction type not supported: deposits come from the L1 only")]
    Deposit,
    /// The calls by which a layer seals itself bring no ETH with them.
    #[error("system transaction mints {mint} wei")]
    SystemMint {
        /// What it would mint.
        mint: u128,
    },
    /// A layer has no blobs.
    #[error("transaction type not supported: no blobs on a layer")]
    BlobTransaction,
    /// The signature names another chain.
    #[error("invalid chain id for signer: have {got} want {expected}")]
    ChainId {
        /// What was signed.
        got: u64,
        /// This chain.
        expected: u64,
    },
    /// The signature names no chain, so it could be replayed on any.
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    /// The sender was here already.
    #[error("nonce too low: next nonce {state}, tx nonce {tx}")]
    NonceTooLow {
        /// Nonce of the transaction.
        tx: u64,
        /// Nonce of the sender's account.
        state: u64,
    },
    /// Transactions before this one are missing.
    #[error("nonce too high: next nonce {state}, tx nonce {tx}")]
    NonceTooHigh {
        /// Nonce of the transaction.
        tx: u64,
        /// Nonce of the sender's account.
        state: u64,
    },
    /// There is no nonce after this one (EIP-2681).
    #[error("nonce has max value")]
    NonceMax,
    /// The sender cannot pay for all gas and the value.
    #[error("insufficient funds for gas * price + value: have {have} want {want}")]
    InsufficientFunds {
        /// Balance in wei.
        have: U256,
        /// Wei needed.
        want: U256,
    },
    /// Gas times price does not fit any balance.
    #[error("insufficient funds for gas * price + value: cost overflows")]
    CostOverflow,
    /// Less gas than the transaction costs before the first instruction.
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGas {
        /// Gas limit.
        have: u64,
        /// The least.
        want: u64,
    },
    /// Less gas than its data costs at least (EIP-7623).
    #[error("insufficient gas for floor data gas cost: have {have}, want {want}")]
    FloorGas {
        /// Gas limit.
        have: u64,
        /// The least.
        want: u64,
    },
    /// More gas than any transaction may have (EIP-7825).
    #[error("transaction gas limit too high (cap: {cap}, tx: {got})")]
    TransactionGasCap {
        /// Gas limit.
        got: u64,
        /// The most.
        cap: u64,
    },
    /// More gas than a whole block has: it will never fit.
    #[error("exceeds block gas limit: have {got}, limit {limit}")]
    BlockGasLimit {
        /// Gas limit.
        got: u64,
        /// Gas limit of the block.
        limit: u64,
    },
    /// More gas than is left in this block: it may fit into the next.
    #[error("gas limit reached: have {left}, want {need}")]
    NoRoom {
        /// Gas limit.
        need: u64,
        /// Gas left in the block.
        left: u64,
    },
    /// More blob gas than is left in this block (EIP-4844).
    #[error("blob gas limit reached: have {left}, want {need}")]
    NoBlobRoom {
        /// Blob gas of the transaction.
        need: u64,
        /// Blob gas left in the block.
        left: u64,
    },
    /// Pays less than the base fee.
    #[error(
        "max fee per gas less than block base fee: maxFeePerGas: {max_fee}, baseFee: {base_fee}"
    )]
    FeeTooLow {
        /// The most the sender pays, wei per gas.
        max_fee: u128,
        /// Base fee, wei per gas.
        base_fee: u64,
    },
    /// The tip is more than the whole fee (EIP-1559).
    #[error(
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {max_fee}"
    )]
    TipAboveFee {
        /// Tip, wei per gas.
        tip: u128,
        /// The most the sender pays, wei per gas.
        max_fee: u128,
    },
    /// Accounts with code cannot send; those that delegate can (EIP-3607, EIP-7702).
    #[error("sender not an eoa: address {sender}")]
    SenderHasCode {
        /// The sender.
        sender: Address,
    },
    /// Init code is too long (EIP-3860).
    #[error("max initcode size exceeded: code size {got} limit {limit}")]
    InitCodeSize {
        /// Bytes given.
        got: usize,
        /// The most.
        limit: usize,
    },
    /// A set-code transaction sets no code (EIP-7702).
    #[error("EIP-7702 transaction with empty auth list")]
    NoAuthorization,
    /// Blob hashes or blob fee are not as EIP-4844 wants.
    #[error("blob transaction: {source}")]
    Blob {
        /// What is wrong.
        source: BlobFault,
    },
}

/// What is wrong with the blobs of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobFault {
    /// There are none.
    #[error("no blobs")]
    None,
    /// There are too many (EIP-7594).
    #[error("too many blobs: have {got}, permitted {limit}")]
    TooMany {
        /// Blobs given.
        got: usize,
        /// The most.
        limit: usize,
    },
    /// A versioned hash is not of version 1.
    #[error("hash version not supported")]
    Version,
    /// Pays less than the blob base fee.
    #[error(
        "max fee per blob gas less than block blob gas fee: maxFeePerBlobGas: {max_fee}, blobBaseFee: {base_fee}"
    )]
    FeeTooLow {
        /// The most the sender pays, wei per blob gas.
        max_fee: u128,
        /// Blob base fee, wei per blob gas.
        base_fee: u128,
    },
}

/// Largest init code. EIP-3860: twice the largest code of EIP-170.
pub(super) const INIT_CODE_LIMIT: usize = 2 * 0x6000;

impl Rejected {
    /// Says in our words why revm refused `tx`.
    ///
    /// `Err` is a reason that Osaka cannot have.
    pub(super) fn of(
        reason: InvalidTransaction,
        tx: &TxEnv,
        env: &NextBlock,
        chain_id: u64,
    ) -> Result<Self, InvalidTransaction> {
        use InvalidTransaction as No;
        Ok(match reason {
            No::PriorityFeeGreaterThanMaxFee => Self::TipAboveFee {
                tip: tx.gas_priority_fee.unwrap_or_default(),
                max_fee: tx.gas_price,
            },
            No::GasPriceLessThanBasefee => {
                Self::FeeTooLow { max_fee: tx.gas_price, base_fee: env.base_fee }
            }
            No::CallerGasLimitMoreThanBlock => {
                Self::BlockGasLimit { got: tx.gas_limit, limit: env.gas_limit }
            }
            No::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
                Self::IntrinsicGas { have: gas_limit, want: initial_gas }
            }
            No::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
                Self::FloorGas { have: gas_limit, want: gas_floor }
            }
            No::TxGasLimitGreaterThanCap { gas_limit, .. } => {
                Self::TransactionGasCap { got: gas_limit, cap: TRANSACTION_GAS_CAP }
            }
            No::RejectCallerWithCode => Self::SenderHasCode { sender: tx.caller },
            No::LackOfFundForMaxFee { fee, balance } => {
                Self::InsufficientFunds { have: *balance, want: *fee }
            }
            No::OverflowPaymentInTransaction => Self::CostOverflow,
            No::NonceOverflowInTransaction => Self::NonceMax,
            No::NonceTooHigh { tx, state } => Self::NonceTooHigh { tx, state },
            No::NonceTooLow { tx, state } => Self::NonceTooLow { tx, state },
            No::CreateInitCodeSizeLimit => {
                Self::InitCodeSize { got: tx.data.len(), limit: INIT_CODE_LIMIT }
            }
            No::InvalidChainId => {
                Self::ChainId { got: tx.chain_id.unwrap_or_default(), expected: chain_id }
            }
            No::EmptyAuthorizationList => Self::NoAuthorization,
            No::EmptyBlobs => BlobFault::None.into(),
            No::BlobVersionNotSupported => BlobFault::Version.into(),
            No::TooManyBlobs { max, have } => BlobFault::TooMany { got: have, limit: max }.into(),
            No::BlobGasPriceGreaterThanMax { block_blob_gas_price, tx_max_fee_per_blob_gas } => {
                BlobFault::FeeTooLow {
                    max_fee: tx_max_fee_per_blob_gas,
                    base_fee: block_blob_gas_price,
                }
                .into()
            }
            other => return Err(other),
        })
    }
}

impl From<BlobFault> for Rejected {
    fn from(source: BlobFault) -> Self {
        Self::Blob { source }
    }
}
