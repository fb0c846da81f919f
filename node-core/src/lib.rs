//! The pure core of a Mayfly flash layer: a disposable EVM rollup for one event.
//!
//! No runtime, cloud, HTTP, clock, environment or randomness: they are arguments, or behind [`port`]s.
//! Imports go down the floors only.
//!
//! | floor | module | what |
//! |---|---|---|
//! | 0 | [`chain`], [`keccak`] | ids, configuration, genesis, transactions, blocks, receipts, phases; many hashes at once |
//! | 1 | [`trie`], [`state`] | the sparse Merkle-Patricia trie; accounts, storage and code over it |
//! | 2 | [`execute`], [`exit`], [`codec`] | the EVM; the exit tree, mirror of the L1 contracts; stored formats |
//! | 3 | [`port`] | the outside world as traits, their reference model, one conformance suite |
//! | 4 | [`flow`], [`rpc`] | what a layer does, a page for each flow; JSON-RPC |
//!
//! To follow one transaction start at [`rpc`], then [`flow::submit`], [`flow::sequence`],
//! [`flow::query`], and at the end of the layer [`flow::teardown`].

pub mod chain;
pub mod codec;
pub mod execute;
pub mod exit;
pub mod flow;
pub mod keccak;
pub mod port;
pub mod rpc;
pub mod state;
pub mod trie;
