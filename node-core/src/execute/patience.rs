//! How long a call may run: asked at jumps and calls, without which no code runs for long.

use core::fmt;
use std::sync::Arc;

use revm::{
    bytecode::opcode::{CALL, CALLCODE, CREATE, CREATE2, DELEGATECALL, JUMP, JUMPI, STATICCALL},
    context_interface::{ContextError, ContextTr},
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult, InstructionResult,
        instructions::{contract, control},
        interpreter::EthInterpreter,
    },
};

use super::{error::Unreadable, machine::Context};

/// When to give up what is run for nobody's block: a call, an estimate, a trace.
///
/// Whoever makes it knows the time; nothing here does.
#[derive(Clone)]
pub struct Patience {
    is_over: Arc<dyn Fn() -> bool + Send + Sync>,
    timeout_ms: u64,
}

impl Patience {
    /// Gives up when `is_over` says so, `timeout_ms` after the beginning.
    pub fn new(timeout_ms: u64, is_over: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { is_over: Arc::new(is_over), timeout_ms }
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience").field("timeout_ms", &self.timeout_ms).finish_non_exhaustive()
    }
}

/// Steps between two looks at the time: a look costs as much as ten of the cheapest jumps.
const STEPS: u32 = 1_024;

/// A call may be of a precompile, which takes as long as thousands of jumps.
const CALL_STEPS: u32 = 64;

/// A [`Patience`] at work.
#[derive(Debug)]
pub(super) struct Stopwatch {
    patience: Patience,
    left: u32,
}

impl Stopwatch {
    pub(super) const fn new(patience: Patience) -> Self {
        Self { patience, left: STEPS }
    }

    /// Counts `steps`; an error when the time is over.
    #[inline]
    fn count(&mut self, steps: u32) -> Result<(), Unreadable> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => self.look(),
        }
    }

    #[cold]
    fn look(&mut self) -> Result<(), Unreadable> {
        self.left = STEPS;
        match (self.patience.is_over)() {
            false => Ok(()),
            true => Err(Unreadable::TimedOut { timeout_ms: self.patience.timeout_ms }),
        }
    }
}

type Ictx<'a> = InstructionContext<'a, Context, EthInterpreter>;

type Run = fn(Ictx<'_>) -> InstructionExecResult;

/// Has every instruction that lets code run for long look at the stopwatch first.
pub(super) fn watch_the_time(table: &mut EthInstructions<EthInterpreter, Context>) {
    let watched: [(u8, Run); 8] = [
        (JUMP, |context| timed(context, 1, control::jump)),
        (JUMPI, |context| timed(context, 1, control::jumpi)),
        (CALL, |context| timed(context, CALL_STEPS, contract::call::<CALL, _, _>)),
        (CALLCODE, |context| timed(context, CALL_STEPS, contract::call::<CALLCODE, _, _>)),
        (DELEGATECALL, |context| timed(context, CALL_STEPS, contract::call::<DELEGATECALL, _, _>)),
        (STATICCALL, |context| timed(context, CALL_STEPS, contract::call::<STATICCALL, _, _>)),
        (CREATE, |context| timed(context, CALL_STEPS, contract::create::<false, _, _>)),
        (CREATE2, |context| timed(context, CALL_STEPS, contract::create::<true, _, _>)),
    ];
    for (opcode, instruction) in watched {
        table.instruction_table_mut()[usize::from(opcode)] = Instruction::new(instruction);
    }
}

#[inline(always)]
fn timed(context: Ictx<'_>, steps: u32, instruction: Run) -> InstructionExecResult {
    if let Some(stopwatch) = context.host.db_mut().stopwatch()
        && let Err(over) = stopwatch.count(steps)
    {
        *context.host.error() = Err(ContextError::Db(over));
        return Err(InstructionResult::FatalExternalError);
    }
    instruction(context)
}
