//! `eth_getLogs`.

use core::ops::RangeInclusive;

use alloy_eips::{BlockNumHash, BlockNumberOrTag};
use alloy_primitives::Bloom;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};

use super::{
    Node, ParamError, RpcError,
    params::Params,
    table::{Answer, json},
};
use crate::flow::{index::LogQuery, sequence::Committed};

/// Most logs in one answer. What the large providers answer, so that clients know what to do above it.
pub const MAX_LOGS: usize = 10_000;

/// Most blocks in one question. A block that the bloom rules out takes well under a microsecond.
pub const MAX_RANGE: u64 = 100_000;

/// Blocks read before they are looked at.
const STRIDE: usize = 64;

pub(super) async fn logs(node: &Node, params: Params<'_>) -> Answer {
    let filter: Filter = params.read(|p| p.need("filter"))?;
    json(&find(node, &filter).await?)
}

/// Finds the logs of a filter.
pub(super) async fn find(node: &Node, filter: &Filter) -> Result<Vec<Log>, RpcError> {
    let mut logs = Vec::new();
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = node.block(hash.into()).await?;
            collect(filter, &block, &mut logs);
        }
        FilterBlockOption::Range { from_block, to_block } => {
            in_range(node, filter, range(node, from_block, to_block)?, &mut logs).await?;
        }
    }
    Ok(logs)
}

/// Finds the logs of a filter in a range of blocks, whatever range it names itself.
pub(super) async fn in_blocks(
    node: &Node,
    filter: &Filter,
    range: RangeInclusive<u64>,
) -> Result<Vec<Log>, RpcError> {
    let mut logs = Vec::new();
    if !range.is_empty() {
        in_range(node, filter, range, &mut logs).await?;
    }
    Ok(logs)
}

/// Both ends are the newest block when they are not given; nothing is above the newest block.
fn range(
    node: &Node,
    from: Option<BlockNumberOrTag>,
    to: Option<BlockNumberOrTag>,
) -> Result<RangeInclusive<u64>, RpcError> {
    let first = node.number(from.unwrap_or_default());
    let last = node.number(to.unwrap_or_default());
    if first > last && from.is_some() && to.is_some() {
        return Err(ParamError::conflict("invalid block range params").into());
    }
    bounded(first, last.min(node.replica.head().header.number))
}

fn bounded(first: u64, last: u64) -> Result<RangeInclusive<u64>, RpcError> {
    if last.saturating_sub(first) < MAX_RANGE {
        return Ok(first..=last);
    }
    let what = format!("query exceeds the limit of {MAX_RANGE} blocks");
    Err(RpcError::Range { what, from: first, to: first + (MAX_RANGE - 1) })
}

async fn in_range(
    node: &Node,
    filter: &Filter,
    range: RangeInclusive<u64>,
    logs: &mut Vec<Log>,
) -> Result<(), RpcError> {
    let first = *range.start();
    let bloom = |bloom: &Bloom| filter.matches_bloom(*bloom);
    let numbers = node.replica.blocks_with_logs(range, &query(filter), bloom).await?;
    let mut bytes = 0;
    for numbers in numbers.chunks(STRIDE) {
        for block in node.replica.blocks(numbers).await? {
            let before = logs.len();
            collect(filter, &block, logs);
            bytes += logs[before..].iter().map(size).sum::<usize>();
            if block.header.number > first {
                check_size(node, logs.len(), bytes, first..=block.header.number - 1)?;
            }
        }
    }
    Ok(())
}

/// Bytes of a log in an answer, at the most.
fn size(log: &Log) -> usize {
    /// With four topics and the largest numbers.
    const WITHOUT_DATA: usize = 768;
    WITHOUT_DATA + 2 * log.inner.data.data.len()
}

/// What the index is asked for.
fn query(filter: &Filter) -> LogQuery {
    let topics = &filter.topics;
    LogQuery {
        addresses: filter.address.iter().copied().collect(),
        topics: core::array::from_fn(|at| topics[at].iter().copied().collect()),
    }
}

/// Says which part of the range is not too much. A single block is answered if that is possible at all: there is nothing
/// narrower to ask for.
fn check_size(
    node: &Node,
    count: usize,
    bytes: usize,
    fits: RangeInclusive<u64>,
) -> Result<(), RpcError> {
    let what = if count > MAX_LOGS {
        format!("query returned more than {MAX_LOGS} results")
    } else if bytes > node.answer_bytes {
        format!("query returned more than {} bytes", node.answer_bytes)
    } else {
        return Ok(());
    };
    Err(RpcError::Range { what, from: *fits.start(), to: *fits.end() })
}

pub(super) fn collect(filter: &Filter, block: &Committed, logs: &mut Vec<Log>) {
    let header = &block.header;
    if !filter.matches_bloom(header.logs_bloom) {
        return;
    }
    let hashes = block.record.block.transactions.iter().map(|tx| *tx.hash());
    let id = BlockNumHash::new(header.number, header.hash());
    let receipts = hashes.zip(&block.record.receipts);
    filter.append_matching_block_logs(logs, id, header.timestamp, receipts, false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_is_too_long_is_refused_with_one_that_is_not() {
        assert!(matches!(bounded(5, 4 + MAX_RANGE), Ok(range) if range == (5..=4 + MAX_RANGE)));
        let Err(RpcError::Range { from, to, .. }) = bounded(5, 5 + MAX_RANGE) else {
            panic!("one block too many");
        };
        assert!(bounded(from, to).is_ok());
        assert!(bounded(u64::MAX, 0).is_ok(), "nothing is above the newest block");
    }
}
