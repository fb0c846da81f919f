//! Transactions that are not: `eth_call` and `eth_estimateGas`, with geth's rules.

mod error;
mod estimate;
mod outcome;
mod overrides;
mod request;
mod run;

pub use error::{CallError, EstimateError};
pub use estimate::estimate_gas;
pub use outcome::{CallOutcome, Halt};
pub use overrides::Overrides;
pub use request::{CALL_GAS_CAP, CallRequest};
pub use run::{View, call};
