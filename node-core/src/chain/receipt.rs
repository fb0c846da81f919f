use alloy_consensus::EthereumReceipt;

use super::TransactionType;

/// Receipt of one transaction, encoded as EIP-2718 says; deposits encode with type `0x7E`.
pub type Receipt = EthereumReceipt<TransactionType>;
