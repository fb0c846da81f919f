//! Who watches while the EVM runs: nobody, or a tracer.

use revm::{
    context::result::ExecutionResult,
    handler::Handler,
    inspector::{Inspector, InspectorHandler},
    interpreter::interpreter::EthInterpreter,
};
use revm_inspectors::{
    otterscan::InternalOperationsInspector,
    tracing::{DebugInspector, TracingInspector},
    transfer::TransferInspector,
};

use super::{
    error::RunError,
    machine::{Context, Evm, RunRules},
};

/// Nobody: blocks are built without a look at every instruction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unwatched;

/// How to run with or without somebody watching.
pub(super) trait Watch: Sized {
    /// Runs the transaction that is in `evm`.
    fn drive(rules: &mut RunRules<Self>, evm: &mut Evm<Self>) -> Result<ExecutionResult, RunError>;
}

impl Watch for Unwatched {
    fn drive(rules: &mut RunRules<Self>, evm: &mut Evm<Self>) -> Result<ExecutionResult, RunError> {
        rules.run(evm)
    }
}

impl<I: Inspector<Context, EthInterpreter>> InspectorHandler for RunRules<I> {
    type IT = EthInterpreter;
}

macro_rules! watchers {
    ($($tracer:ty),* $(,)?) => {
        $(impl Watch for $tracer {
            fn drive(
                rules: &mut RunRules<Self>,
                evm: &mut Evm<Self>,
            ) -> Result<ExecutionResult, RunError> {
                rules.inspect_run(evm)
            }
        })*
    };
}

watchers!(DebugInspector, InternalOperationsInspector, TracingInspector, TransferInspector,);
