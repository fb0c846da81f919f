//! Committed blocks.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64};

use super::{
    Node,
    params::Params,
    receipt,
    table::{Answer, json},
    view,
};

pub(super) fn number(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&U64::from(node.replica.head().header.number))
}

pub(super) async fn by_hash(node: &Node, params: Params<'_>) -> Answer {
    let (hash, full): (B256, Option<bool>) =
        params.read(|p| Ok((p.need("hash")?, p.maybe("full")?)))?;
    block(node, hash.into(), full).await
}

pub(super) async fn by_number(node: &Node, params: Params<'_>) -> Answer {
    let (tag, full): (BlockNumberOrTag, Option<bool>) =
        params.read(|p| Ok((p.need("block")?, p.maybe("full")?)))?;
    block(node, tag.into(), full).await
}

/// Whole transactions when `full`, hashes otherwise; null when there is no such block.
async fn block(node: &Node, id: BlockId, full: Option<bool>) -> Answer {
    let Some(block) = node.find(id).await? else { return json(&()) };
    if full.unwrap_or_default() {
        json(&view::full_block(node, &block).await?)
    } else {
        json(&view::block_of_hashes(&block))
    }
}

pub(super) async fn transaction_count_by_hash(node: &Node, params: Params<'_>) -> Answer {
    let hash: B256 = params.read(|p| p.need("hash"))?;
    transaction_count(node, hash.into()).await
}

pub(super) async fn transaction_count_by_number(node: &Node, params: Params<'_>) -> Answer {
    let tag: BlockNumberOrTag = params.read(|p| p.need("block"))?;
    transaction_count(node, tag.into()).await
}

async fn transaction_count(node: &Node, id: BlockId) -> Answer {
    json(&node.find(id).await?.map(|block| U64::from(block.record.block.transactions.len())))
}

pub(super) async fn uncle_count_by_hash(node: &Node, params: Params<'_>) -> Answer {
    let hash: B256 = params.read(|p| p.need("hash"))?;
    uncle_count(node, hash.into()).await
}

pub(super) async fn uncle_count_by_number(node: &Node, params: Params<'_>) -> Answer {
    let tag: BlockNumberOrTag = params.read(|p| p.need("block"))?;
    uncle_count(node, tag.into()).await
}

/// There are no uncles since the merge.
async fn uncle_count(node: &Node, id: BlockId) -> Answer {
    json(&node.find(id).await?.map(|_| U64::ZERO))
}

pub(super) async fn receipts(node: &Node, params: Params<'_>) -> Answer {
    let id: BlockId = params.read(|p| p.need("block"))?;
    match node.find(id).await? {
        Some(block) => json(&receipt::all(node, &block).await?),
        None => json(&()),
    }
}
