//! Floor 2: the EVM. The only place that names revm.
//!
//! | file | what |
//! |---|---|
//! | `rules`, `env` | what a chain fixes for life, what one block fixes |
//! | `overlay` | what a block changed so far, over the world before it |
//! | `machine` | revm with our fee rule; signed transactions, deposits, calls, system calls |
//! | `admit` | what can be said of a transaction before it is run |
//! | `build`, `verify` | a block from transactions; a block from somebody else |
//! | `call`, `estimate` | `eth_call`, `eth_estimateGas` |
//!
//! Ethereum's rules are here for the official tests and for the L1 in this process; a layer differs in
//! the rows of [`Rules`] only, and in `0x7E` deposits.

mod admit;
mod build;
mod call;
mod convert;
mod deposit;
mod env;
mod error;
mod machine;
mod outcome;
mod overlay;
mod rejected;
mod requests;
mod room;
mod rules;
mod seal;
mod supply;
mod system;
mod verify;

pub use admit::{Sender, SenderCode, Terms, admit, check_sender, check_transaction};
#[cfg(test)]
mod tests;

pub use build::{Builder, Built};
pub use call::{
    CALL_GAS_CAP, CallError, CallOutcome, CallRequest, EstimateError, Halt, Overrides, View, call,
    estimate_gas,
};
pub use env::NextBlock;
pub use error::{BlockError, Fault};
pub use outcome::{Included, Outcome};
pub use rejected::{BlobFault, Rejected};
pub use rules::{Fees, Protocol, Rules, SupplyLedger};
pub use verify::{
    Candidate, InvalidBlock, Senders, Verified, VerifyError, verify, verify_candidate,
};
