//! Blocks and transactions as the wire shows them.

use alloy_consensus::{Transaction as _, transaction::Recovered};
use alloy_network_primitives::BlockTransactions;
use alloy_primitives::{BlockHash, TxHash, U64, U256};
use alloy_rlp::Encodable;
use alloy_rpc_types_eth::{Block, Header, Transaction as RpcTransaction};
use serde::Serialize;

use super::{Node, RpcError};
use crate::{
    chain::{Annex, SealedHeader, Transaction, decode_transaction},
    codec::record::Pending,
    flow::sequence::Committed,
    port::PortError,
};

/// A transaction with its block, if it has one.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum TransactionView {
    Ethereum(RpcTransaction<Transaction>),
    Deposit(DepositView),
}

/// A deposit as on the OP Stack. Alloy's view would name the sender twice, since a deposit names it itself.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DepositView {
    #[serde(flatten)]
    transaction: Transaction,
    block_hash: Option<BlockHash>,
    #[serde(with = "alloy_serde::quantity::opt")]
    block_number: Option<u64>,
    #[serde(with = "alloy_serde::quantity::opt")]
    transaction_index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", with = "alloy_serde::quantity::opt")]
    block_timestamp: Option<u64>,
    gas_price: U64,
    /// A deposit signs no nonce; what the sender's was.
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<U64>,
}

impl TransactionView {
    /// Shows a transaction; a deposit with the nonce that its sender had.
    pub(super) fn new(view: RpcTransaction<Transaction>, deposit_nonce: Option<u64>) -> Self {
        if view.inner.as_deposit().is_none() {
            return Self::Ethereum(view);
        }
        Self::Deposit(DepositView {
            block_hash: view.block_hash,
            block_number: view.block_number,
            transaction_index: view.transaction_index,
            block_timestamp: view.block_timestamp,
            gas_price: U64::ZERO,
            nonce: deposit_nonce.map(U64::from),
            transaction: view.into_inner(),
        })
    }
}

/// Returns transaction `index` of `block`.
pub(super) async fn transaction(
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
    let view = RpcTransaction {
        effective_gas_price: Some(transaction.effective_gas_price(block.header.base_fee_per_gas)),
        inner: Recovered::new_unchecked(transaction.clone(), *sender),
        block_hash: Some(block.header.hash()),
        block_number: Some(block.header.number),
        transaction_index: u64::try_from(index).ok(),
        block_timestamp: Some(block.header.timestamp),
    };
    Ok(Some(TransactionView::new(view, deposit_nonce(node, block, index).await?)))
}

/// Decodes a transaction that waits.
pub(super) fn decoded(pending: &Pending) -> Result<Transaction, RpcError> {
    let decoded = decode_transaction(&pending.raw).map_err(|error| PortError::Corrupt {
        name: format!("inbox entry {}", pending.hash),
        reason: error.to_string(),
    });
    Ok(decoded?)
}

/// Returns a transaction that waits.
pub(super) fn pending(pending: &Pending) -> Result<TransactionView, RpcError> {
    let transaction = decoded(pending)?;
    let view = RpcTransaction {
        effective_gas_price: Some(transaction.max_fee_per_gas()),
        inner: Recovered::new_unchecked(transaction, pending.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        block_timestamp: None,
    };
    Ok(TransactionView::new(view, None))
}

/// Returns the nonce that the sender of deposit `index` of `block` had; `None` for other transactions.
pub(super) async fn deposit_nonce(
    node: &Node,
    block: &Committed,
    index: usize,
) -> Result<Option<u64>, RpcError> {
    let record = &block.record;
    let Some(deposit) = record.block.transactions.get(index).and_then(Transaction::as_deposit)
    else {
        return Ok(None);
    };
    let before = match block.header.number.checked_sub(1) {
        Some(parent) => super::accounts::info(node, parent.into(), deposit.from).await?.nonce,
        None => 0,
    };
    let earlier = record.senders.iter().take(index).filter(|sender| **sender == deposit.from);
    let earlier = u64::try_from(earlier.count()).unwrap_or(u64::MAX);
    Ok(Some(before.saturating_add(earlier)))
}

/// Returns a block with the hashes of its transactions.
pub(super) fn block_of_hashes(node: &Node, block: &Committed) -> Block<TxHash> {
    let transactions = &block.record.block.transactions;
    let hashes = transactions.iter().map(|tx| *tx.hash()).collect();
    block_with(node, block, BlockTransactions::Hashes(hashes))
}

/// Returns a block with its whole transactions.
pub(super) async fn full_block(
    node: &Node,
    block: &Committed,
) -> Result<Block<TransactionView>, RpcError> {
    let mut transactions = Vec::with_capacity(block.record.block.transactions.len());
    for index in 0..block.record.block.transactions.len() {
        transactions.extend(transaction(node, block, index).await?);
    }
    Ok(block_with(node, block, BlockTransactions::Full(transactions)))
}

fn block_with<T>(node: &Node, block: &Committed, transactions: BlockTransactions<T>) -> Block<T> {
    let annex = node.annex(block.header.number);
    made_block(block.header.clone(), &block.record.block, annex, transactions)
}

/// Returns a block as the wire shows it.
pub(super) fn made_block<T>(
    header: SealedHeader,
    block: &crate::chain::Block,
    annex: Option<&Annex>,
    transactions: BlockTransactions<T>,
) -> Block<T> {
    let whole = Annex::join(block, annex);
    let size = U256::from(whole.length());
    let uncles = whole.body.ommers.iter().map(alloy_consensus::Header::hash_slow).collect();
    let header = Header::from_sealed(header).with_size(Some(size));
    Block::new(header, transactions).with_uncles(uncles).with_withdrawals(whole.body.withdrawals)
}
