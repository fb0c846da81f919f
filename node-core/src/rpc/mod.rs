//! Floor 4: Ethereum's JSON-RPC, without a transport.
//!
//! [`dispatch`] takes the body of a request and returns the body of the answer. Every answer names
//! committed blocks only. Wire types are alloy's; deposits look as on the OP Stack.
//!
//! | file | what |
//! |---|---|
//! | `dispatch`, `message` | JSON-RPC 2.0: single, batch, notification |
//! | `table` | all methods, one line each |
//! | `params`, `error` | reading arguments; what goes wrong, with its code |
//! | `node` | what an answer is made from; which block a tag means |
//! | `client`, `accounts`, `blocks`, `transactions`, `calls`, `logs`, `fees`, `sending`, `layer` | the methods |
//! | `view`, `receipt` | blocks, transactions and receipts as the wire shows them |

mod accounts;
mod blocks;
mod calls;
mod client;
mod dispatch;
mod error;
mod fees;
mod layer;
mod logs;
mod message;
mod node;
mod params;
mod receipt;
mod sending;
mod table;
mod transactions;
mod view;

#[cfg(test)]
mod tests;

pub use dispatch::{MAX_BATCH, dispatch};
pub use error::RpcError;
pub use logs::{MAX_LOGS, MAX_RANGE};
pub use node::{Node, Tags};
pub use params::ParamError;
pub use sending::{SYNC_DEFAULT_MS, SYNC_MAX_MS};
