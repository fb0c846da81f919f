//! Who watches while the EVM runs: nobody, or a tracer.

use revm::{
    context::result::ExecutionResult,
    handler::Handler,
    inspector::{Inspector, InspectorHandler},
    interpreter::interpreter::EthInterpreter,
};

use super::{
    error::RunError,
    machine::{Context, Evm, RunRules},
    simulate::LogBook,
    trace::Budget,
};

/// Nobody: blocks are built without a look at every instruction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unwatched;

/// How to run with or without somebody watching.
pub(super) trait Watch: Sized {
    /// Runs the transaction that is in `evm`.
    fn drive(rules: &mut RunRules<Self>, evm: &mut Evm<Self>) -> Result<ExecutionResult, RunError>;

    /// Whether whoever watches stopped the run.
    fn has_stopped(&self) -> bool {
        false
    }
}

impl Watch for Unwatched {
    fn drive(rules: &mut RunRules<Self>, evm: &mut Evm<Self>) -> Result<ExecutionResult, RunError> {
        rules.run(evm)
    }
}

impl<I: Inspector<Context, EthInterpreter>> InspectorHandler for RunRules<I> {
    type IT = EthInterpreter;
}

impl Watch for LogBook {
    fn drive(rules: &mut RunRules<Self>, evm: &mut Evm<Self>) -> Result<ExecutionResult, RunError> {
        rules.inspect_run(evm)
    }
}

impl<I: Inspector<Context, EthInterpreter>> Watch for (I, Budget) {
    fn drive(rules: &mut RunRules<Self>, evm: &mut Evm<Self>) -> Result<ExecutionResult, RunError> {
        rules.inspect_run(evm)
    }

    fn has_stopped(&self) -> bool {
        self.1.is_spent()
    }
}
