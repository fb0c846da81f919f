//! The pure core of a Mayfly flash layer.

pub mod chain;
pub mod codec;
pub mod execute;
pub mod exit;
pub mod flow;
pub mod port;
pub mod rpc;
pub mod state;
pub mod trie;
