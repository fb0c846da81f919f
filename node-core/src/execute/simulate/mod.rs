//! `eth_simulateV1`: blocks that nobody built, on top of one that somebody did, with geth's rules.
//!
//! | file | what |
//! |---|---|
//! | `plan` | which blocks there will be, with those that fill gaps |
//! | `run` | one block after the other |
//! | `logs` | what calls log, and ETH that moves |
//! | `request` | a call as the transaction that it would be |
//! | `error` | why there is no answer |

mod error;
mod logs;
mod plan;
mod request;
mod run;

pub use error::SimulateError;
pub(super) use logs::LogBook;
pub use logs::NumberedLog;
pub use run::{SimulatedBlock, SimulatedCall, simulate};
