use alloy_consensus::{EthereumReceipt, TxReceipt};
use alloy_primitives::B256;

use super::{Transaction, TransactionType};

/// Receipt of one transaction, encoded as EIP-2718 says; deposits encode with type `0x7E`.
pub type Receipt = EthereumReceipt<TransactionType>;

/// Returns the root of the receipts trie (Yellow Paper 4.4.1; EIP-2718).
pub fn receipts_root(receipts: &[Receipt]) -> B256 {
    let with_bloom: Vec<_> = receipts.iter().map(TxReceipt::with_bloom_ref).collect();
    alloy_consensus::proofs::calculate_receipt_root(&with_bloom)
}

/// Returns the root of the transactions trie (Yellow Paper 4.4.1; EIP-2718).
pub fn transactions_root(transactions: &[Transaction]) -> B256 {
    alloy_consensus::proofs::calculate_transaction_root(transactions)
}
