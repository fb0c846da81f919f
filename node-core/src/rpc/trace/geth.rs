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
        calls::Asked,
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

/// A call is traced after all transactions of its block.
pub(in crate::rpc) async fn call(node: &Node, params: Params<'_>) -> Answer {
    let (request, at, options): (TransactionRequest, _, Option<GethDebugTracingCallOptions>) =
        params.read(|p| Ok((p.need("transaction")?, p.block()?, p.maybe("options")?)))?;
    let options = options.unwrap_or_default();
    let GethDebugTracingCallOptions { tracing_options, state_overrides, block_overrides, tx_index } =
        options;
    if tx_index.is_some() {
        return Err(ParamError::conflict("txIndex: calls are traced at the end of a block").into());
    }
    let asked = Asked::new(request, at, state_overrides, block_overrides);
    let run = |view: execute::View<'_>, request: &execute::CallRequest| {
        let traced: Result<GethTrace, TraceError> =
            execute::trace_call(view, request, &tracing_options);
        Ok(traced?)
    };
    json(&asked.run(node, run).await?)
}
