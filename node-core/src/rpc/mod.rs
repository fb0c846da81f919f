//! Floor 4: Ethereum's JSON-RPC, without a transport.
//!
//! [`dispatch`] takes the body of a request and returns the body of the answer. Every answer names
//! committed blocks only. Wire types are alloy's; deposits look as on the OP Stack.
//!
//! | file | what |
//! |---|---|
//! | `dispatch`, `message` | JSON-RPC 2.0: single, batch, notification |
//! | `table` | all methods, one line each |
//! | `access` | what an organiser allows |
//! | `params`, `error` | reading arguments; what goes wrong, with its code |
//! | `node` | what an answer is made from; which block a tag means |
//! | `client`, `config`, `accounts`, `blocks`, `raw`, `transactions`, `logs`, `filters`, `fees` | the methods that read |
//! | `calls`, `simulate`, `fill`, `trace` | those that run something |
//! | `subscribe` | what a connection wants to be told |
//! | `sending`, `pool`, `layer`, `life` | transactions that wait; what only layers have |
//! | `view`, `receipt` | blocks, transactions and receipts as the wire shows them |

mod access;
mod accounts;
mod blocks;
mod calls;
mod client;
mod config;
mod dispatch;
mod error;
mod fees;
mod fill;
mod filters;
mod layer;
mod life;
mod logs;
mod message;
mod node;
mod params;
mod pool;
mod raw;
mod receipt;
mod sending;
mod signed;
mod simulate;
mod subscribe;
mod table;
mod trace;
mod transactions;
mod view;
mod witness;

#[cfg(test)]
mod tests;

pub use access::{
    Access, AccessError, AccessRules, ApiKey, Caller, MethodPattern, Origin, Rate, RuleError,
};
pub use dispatch::{MAX_ANSWER_BYTES, MAX_BATCH, dispatch, refuse};
pub use error::RpcError;

/// The `OpenRPC` document that `rpc.discover` serves: every method with its arguments and its result.
pub const OPENRPC: &str = include_str!("openrpc.json");

pub use logs::{MAX_LOGS, MAX_RANGE};
pub use node::{EVM_TIMEOUT_MS, Node, Sends, Tags};
pub use params::ParamError;
pub use sending::{SYNC_DEFAULT_MS, SYNC_MAX_MS};
pub use subscribe::{Answered, Change, Subscription, Subscriptions};
