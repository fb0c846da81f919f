use alloy_primitives::Log;
use alloy_rpc_types_trace::geth::{
    GethDebugBuiltInTracerType as BuiltIn, GethDebugTracerType, GethDebugTracingOptions,
};
use revm::{
    context_interface::{ContextError, ContextTr},
    inspector::Inspector,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter,
        interpreter::EthInterpreter,
    },
};

use super::super::machine::Context;

/// Most bytes that the traces of one request may hold, in memory: their JSON is about as long. 16.7 M gas can run five
/// million instructions, whose stacks would be gigabytes.
pub(super) const MAX_TRACE_BYTES: u64 = 32 << 20;

/// An instruction without its stack, a call without its input, a log without its data: their other fields.
const ENTRY_BYTES: u64 = 128;

/// An item on the stack.
const WORD_BYTES: u64 = 32;

/// Watches how much is recorded, beside the tracer that records it, and stops the run when that is too much.
#[derive(Debug, Clone, Copy)]
pub(in crate::execute) struct Budget {
    left: u64,
    steps: Steps,
}

/// What a tracer keeps of each instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Steps {
    /// Of how many instructions.
    most: u64,
    stack: bool,
    memory: bool,
}

impl Steps {
    const NONE: Self = Self { most: 0, stack: false, memory: false };
    const ALL: Self = Self { most: u64::MAX, stack: true, memory: false };
}

impl Budget {
    /// For a tracer that looks at calls only.
    pub(super) const fn of_calls() -> Self {
        Self { left: MAX_TRACE_BYTES, steps: Steps::NONE }
    }

    /// For a tracer that looks at every instruction and its stack.
    pub(super) const fn of_steps() -> Self {
        Self { left: MAX_TRACE_BYTES, steps: Steps::ALL }
    }

    /// For the tracer that `options` ask for.
    pub(super) fn of_geth(options: &GethDebugTracingOptions) -> Self {
        match &options.tracer {
            Some(GethDebugTracerType::BuiltInTracer(BuiltIn::Erc7562Tracer)) => {
                Self { left: MAX_TRACE_BYTES, steps: Steps { memory: true, ..Steps::ALL } }
            }
            Some(tracer) if !tracer.as_str().is_empty() => Self::of_calls(),
            _ => {
                let config = &options.config;
                let most = config.limit.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
                let (stack, memory) = (config.is_stack_enabled(), config.is_memory_enabled());
                Self { left: MAX_TRACE_BYTES, steps: Steps { most, stack, memory } }
            }
        }
    }

    /// The same tracer for the next transaction, with what this one left.
    pub(super) const fn next(self, fresh: Self) -> Self {
        Self { left: self.left, ..fresh }
    }

    /// Whether the run was stopped.
    pub(in crate::execute) const fn is_spent(&self) -> bool {
        self.left == 0
    }

    fn spend(&mut self, more: usize) {
        let bytes = ENTRY_BYTES.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        self.left = self.left.saturating_sub(bytes);
    }

    fn spend_step(&mut self, interpreter: &Interpreter<EthInterpreter>) {
        if self.steps.most == 0 {
            return;
        }
        self.steps.most -= 1;
        let words = if self.steps.stack { interpreter.stack.len() } else { 0 };
        let memory = if self.steps.memory { interpreter.memory.len() } else { 0 };
        let stack = usize::try_from(WORD_BYTES).unwrap_or(usize::MAX).saturating_mul(words);
        self.spend(stack.saturating_add(memory));
    }
}

impl Inspector<Context, EthInterpreter> for Budget {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, context: &mut Context) {
        self.spend_step(interpreter);
        if self.is_spent() {
            *context.error() = Err(ContextError::Custom("the trace is too large".to_owned()));
            interpreter.halt_fatal();
        }
    }

    fn log(&mut self, _: &mut Context, log: Log) {
        self.spend(log.data.data.len());
    }

    fn call(&mut self, _: &mut Context, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.spend(inputs.input.len());
        None
    }

    fn create(&mut self, _: &mut Context, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.spend(inputs.init_code().len());
        None
    }
}
