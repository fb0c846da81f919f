//! `eth_simulateV1`: blocks that nobody built, on top of one that somebody did, with geth's rules.
//!
//! | file | what |
//! |---|---|
//! | `plan` | which blocks there will be, with those that fill gaps |
//! | `run` | one block after the other |
//! | `request` | a call as the transaction that it would be |
//! | `error` | why there is no answer |

mod error;
mod plan;
mod request;
mod run;

pub use error::SimulateError;
pub use run::{SimulatedBlock, SimulatedCall, simulate};
