//! Receipts as the wire shows them.

use alloy_consensus::{
    Eip658Value, EthereumReceipt, ReceiptEnvelope, ReceiptWithBloom, Transaction as _, TxReceipt,
    transaction::TransactionMeta,
};
use alloy_primitives::{Address, B256, U64};
use alloy_rpc_types_eth::{Log, TransactionReceipt};
use serde::Serialize;

use super::{Node, RpcError, view::deposit_nonce};
use crate::{
    chain::{Receipt, Transaction, TransactionType},
    flow::sequence::Committed,
};

pub(super) type Envelope = ReceiptWithBloom<EthereumReceipt<TransactionType, Log>>;

/// A receipt; that of a deposit says which nonce the sender had.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum ReceiptView {
    Status {
        #[serde(flatten)]
        receipt: Box<TransactionReceipt<Envelope>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        deposit_nonce: Option<U64>,
    },
    /// Before Byzantium.
    Root(Box<TransactionReceipt<ReceiptEnvelope<Log>>>),
}

/// What the receipts before one sum up to.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    gas_used: u64,
    logs: usize,
}

impl Before {
    const fn after(self, receipt: &Receipt) -> Self {
        Self { gas_used: receipt.cumulative_gas_used, logs: self.logs + receipt.logs.len() }
    }
}

/// Returns the receipts of all transactions of `block`.
pub(super) async fn all(node: &Node, block: &Committed) -> Result<Vec<ReceiptView>, RpcError> {
    let receipts = &block.record.receipts;
    let mut before = Before::default();
    let mut views = Vec::with_capacity(receipts.len());
    for (index, receipt) in receipts.iter().enumerate() {
        views.extend(view(node, block, index, before).await?);
        before = before.after(receipt);
    }
    Ok(views)
}

/// Returns the receipt of transaction `index` of `block`.
pub(super) async fn one(
    node: &Node,
    block: &Committed,
    index: usize,
) -> Result<Option<ReceiptView>, RpcError> {
    let earlier = block.record.receipts.iter().take(index);
    view(node, block, index, earlier.fold(Before::default(), Before::after)).await
}

async fn view(
    node: &Node,
    block: &Committed,
    index: usize,
    before: Before,
) -> Result<Option<ReceiptView>, RpcError> {
    let Some(view) = plain_view(node, block, index, before) else { return Ok(None) };
    let annex = node.annex(block.header.number);
    if let Some(root) = annex.and_then(|annex| annex.post_states.get(index)) {
        return Ok(Some(ReceiptView::Root(with_root(view, *root).into())));
    }
    let deposit_nonce = deposit_nonce(node, block, index).await?.map(U64::from);
    Ok(Some(ReceiptView::Status { receipt: view.into(), deposit_nonce }))
}

/// Returns the receipt of transaction `index` of `block` as if all were Ethereum's after Byzantium.
pub(super) fn plain(
    node: &Node,
    block: &Committed,
    index: usize,
) -> Option<TransactionReceipt<Envelope>> {
    let earlier = block.record.receipts.iter().take(index);
    plain_view(node, block, index, earlier.fold(Before::default(), Before::after))
}

fn plain_view(
    node: &Node,
    block: &Committed,
    index: usize,
    before: Before,
) -> Option<TransactionReceipt<Envelope>> {
    let record = &block.record;
    let (Some(receipt), Some(tx), Some(from)) = (
        record.receipts.get(index),
        record.block.transactions.get(index),
        record.senders.get(index).copied(),
    ) else {
        return None;
    };
    let meta = meta(block, tx, index);
    let blob_gas_used = tx.blob_gas_used();
    Some(TransactionReceipt {
        transaction_hash: meta.tx_hash,
        transaction_index: Some(meta.index),
        block_hash: Some(meta.block_hash),
        block_number: Some(meta.block_number),
        gas_used: receipt.cumulative_gas_used - before.gas_used,
        effective_gas_price: tx.effective_gas_price(meta.base_fee),
        blob_gas_used,
        blob_gas_price: blob_gas_used.and(block.header.blob_fee(node.era(block).blobs)),
        from,
        to: tx.to(),
        contract_address: created(tx, from),
        inner: envelope(receipt, meta, before.logs),
    })
}

fn meta(block: &Committed, tx: &Transaction, index: usize) -> TransactionMeta {
    TransactionMeta {
        tx_hash: *tx.hash(),
        index: u64::try_from(index).unwrap_or(u64::MAX),
        block_hash: block.header.hash(),
        block_number: block.header.number,
        base_fee: block.header.base_fee_per_gas,
        excess_blob_gas: block.header.excess_blob_gas,
        timestamp: block.header.timestamp,
    }
}

fn envelope(receipt: &Receipt, meta: TransactionMeta, earlier_logs: usize) -> Envelope {
    let logs = Log::collect_for_receipt(earlier_logs, meta, receipt.logs.iter().cloned());
    let inner = EthereumReceipt {
        tx_type: receipt.tx_type,
        success: receipt.success,
        cumulative_gas_used: receipt.cumulative_gas_used,
        logs,
    };
    ReceiptWithBloom { receipt: inner, logs_bloom: receipt.bloom() }
}

/// A receipt as it was before Byzantium.
fn with_root(
    view: TransactionReceipt<Envelope>,
    root: B256,
) -> TransactionReceipt<ReceiptEnvelope<Log>> {
    view.map_inner(|ReceiptWithBloom { receipt, logs_bloom }| {
        let receipt = alloy_consensus::Receipt {
            status: Eip658Value::PostState(root),
            cumulative_gas_used: receipt.cumulative_gas_used,
            logs: receipt.logs,
        };
        ReceiptEnvelope::Legacy(ReceiptWithBloom { receipt, logs_bloom })
    })
}

/// The address of a creation follows from sender and nonce, whether it succeeded or not.
fn created(tx: &Transaction, from: Address) -> Option<Address> {
    tx.kind().is_create().then(|| from.create(tx.nonce()))
}
