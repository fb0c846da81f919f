//! Running what is no transaction.

use std::sync::Arc;

use alloy_eips::BlockId;
use alloy_primitives::U64;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};

use super::{
    Node, ParamError, RpcError,
    params::Params,
    table::{Answer, json},
};
use crate::{
    chain::Ancestors,
    execute::{self, CallOutcome, CallRequest, EstimateError, Overrides, View},
    flow::sequence::Committed,
};

/// A call with the block that it sees.
struct Asked {
    request: TransactionRequest,
    at: BlockId,
    overrides: Option<Overrides>,
}

pub(super) fn call(node: &Node, params: Params<'_>) -> Answer {
    let asked = Asked::read(params)?;
    let (block, ancestors) = asked.block(node)?;
    let request = checked(asked.request, node.rules.chain_id)?;
    let view = view(node, &block, &ancestors, asked.overrides.as_ref());
    match execute::call(view, &request)? {
        CallOutcome::Success { output, .. } => json(&output),
        CallOutcome::Revert { output, .. } => Err(RpcError::Reverted { output }),
        CallOutcome::Halt { reason, .. } => Err(EstimateError::Halted { reason }.into()),
    }
}

pub(super) fn estimate_gas(node: &Node, params: Params<'_>) -> Answer {
    let asked = Asked::read(params)?;
    let (block, ancestors) = asked.block(node)?;
    let request = checked(asked.request, node.rules.chain_id)?;
    let view = view(node, &block, &ancestors, asked.overrides.as_ref());
    json(&U64::from(execute::estimate_gas(view, &request)?))
}

impl Asked {
    fn read(params: Params<'_>) -> Result<Self, RpcError> {
        let (request, at, state, block) = params.read(|p| {
            Ok((
                p.need("transaction")?,
                p.block()?,
                p.maybe::<StateOverride>("stateOverrides")?,
                p.maybe::<BlockOverrides>("blockOverrides")?,
            ))
        })?;
        let overrides = (state.is_some() || block.is_some()).then(|| Overrides {
            state: state.unwrap_or_default(),
            block: block.unwrap_or_default(),
        });
        Ok(Self { request, at, overrides })
    }

    /// Most calls are made at the newest block, whose ancestors are at hand.
    fn block(&self, node: &Node) -> Result<(Arc<Committed>, Ancestors), RpcError> {
        let block = node.block(self.at)?;
        let tip = node.replica.tip();
        let ancestors = if tip.header.number == block.header.number {
            tip.ancestors
        } else {
            node.replica.ancestors(block.header.number)
        };
        Ok((block, ancestors))
    }
}

fn view<'a>(
    node: &'a Node,
    block: &'a Committed,
    ancestors: &'a Ancestors,
    overrides: Option<&'a Overrides>,
) -> View<'a> {
    View { header: &block.header, world: &block.world, ancestors, rules: &node.rules, overrides }
}

/// Refuses requests that say two things at once, with geth's texts.
fn checked(request: TransactionRequest, chain_id: u64) -> Result<CallRequest, ParamError> {
    if request.gas_price.is_some()
        && (request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some())
    {
        return Err(ParamError::conflict(
            "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
        ));
    }
    if request.input.unique_input().is_err() {
        return Err(ParamError::conflict(
            r#"both "data" and "input" are set and not equal. Please use "input" to pass transaction call data"#,
        ));
    }
    match request.chain_id {
        Some(have) if have != chain_id => Err(ParamError::conflict(format!(
            "chainId does not match node's (have={have}, want={chain_id})"
        ))),
        _ => Ok(request.into()),
    }
}
