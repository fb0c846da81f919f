use core::ops::Range;

use alloy_primitives::map::HashSet;
use alloy_rpc_types_eth::TransactionInfo;
use alloy_rpc_types_trace::{
    otterscan::InternalOperation,
    parity::{LocalizedTransactionTrace, TraceResults, TraceType},
};
use revm_inspectors::{
    otterscan::InternalOperationsInspector,
    tracing::{ParityTraceBuilder, TracingInspector, TracingInspectorConfig},
};

use super::{
    super::{
        call::{CallRequest, Session, View},
        error::Fault,
    },
    budget::Budget,
    error::TraceError,
    geth::run,
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
    each(past, range, Budget::of_calls(), watcher, |mut ran| {
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
    each(past, range, budget(types), || Ok(tracer(types)), |ran| results(ran, types))
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
    let mut session = Session::watched(view, request, (tracer(types), budget(types)))?;
    let outcome = run(&mut session, request)?;
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
    let show = |ran: Ran<'_, InternalOperationsInspector>| {
        Ok(core::mem::take(ran.watcher).into_operations())
    };
    each(past, range, Budget::of_calls(), watcher, show)
}

/// Only `vmTrace` looks at instructions.
fn budget(types: &HashSet<TraceType>) -> Budget {
    if types.contains(&TraceType::VmTrace) { Budget::of_steps() } else { Budget::of_calls() }
}

fn tracer(types: &HashSet<TraceType>) -> TracingInspector {
    TracingInspector::new(TracingInspectorConfig::from_parity_config(types))
}

/// The gas of the outermost call is its own, as in Parity: without what the transaction costs before it.
fn builder(ran: &mut Ran<'_, TracingInspector>) -> ParityTraceBuilder {
    core::mem::take(ran.watcher).into_parity_builder()
}

fn results(
    mut ran: Ran<'_, TracingInspector>,
    types: &HashSet<TraceType>,
) -> Result<TraceResults, TraceError> {
    let builder = builder(&mut ran);
    let results = builder.into_trace_results_with_state(ran.outcome, types, &ran.state);
    results.map_err(|unreadable| Fault::from(unreadable).into())
}
