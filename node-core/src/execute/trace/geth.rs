use core::ops::Range;

use alloy_rpc_types_eth::TransactionInfo;
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use revm::context::result::ResultAndState;
use revm_inspectors::tracing::{DebugInspector, DebugInspectorError, TransactionContext};

use super::{
    super::{
        call::{CALL_GAS_CAP, CallRequest, Overrides, Session, View},
        error::{Fault, Unreadable},
        watch::Watch,
    },
    budget::{Budget, MAX_TRACE_BYTES},
    error::TraceError,
    stage::{PastBlock, Ran, each, show, state_before},
};

/// Traces the transactions `range` of a block: `debug_traceTransaction`, `debug_traceBlockBy*`.
///
/// # Errors
/// [`TraceError::Tracer`] for a tracer that is not there.
pub fn trace_transactions(
    past: &PastBlock<'_>,
    range: Range<usize>,
    options: &GethDebugTracingOptions,
) -> Result<Vec<GethTrace>, TraceError> {
    each(past, range, Budget::of_geth(options), || tracer(options), trace)
}

/// Traces a call: `debug_traceCall`.
///
/// # Errors
/// As [`trace_transactions`], and what [`call`](super::super::call()) returns.
pub fn trace_call(
    view: View<'_>,
    request: &CallRequest,
    options: &GethDebugTracingOptions,
) -> Result<GethTrace, TraceError> {
    let watcher = (tracer(options)?, Budget::of_geth(options));
    let mut session = Session::watched(view, request, watcher)?;
    let outcome = run(&mut session, request)?;
    trace(show(session.machine(), &outcome, TransactionInfo::default()))
}

/// Traces a call before transaction `index` of a block: `debug_traceCall` with `txIndex`.
///
/// # Errors
/// As [`trace_call`].
pub fn trace_call_within(
    past: &PastBlock<'_>,
    index: usize,
    (request, overrides): (&CallRequest, Option<&Overrides>),
    options: &GethDebugTracingOptions,
) -> Result<GethTrace, TraceError> {
    let view = View {
        header: &past.block.header,
        world: past.world,
        later: Some(past.later),
        ancestors: past.ancestors,
        rules: past.rules,
        overrides,
        patience: past.patience,
    };
    let watcher = (tracer(options)?, Budget::of_geth(options));
    let mut session = Session::over(state_before(past, index)?, view, request, watcher)?;
    let outcome = run(&mut session, request)?;
    trace(show(session.machine(), &outcome, TransactionInfo::default()))
}

/// Runs a call that is watched.
pub(super) fn run<I>(
    session: &mut Session<(I, Budget)>,
    request: &CallRequest,
) -> Result<ResultAndState, TraceError>
where
    (I, Budget): Watch,
{
    let gas_limit = request.gas.unwrap_or(CALL_GAS_CAP).min(CALL_GAS_CAP);
    let ran = session.run_and_show(request.with_gas(gas_limit));
    if session.machine().watcher().has_stopped() {
        return Err(TraceError::TooLarge { limit: MAX_TRACE_BYTES });
    }
    let (result, state) = ran?;
    Ok(ResultAndState::new(result, state))
}

fn tracer(options: &GethDebugTracingOptions) -> Result<DebugInspector, TraceError> {
    DebugInspector::new(options.clone()).map_err(|error| wrong(&error))
}

fn trace(mut ran: Ran<'_, DebugInspector>) -> Result<GethTrace, TraceError> {
    let info = ran.info;
    let context = TransactionContext {
        block_hash: info.block_hash,
        tx_index: info.index.and_then(|index| usize::try_from(index).ok()),
        tx_hash: info.hash,
    };
    let Ran { watcher, tx, block, outcome, state, .. } = &mut ran;
    let traced = watcher.get_result(Some(context), *tx, *block, outcome, state);
    traced.map_err(|error: DebugInspectorError<Unreadable>| match error {
        DebugInspectorError::Database(unreadable) => Fault::from(unreadable).into(),
        other => wrong(&other),
    })
}

fn wrong(error: &impl ToString) -> TraceError {
    TraceError::Tracer { reason: error.to_string() }
}
