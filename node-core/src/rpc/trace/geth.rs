//! `debug_trace*`.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, TxHash};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::geth::{
    GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace, TraceResult,
};

use super::past::Past;
use crate::{
    execute::{self, PastBlock, TraceError},
    rpc::{
        Node, ParamError, RpcError,
        calls::{self, Asked},
        params::Params,
        table::{Answer, json},
    },
};

pub(in crate::rpc) async fn transaction(node: &Node, params: Params<'_>) -> Answer {
    let (hash, options): (TxHash, Option<GethDebugTracingOptions>) =
        params.read(|p| Ok((p.need("hash")?, p.maybe("options")?)))?;
    let past = Past::one(node, hash).await?;
    json(&traces(node, &past, options).await?.pop())
}

pub(in crate::rpc) async fn block_by_number(node: &Node, params: Params<'_>) -> Answer {
    let (tag, options): (BlockNumberOrTag, _) =
        params.read(|p| Ok((p.need("block")?, p.maybe("options")?)))?;
    block(node, tag.into(), options).await
}

pub(in crate::rpc) async fn block_by_hash(node: &Node, params: Params<'_>) -> Answer {
    let (hash, options): (B256, _) = params.read(|p| Ok((p.need("hash")?, p.maybe("options")?)))?;
    block(node, hash.into(), options).await
}

async fn block(node: &Node, id: BlockId, options: Option<GethDebugTracingOptions>) -> Answer {
    let past = Past::whole(node, id).await?;
    let traces = traces(node, &past, options).await?;
    let results = past.hashes().zip(traces);
    let show = |(hash, result)| TraceResult::Success { result, tx_hash: Some(hash) };
    json(&results.map(show).collect::<Vec<_>>())
}

async fn traces(
    node: &Node,
    past: &Past,
    options: Option<GethDebugTracingOptions>,
) -> Result<Vec<GethTrace>, RpcError> {
    let options = options.unwrap_or_default();
    let run = |past: &PastBlock<'_>, range| execute::trace_transactions(past, range, &options);
    past.run(node, run).await
}

/// A call is traced after all transactions of its block, or before the one that `txIndex` names.
pub(in crate::rpc) async fn call(node: &Node, params: Params<'_>) -> Answer {
    let (request, at, options): (TransactionRequest, _, Option<GethDebugTracingCallOptions>) =
        params.read(|p| Ok((p.need("transaction")?, p.block()?, p.maybe("options")?)))?;
    let options = options.unwrap_or_default();
    let GethDebugTracingCallOptions { tracing_options, state_overrides, block_overrides, tx_index } =
        options;
    if let Some(index) = tx_index {
        let past = Past::whole(node, at).await?;
        let index = position(&past, index)?;
        let request = calls::checked(request, node.rules.chain_id)?;
        let overrides = calls::overrides(state_overrides, block_overrides);
        let run = |past: &PastBlock<'_>, _| {
            let asked = (&request, overrides.as_ref());
            Ok(Some(execute::trace_call_within(past, index, asked, &tracing_options)?))
        };
        return json(&past.run(node, run).await?);
    }
    let asked = Asked::new(request, at, state_overrides, block_overrides);
    let run = |view: execute::View<'_>, request: &execute::CallRequest| {
        let traced: Result<GethTrace, TraceError> =
            execute::trace_call(view, request, &tracing_options);
        Ok(traced?)
    };
    json(&asked.run(node, run).await?)
}

/// Reads `txIndex`; a transaction must be there.
fn position(past: &Past, index: u64) -> Result<usize, ParamError> {
    let (index, count) = (usize::try_from(index).unwrap_or(usize::MAX), past.range.end);
    if index < count {
        return Ok(index);
    }
    let number = past.block.header.number;
    Err(ParamError::conflict(format!(
        "txIndex: expected less than {count}, the transactions of block {number}, got {index}"
    )))
}
