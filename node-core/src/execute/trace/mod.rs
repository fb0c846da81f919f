//! What happened inside a transaction: it is run again on the state before it, and somebody watches.
//!
//! The tracers are revm's; what comes out has alloy's types.
//!
//! | file | what |
//! |---|---|
//! | `stage` | a block of the past, and going through its transactions |
//! | `reader` | the state, for tracers that ask for more than they saw |
//! | `budget` | how much is recorded, and when that is too much |
//! | `geth`, `parity` | `debug_trace*`; `trace_*` and what Otterscan asks |

mod budget;
mod error;
mod geth;
mod parity;
mod reader;
mod stage;

pub(in crate::execute) use budget::Budget;
pub use error::TraceError;
pub use geth::{trace_call, trace_call_within, trace_transactions};
pub use parity::{internal_operations, replay_call, replay_transactions, trace_localized};
pub use stage::PastBlock;
