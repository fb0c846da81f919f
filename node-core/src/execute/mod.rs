//! Floor 2: the EVM. The only place that names revm.
//!
//! | file | what |
//! |---|---|
//! | `rules`, `env` | what a chain fixes for life, what one block fixes |
//! | `rejected`, `room`, `outcome` | why a transaction is not in a block, what it did when it is |
//! | `overlay` | what a block changed so far, over the world before it |
//! | `machine` | revm, but for who is checked and who is paid |
//! | `deposit`, `supply` | `0x7E` transactions; where ETH came from and went |
//! | `system`, `requests`, `seal`, `blooms` | what happens around the transactions of a block |
//! | `admit` | what can be said of a transaction before it is run |
//! | `build`, `verify` | a block from transactions; a block from somebody else |
//! | `replay` | a block of an imported chain, under the rules of its time |
//! | `precompiles`, `watch`, `patience` | what a simulation may move; who watches while the EVM runs, and for how long |
//! | `simulate` | `eth_simulateV1`: blocks that nobody built |
//! | `trace` | what happened inside a transaction |
//! | `call` | `eth_call`, `eth_estimateGas`, `eth_createAccessList` |
//!
//! Ethereum's rules are here for the official tests and for the L1 in this process; a layer differs in
//! the rows of [`Rules`] only, and in `0x7E` deposits.

mod admit;
mod blooms;
mod build;
mod call;
mod convert;
mod deposit;
mod env;
mod error;
mod machine;
mod outcome;
mod overlay;
mod patience;
mod precompiles;
mod rejected;
mod replay;
mod requests;
mod room;
mod rules;
mod seal;
mod simulate;
mod supply;
mod system;
mod trace;
mod verify;
mod watch;

#[cfg(test)]
mod tests;

pub use admit::{Sender, SenderCode, Terms, admit, check_sender, check_transaction};
pub use build::{Builder, Built, Unfinished};
pub use call::{
    AccessListed, CALL_GAS_CAP, CallError, CallOutcome, CallRequest, EstimateError, Halt,
    Overrides, View, call, create_access_list, estimate_gas,
};
pub use env::NextBlock;
pub use error::{BlockError, Fault};
pub use outcome::{Included, Outcome};
pub use patience::Patience;
pub use precompiles::precompiles;
pub use rejected::{BlobFault, Rejected};
pub use replay::{ReplayError, Replayed, Reward, RewardKind, old_receipt, replay, rewards};
pub use rules::{Fees, Protocol, Rules, SupplyLedger};
pub use seal::{Summary, summarize, transactions_root};
pub use simulate::{NumberedLog, SimulateError, SimulatedBlock, SimulatedCall, simulate};
pub use trace::{
    PastBlock, TraceError, internal_operations, replay_call, replay_transactions, trace_call,
    trace_call_within, trace_localized, trace_transactions,
};
pub use verify::{
    Candidate, InvalidBlock, Senders, Verified, VerifyError, build_exactly, needs_of, verify,
    verify_candidate,
};
