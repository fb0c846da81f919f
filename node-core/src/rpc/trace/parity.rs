//! `trace_*`.

use alloy_eips::{BlockId, BlockNumHash};
use alloy_primitives::{TxHash, U64, map::HashSet};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::{
    filter::TraceFilter,
    parity::{
        LocalizedTransactionTrace, RewardAction, RewardType, TraceResultsWithTransactionHash,
        TraceType,
    },
};

use super::past::Past;
use crate::{
    execute::{self, Reward, RewardKind},
    rpc::{
        Node, ParamError, RpcError,
        calls::Asked,
        dispatch::make_way,
        params::Params,
        table::{Answer, json},
    },
};

/// Most blocks in one `trace_filter`: each of them is executed.
const MAX_RANGE: u64 = 1_000;

/// Most traces in one answer.
const MAX_TRACES: usize = 10_000;

pub(in crate::rpc) async fn block(node: &Node, params: Params<'_>) -> Answer {
    let id: BlockId = params.read(|p| p.need("block"))?;
    let past = Past::whole(node, id).await?;
    json(&of_block(node, &past).await?)
}

/// Null when there is no such transaction.
pub(in crate::rpc) async fn transaction(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    match Past::find(node, hash).await? {
        Some(past) => json(&localized(node, &past).await?),
        None => json(&()),
    }
}

/// One trace of a transaction, by its place among the calls.
pub(in crate::rpc) async fn get(node: &Node, params: Params<'_>) -> Answer {
    let (hash, place): (TxHash, Vec<U64>) =
        params.read(|p| Ok((p.need("hash")?, p.need("indices")?)))?;
    let Some(past) = Past::find(node, hash).await? else { return json(&()) };
    let place: Vec<usize> = place.iter().map(U64::saturating_to).collect();
    let traces = localized(node, &past).await?;
    json(&traces.into_iter().find(|trace| trace.trace.trace_address == place))
}

/// Traces of all transactions of a block, then what mining it brought.
async fn of_block(node: &Node, past: &Past) -> Result<Vec<LocalizedTransactionTrace>, RpcError> {
    let mut traces = localized(node, past).await?;
    let header = &past.block.header;
    if let Some(annex) = node.annex(header.number) {
        let id = BlockNumHash::new(header.number, header.hash());
        let rewards = execute::rewards(node.era(&past.block).fork, header, &annex.ommers);
        traces.extend(rewards.into_iter().map(|reward| shown(reward).into_localized_trace(id)));
    }
    Ok(traces)
}

const fn shown(Reward { author, value, kind }: Reward) -> RewardAction {
    let reward_type = match kind {
        RewardKind::Block => RewardType::Block,
        RewardKind::Ommer => RewardType::Uncle,
    };
    RewardAction { author, reward_type, value }
}

async fn localized(node: &Node, past: &Past) -> Result<Vec<LocalizedTransactionTrace>, RpcError> {
    Ok(past.run(node, execute::trace_localized).await?.concat())
}

pub(in crate::rpc) async fn filter(node: &Node, params: Params<'_>) -> Answer {
    let filter: TraceFilter = params.read(|p| p.need("filter"))?;
    let head = node.replica.head().header.number;
    let (first, last) =
        (filter.from_block.unwrap_or(head), filter.to_block.unwrap_or(head).min(head));
    if last.saturating_sub(first) >= MAX_RANGE {
        let what = format!("query exceeds the limit of {MAX_RANGE} blocks");
        return Err(RpcError::Range { what, from: first, to: first + (MAX_RANGE - 1) });
    }
    let matcher = filter.matcher();
    let (mut traces, mut skip) = (Vec::new(), filter.after.unwrap_or_default());
    let most = filter.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
    for number in first..=last {
        make_way().await;
        let found = of_block(node, &Past::whole(node, number.into()).await?).await?;
        for trace in found.into_iter().filter(|trace| matcher.matches(&trace.trace)) {
            if skip > 0 {
                skip -= 1;
            } else if traces.len() < most {
                traces.push(trace);
            }
        }
        if traces.len() >= most {
            break;
        }
        if traces.len() > MAX_TRACES && number > first {
            let what = format!("query returned more than {MAX_TRACES} results");
            return Err(RpcError::Range { what, from: first, to: number - 1 });
        }
    }
    json(&traces)
}

pub(in crate::rpc) async fn call(node: &Node, params: Params<'_>) -> Answer {
    let (request, types, at): (TransactionRequest, HashSet<TraceType>, BlockId) =
        params.read(|p| Ok((p.need("transaction")?, p.need("types")?, p.block()?)))?;
    let asked = Asked::new(request, at, None, None);
    let run = |view: execute::View<'_>, request: &execute::CallRequest| {
        Ok(execute::replay_call(view, request, &types)?)
    };
    json(&asked.run(node, run).await?)
}

pub(in crate::rpc) async fn replay_transaction(node: &Node, params: Params<'_>) -> Answer {
    let (hash, types): (TxHash, HashSet<TraceType>) =
        params.read(|p| Ok((p.need("hash")?, p.need("types")?)))?;
    let past = Past::one(node, hash).await?;
    let replay =
        |past: &execute::PastBlock<'_>, range| execute::replay_transactions(past, range, &types);
    let replayed = past.run(node, replay).await?.pop();
    json(
        &replayed
            .ok_or_else(|| ParamError::conflict("the call of this deposit could not begin"))?,
    )
}

pub(in crate::rpc) async fn replay_block(node: &Node, params: Params<'_>) -> Answer {
    let (id, types): (BlockId, HashSet<TraceType>) =
        params.read(|p| Ok((p.need("block")?, p.need("types")?)))?;
    let past = Past::whole(node, id).await?;
    let replay =
        |past: &execute::PastBlock<'_>, range| execute::replay_transactions(past, range, &types);
    let results = past.hashes().zip(past.run(node, replay).await?);
    let show = |(transaction_hash, full_trace)| TraceResultsWithTransactionHash {
        full_trace,
        transaction_hash,
    };
    json(&results.map(show).collect::<Vec<_>>())
}
