//! Blocks and transactions as they are encoded: `debug_getRaw*`.

use alloy_consensus::TxReceipt as _;
use alloy_eips::{BlockId, Encodable2718};
use alloy_primitives::{Bytes, TxHash};

use super::{
    Node,
    params::Params,
    table::{Answer, json},
    transactions::{Place, locate},
};
use crate::{chain::Annex, execute::old_receipt, flow::query::Located};

pub(super) async fn block(node: &Node, params: Params<'_>) -> Answer {
    let id: BlockId = params.read(|p| p.need("block"))?;
    let block = node.block(id).await?;
    let whole = Annex::join(&block.record.block, node.annex(block.header.number));
    json(&Bytes::from(alloy_rlp::encode(whole)))
}

pub(super) async fn header(node: &Node, params: Params<'_>) -> Answer {
    let id: BlockId = params.read(|p| p.need("block"))?;
    let block = node.block(id).await?;
    json(&Bytes::from(alloy_rlp::encode(block.header.inner())))
}

pub(super) async fn receipts(node: &Node, params: Params<'_>) -> Answer {
    let id: BlockId = params.read(|p| p.need("block"))?;
    let block = node.block(id).await?;
    let roots = node.annex(block.header.number).map_or(&[][..], |annex| &annex.post_states);
    let receipts = block.record.receipts.iter().enumerate();
    let encoded = receipts.map(|(index, receipt)| match roots.get(index) {
        Some(root) => Bytes::from(old_receipt(receipt, *root).encoded_2718()),
        None => Bytes::from(receipt.clone().into_with_bloom().encoded_2718()),
    });
    json(&encoded.collect::<Vec<_>>())
}

/// Also of a transaction that waits; nothing when there is none.
pub(super) async fn transaction(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    json(&match locate(node, hash).await? {
        Place::Included(Located { block, index }) => {
            let found = block.record.block.transactions.get(index);
            found.map(|tx| Bytes::from(tx.encoded_2718())).unwrap_or_default()
        }
        Place::Waiting(pending) => pending.raw,
        Place::Nowhere => Bytes::new(),
    })
}
