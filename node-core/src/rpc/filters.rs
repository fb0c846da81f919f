//! Filters that are polled: `eth_newFilter` and what goes with it.

use alloy_primitives::{B128, B256};
use alloy_rpc_types_eth::{Filter, Log};
use serde::Serialize;

use super::{
    Node, RpcError, logs,
    params::Params,
    table::{Answer, json},
};
use crate::flow::filter::{self, Kind, Poll};

pub(super) async fn new_logs(node: &Node, params: Params<'_>) -> Answer {
    let filter: Filter = params.read(|p| p.need("filter"))?;
    install(node, Kind::Logs(Box::new(filter))).await
}

pub(super) async fn new_blocks(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    install(node, Kind::Blocks).await
}

/// Tells of transactions with the block that has them: each once, and all of them.
pub(super) async fn new_transactions(node: &Node, params: Params<'_>) -> Answer {
    let _whole: Option<bool> = params.read(|p| p.maybe("full"))?;
    install(node, Kind::Transactions).await
}

async fn install(node: &Node, kind: Kind) -> Answer {
    let next = node.replica.head().header.number + 1;
    let now_ms = node.clock.now_ms();
    match filter::install(&*node.stores.registers, kind, next, now_ms).await? {
        Some(id) => json(&id),
        None => {
            Err(RpcError::Limit { what: "too many filters".to_owned(), limit: filter::MOST.into() })
        }
    }
}

pub(super) async fn uninstall(node: &Node, params: Params<'_>) -> Answer {
    let id: B128 = params.read(|p| p.need("id"))?;
    json(&filter::uninstall(&*node.stores.registers, id, node.clock.now_ms()).await?)
}

/// What a poll answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Changes {
    Hashes(Vec<B256>),
    Logs(Vec<Log>),
}

/// What happened since the last poll.
pub(super) async fn changes(node: &Node, params: Params<'_>) -> Answer {
    let id: B128 = params.read(|p| p.need("id"))?;
    let poll = find(node, id).await?;
    let head = node.replica.head().header.number;
    let numbers: Vec<u64> = (poll.filter.next..=head).take(most()).collect();
    let next = numbers.last().map_or(poll.filter.next, |last| last + 1);
    let changes = match &poll.filter.kind {
        Kind::Logs(filter) => {
            let range = poll.filter.next..=next.saturating_sub(1);
            Changes::Logs(logs::in_blocks(node, filter, range).await?)
        }
        Kind::Blocks => {
            let blocks = node.replica.blocks(&numbers).await?;
            Changes::Hashes(blocks.iter().map(|block| block.header.hash()).collect())
        }
        Kind::Transactions => {
            let blocks = node.replica.blocks(&numbers).await?;
            let transactions = blocks.iter().flat_map(|block| &block.record.block.transactions);
            Changes::Hashes(transactions.map(|tx| *tx.hash()).collect())
        }
    };
    // Who polls twice at once gets each change once.
    let registers = &*node.stores.registers;
    if filter::advance(registers, poll, next, node.clock.now_ms()).await? {
        json(&changes)
    } else {
        json(&Changes::Hashes(Vec::new()))
    }
}

/// Most blocks that one poll tells of; the next one goes on from there.
fn most() -> usize {
    usize::try_from(logs::MAX_RANGE).unwrap_or(usize::MAX)
}

/// All logs of a filter, those that were told among them.
pub(super) async fn all_logs(node: &Node, params: Params<'_>) -> Answer {
    let id: B128 = params.read(|p| p.need("id"))?;
    match find(node, id).await?.filter.kind {
        Kind::Logs(filter) => json(&logs::find(node, &filter).await?),
        _ => Err(RpcError::FilterNotFound),
    }
}

async fn find(node: &Node, id: B128) -> Result<Poll, RpcError> {
    let found = filter::find(&*node.stores.registers, id, node.clock.now_ms()).await?;
    found.ok_or(RpcError::FilterNotFound)
}
