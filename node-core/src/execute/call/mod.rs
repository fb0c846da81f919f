//! Transactions that are not: `eth_call`, `eth_estimateGas`, `eth_createAccessList`, with geth's rules.

mod access;
mod error;
mod estimate;
mod outcome;
mod overrides;
mod request;
mod run;

pub use access::{AccessListed, create_access_list};
pub use error::{CallError, EstimateError};
pub use estimate::estimate_gas;
pub use outcome::{CallOutcome, Halt};
pub use overrides::Overrides;
pub(super) use overrides::pretend;
pub use request::{CALL_GAS_CAP, CallRequest};
pub(super) use run::Session;
pub use run::{View, call};
