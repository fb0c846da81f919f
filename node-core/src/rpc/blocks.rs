//! Committed blocks.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, TxHash, U64};
use alloy_rpc_types_eth::{Block, Header};

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
        json(&view::block_of_hashes(node, &block))
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

pub(super) async fn header_by_hash(node: &Node, params: Params<'_>) -> Answer {
    let hash: B256 = params.read(|p| p.need("hash"))?;
    header(node, hash.into()).await
}

pub(super) async fn header_by_number(node: &Node, params: Params<'_>) -> Answer {
    let tag: BlockNumberOrTag = params.read(|p| p.need("block"))?;
    header(node, tag.into()).await
}

async fn header(node: &Node, id: BlockId) -> Answer {
    let found = node.find(id).await?;
    json(&found.map(|block| Header::from_sealed(block.header.clone())))
}

pub(super) async fn uncle_by_hash(node: &Node, params: Params<'_>) -> Answer {
    let (hash, index): (B256, U64) = params.read(|p| Ok((p.need("hash")?, p.need("index")?)))?;
    uncle(node, hash.into(), index).await
}

pub(super) async fn uncle_by_number(node: &Node, params: Params<'_>) -> Answer {
    let (tag, index): (BlockNumberOrTag, U64) =
        params.read(|p| Ok((p.need("block")?, p.need("index")?)))?;
    uncle(node, tag.into(), index).await
}

async fn uncle(node: &Node, id: BlockId, index: U64) -> Answer {
    let Some(block) = node.find(id).await? else { return json(&()) };
    let uncle = ommers(node, block.header.number).get(index.saturating_to::<usize>());
    json(&uncle.map(|header| Block::<TxHash>::uncle_from_header(header.clone())))
}

/// There are no uncles since the merge.
fn ommers(node: &Node, number: u64) -> &[alloy_consensus::Header] {
    node.annex(number).map_or(&[], |annex| &annex.ommers)
}

async fn uncle_count(node: &Node, id: BlockId) -> Answer {
    let found = node.find(id).await?;
    json(&found.map(|block| U64::from(ommers(node, block.header.number).len())))
}

pub(super) async fn receipts(node: &Node, params: Params<'_>) -> Answer {
    let id: BlockId = params.read(|p| p.need("block"))?;
    match node.find(id).await? {
        Some(block) => json(&receipt::all(node, &block).await?),
        None => json(&()),
    }
}
