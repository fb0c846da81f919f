//! Blocks and transactions as the wire shows them.

use alloy_consensus::{Transaction as _, transaction::Recovered};
use alloy_network_primitives::BlockTransactions;
use alloy_primitives::{TxHash, U64, U256};
use alloy_rlp::Encodable;
use alloy_rpc_types_eth::{Block, Header, Transaction as RpcTransaction};
use serde::Serialize;

use super::{Node, RpcError};
use crate::{
    chain::{Transaction, decode_transaction},
    codec::record::Pending,
    flow::sequence::Committed,
    port::PortError,
};

/// A transaction: Ethereum's, or a deposit with its mint and source hash.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TransactionView {
    #[serde(flatten)]
    transaction: RpcTransaction<Transaction>,
    /// Deposits sign no nonce; what the sender's was is shown as on the OP Stack.
    #[serde(rename = "nonce", skip_serializing_if = "Option::is_none")]
    deposit_nonce: Option<U64>,
}

/// Returns transaction `index` of `block`.
pub(super) fn transaction(
    node: &Node,
    block: &Committed,
    index: usize,
) -> Result<Option<TransactionView>, RpcError> {
    let record = &block.record;
    let (Some(transaction), Some(sender)) =
        (record.block.transactions.get(index), record.senders.get(index))
    else {
        return Ok(None);
    };
    let transaction = RpcTransaction {
        effective_gas_price: Some(transaction.effective_gas_price(block.header.base_fee_per_gas)),
        inner: Recovered::new_unchecked(transaction.clone(), *sender),
        block_hash: Some(block.header.hash()),
        block_number: Some(block.header.number),
        transaction_index: u64::try_from(index).ok(),
        block_timestamp: Some(block.header.timestamp),
    };
    let deposit_nonce = deposit_nonce(node, block, index)?.map(U64::from);
    Ok(Some(TransactionView { transaction, deposit_nonce }))
}

/// Returns a transaction that waits.
pub(super) fn pending(pending: &Pending) -> Result<TransactionView, RpcError> {
    let transaction = decode_transaction(&pending.raw).map_err(|error| PortError::Corrupt {
        name: format!("inbox entry {}", pending.hash),
        reason: error.to_string(),
    })?;
    let transaction = RpcTransaction {
        effective_gas_price: Some(transaction.max_fee_per_gas()),
        inner: Recovered::new_unchecked(transaction, pending.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        block_timestamp: None,
    };
    Ok(TransactionView { transaction, deposit_nonce: None })
}

/// Returns the nonce that the sender of deposit `index` of `block` had; `None` for other transactions.
pub(super) fn deposit_nonce(
    node: &Node,
    block: &Committed,
    index: usize,
) -> Result<Option<u64>, RpcError> {
    let record = &block.record;
    let Some(deposit) = record.block.transactions.get(index).and_then(Transaction::as_deposit)
    else {
        return Ok(None);
    };
    let parent = block.header.number.checked_sub(1).and_then(|number| node.replica.block(number));
    let before = match parent {
        Some(parent) => super::accounts::info(&parent, deposit.from)?.nonce,
        None => 0,
    };
    let earlier = record.senders.iter().take(index).filter(|sender| **sender == deposit.from);
    let earlier = u64::try_from(earlier.count()).unwrap_or(u64::MAX);
    Ok(Some(before.saturating_add(earlier)))
}

/// Returns a block with the hashes of its transactions.
pub(super) fn block_of_hashes(block: &Committed) -> Block<TxHash> {
    let transactions = &block.record.block.transactions;
    let hashes = transactions.iter().map(|tx| *tx.hash()).collect();
    block_with(block, BlockTransactions::Hashes(hashes))
}

/// Returns a block with its whole transactions.
pub(super) fn full_block(
    node: &Node,
    block: &Committed,
) -> Result<Block<TransactionView>, RpcError> {
    let mut transactions = Vec::with_capacity(block.record.block.transactions.len());
    for index in 0..block.record.block.transactions.len() {
        transactions.extend(transaction(node, block, index)?);
    }
    Ok(block_with(block, BlockTransactions::Full(transactions)))
}

fn block_with<T>(block: &Committed, transactions: BlockTransactions<T>) -> Block<T> {
    let withdrawals = block.header.withdrawals_root.map(|_| Default::default());
    let header = Header::from_sealed(block.header.clone()).with_size(Some(size(block)));
    Block::new(header, transactions).with_withdrawals(withdrawals)
}

/// Bytes of Ethereum's encoding, which has two more lists than ours: ommers and withdrawals, both empty.
fn size(block: &Committed) -> U256 {
    let record = &block.record.block;
    let payload_length = record.header.length() + record.transactions.length() + 2;
    U256::from(alloy_rlp::Header { list: true, payload_length }.length_with_payload())
}
