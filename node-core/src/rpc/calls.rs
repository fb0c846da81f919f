//! Running what is no transaction.

use alloy_consensus::Header;
use alloy_eips::BlockId;
use alloy_primitives::{U64, U256};
use alloy_rpc_types_eth::{
    AccessListResult, BlockOverrides, TransactionRequest, state::StateOverride,
};

use super::{
    Node, ParamError, RpcError,
    params::Params,
    table::{Answer, json},
};
use crate::{
    execute::{self, AccessListed, CallOutcome, CallRequest, EstimateError, Overrides, View},
    state::StateAt,
};

/// A call with the block that it sees.
pub(super) struct Asked {
    request: TransactionRequest,
    at: BlockId,
    overrides: Option<Overrides>,
}

pub(super) async fn call(node: &Node, params: Params<'_>) -> Answer {
    let asked = Asked::read(params)?;
    match asked.run(node, |view, request| Ok(execute::call(view, request)?)).await? {
        CallOutcome::Success { output, .. } => json(&output),
        CallOutcome::Revert { output, .. } => Err(RpcError::Reverted { output }),
        CallOutcome::Halt { reason, .. } => Err(EstimateError::Halted { reason }.into()),
    }
}

pub(super) async fn estimate_gas(node: &Node, params: Params<'_>) -> Answer {
    let asked = Asked::read(params)?;
    let gas = asked.run(node, |view, request| Ok(execute::estimate_gas(view, request)?)).await?;
    json(&U64::from(gas))
}

/// The list is answered for calls that fail as well, with what went wrong.
pub(super) async fn create_access_list(node: &Node, params: Params<'_>) -> Answer {
    let asked = Asked::read(params)?;
    let run =
        |view: View<'_>, request: &CallRequest| Ok(execute::create_access_list(view, request)?);
    let AccessListed { access_list, outcome } = asked.run(node, run).await?;
    let gas_used = U256::from(outcome.gas_used());
    let error = match outcome {
        CallOutcome::Success { .. } => None,
        CallOutcome::Revert { .. } => Some("execution reverted".to_owned()),
        CallOutcome::Halt { reason, .. } => Some(reason.to_string()),
    };
    json(&AccessListResult { access_list, gas_used, error })
}

/// Returns the gas that `request` needs at the newest block.
pub(super) async fn gas_of(node: &Node, request: TransactionRequest) -> Result<u64, RpcError> {
    let asked = Asked { request, at: BlockId::latest(), overrides: None };
    asked.run(node, |view, request| Ok(execute::estimate_gas(view, request)?)).await
}

impl Asked {
    /// A call at a block, with what it pretends.
    pub(super) fn new(
        request: TransactionRequest,
        at: BlockId,
        state: Option<StateOverride>,
        block: Option<BlockOverrides>,
    ) -> Self {
        Self { request, at, overrides: overrides(state, block) }
    }

    fn read(params: Params<'_>) -> Result<Self, RpcError> {
        let (request, at, state, block) = params.read(|p| {
            Ok((
                p.need("transaction")?,
                p.block()?,
                p.maybe::<StateOverride>("stateOverrides")?,
                p.maybe::<BlockOverrides>("blockOverrides")?,
            ))
        })?;
        Ok(Self::new(request, at, state, block))
    }

    /// Runs `run` at the block that was asked for.
    ///
    /// A layer makes no block while nothing happens, so its newest one may be hours old: a call at it is made
    /// now, or a sale would open for nobody whose wallet estimates first.
    pub(super) async fn run<T>(
        self,
        node: &Node,
        run: impl Fn(View<'_>, &CallRequest) -> Result<T, RpcError> + Send + Sync,
    ) -> Result<T, RpcError> {
        let Self { request, at, overrides } = self;
        let block = node.block(at).await?;
        let mut header = Header::clone(&block.header);
        if at.is_latest() || at.is_pending() {
            header.timestamp = header.timestamp.max(node.now_s());
        }
        let ancestors = node.replica.ancestors(header.number).await?;
        let request = checked(request, node.rules.chain_id)?;
        let patience = node.patience();
        let at_block = BlockId::from(header.number);
        let read = |state: &StateAt| {
            let view = View {
                header: &header,
                world: &state.base,
                later: Some(&state.later),
                ancestors: &ancestors,
                rules: &node.rules,
                overrides: overrides.as_ref(),
                patience: Some(&patience),
            };
            run(view, &request)
        };
        node.with_state(at_block, read).await
    }
}

/// What a call pretends; `None` for nothing.
pub(super) fn overrides(
    state: Option<StateOverride>,
    block: Option<BlockOverrides>,
) -> Option<Overrides> {
    (state.is_some() || block.is_some())
        .then(|| Overrides { state: state.unwrap_or_default(), block: block.unwrap_or_default() })
}

/// Refuses requests that say two things at once, with geth's texts.
pub(super) fn checked(
    request: TransactionRequest,
    chain_id: u64,
) -> Result<CallRequest, ParamError> {
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
