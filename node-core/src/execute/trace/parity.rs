use core::ops::Range;

use alloy_primitives::map::HashSet;
use alloy_rpc_types_eth::TransactionInfo;
use alloy_rpc_types_trace::{
    otterscan::InternalOperation,
    parity::{LocalizedTransactionTrace, TraceResults, TraceType},
};
use revm::context::result::ResultAndState;
use revm_inspectors::{
    otterscan::InternalOperationsInspector,
    tracing::{ParityTraceBuilder, TracingInspector, TracingInspectorConfig},
};

use super::{
    super::{
        call::{CALL_GAS_CAP, CallRequest, Session, View},
        error::Fault,
    },
    error::TraceError,
    stage::{PastBlock, Ran, each, show},
};

/// Traces the calls of the transactions `range` of a block, for each in the order of the calls: `trace_block`,
/// `trace_transaction`.
///
/// # Errors
/// [`TraceError::Internal`].
pub fn trace_localized(
    past: &PastBlock<'_>,
    range: Range<usize>,
) -> Result<Vec<Vec<LocalizedTransactionTrace>>, TraceError> {
    let watcher = || Ok(TracingInspector::new(TracingInspectorConfig::default_parity()));
    each(past, range, watcher, |mut ran| {
        let info = ran.info;
        Ok(builder(&mut ran).into_localized_transaction_traces(info))
    })
}

/// Runs the transactions `range` of a block again and shows what `types` asks for: `trace_replay*`.
///
/// # Errors
/// [`TraceError::Internal`].
pub fn replay_transactions(
    past: &PastBlock<'_>,
    range: Range<usize>,
    types: &HashSet<TraceType>,
) -> Result<Vec<TraceResults>, TraceError> {
    each(past, range, || Ok(tracer(types)), |ran| results(ran, types))
}

/// Runs a call and shows what `types` asks for: `trace_call`.
///
/// # Errors
/// As [`call`](super::super::call()).
pub fn replay_call(
    view: View<'_>,
    request: &CallRequest,
    types: &HashSet<TraceType>,
) -> Result<TraceResults, TraceError> {
    let gas_limit = request.gas.unwrap_or(CALL_GAS_CAP).min(CALL_GAS_CAP);
    let mut session = Session::watched(view, request, tracer(types))?;
    let (result, state) = session.run_and_show(request.with_gas(gas_limit))?;
    let outcome = ResultAndState::new(result, state);
    results(show(session.machine(), &outcome, TransactionInfo::default()), types)
}

/// Lists the transfers, creations and destructions inside of the transactions `range`: what Otterscan shows.
///
/// # Errors
/// [`TraceError::Internal`].
pub fn internal_operations(
    past: &PastBlock<'_>,
    range: Range<usize>,
) -> Result<Vec<Vec<InternalOperation>>, TraceError> {
    let watcher = || Ok(InternalOperationsInspector::default());
    each(past, range, watcher, |ran| Ok(core::mem::take(ran.watcher).into_operations()))
}

fn tracer(types: &HashSet<TraceType>) -> TracingInspector {
    TracingInspector::new(TracingInspectorConfig::from_parity_config(types))
}

fn builder(ran: &mut Ran<'_, TracingInspector>) -> ParityTraceBuilder {
    let gas_used = ran.result().tx_gas_used();
    let watcher = core::mem::take(ran.watcher);
    watcher.into_parity_builder().with_transaction_gas_used(gas_used)
}

fn results(
    mut ran: Ran<'_, TracingInspector>,
    types: &HashSet<TraceType>,
) -> Result<TraceResults, TraceError> {
    let builder = builder(&mut ran);
    let results = builder.into_trace_results_with_state(ran.outcome, types, &ran.state);
    results.map_err(|unreadable| Fault::from(unreadable).into())
}
