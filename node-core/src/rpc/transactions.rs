//! Transactions and their receipts.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, TxHash, U64};

use super::{
    Node, RpcError,
    params::Params,
    receipt,
    table::{Answer, json},
    view,
};
use crate::{codec::record::Pending, flow::query::Located, flow::sequence::BATCH};

/// Where an accepted transaction is.
#[derive(Debug)]
pub(super) enum Place {
    /// In a committed block.
    Included(Located),
    /// In the inbox.
    Waiting(Box<Pending>),
    /// In neither.
    Nowhere,
}

/// Finds a transaction.
///
/// The log is read last: what the inbox forgot in between is in a committed block, so an accepted
/// transaction is never nowhere, unless it was dropped.
pub(super) async fn locate(node: &Node, hash: TxHash) -> Result<Place, RpcError> {
    if let Some(located) = node.replica.transaction(&hash).await? {
        return Ok(Place::Included(located));
    }
    let waiting = node.stores.inbox.waiting(BATCH).await?;
    if let Some(pending) = waiting.into_iter().find(|pending| pending.hash == hash) {
        return Ok(Place::Waiting(Box::new(pending)));
    }
    node.replica.follow(&node.stores).await?;
    Ok(node.replica.transaction(&hash).await?.map_or(Place::Nowhere, Place::Included))
}

pub(super) async fn by_hash(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    match locate(node, hash).await? {
        Place::Included(Located { block, index }) => {
            json(&view::transaction(node, &block, index).await?)
        }
        Place::Waiting(pending) => json(&view::pending(&pending)?),
        Place::Nowhere => json(&()),
    }
}

pub(super) async fn by_block_hash(node: &Node, params: Params<'_>) -> Answer {
    let (hash, index): (B256, U64) = params.read(|p| Ok((p.need("hash")?, p.need("index")?)))?;
    at(node, hash.into(), index).await
}

pub(super) async fn by_block_number(node: &Node, params: Params<'_>) -> Answer {
    let (tag, index): (BlockNumberOrTag, U64) =
        params.read(|p| Ok((p.need("block")?, p.need("index")?)))?;
    at(node, tag.into(), index).await
}

async fn at(node: &Node, id: BlockId, index: U64) -> Answer {
    let Some(block) = node.find(id).await? else { return json(&()) };
    json(&view::transaction(node, &block, index.saturating_to()).await?)
}

/// Null while a transaction waits, and when it was dropped: `mayfly_transactionStatus` says which.
pub(super) async fn receipt(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    match node.replica.transaction(&hash).await? {
        Some(Located { block, index }) => json(&receipt::one(node, &block, index).await?),
        None => json(&()),
    }
}
