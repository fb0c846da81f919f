//! An attestor of one flash layer: its own process, its own store, its own L1 node, its own key.
//!
//! It executes every block again from witnesses that anybody may serve, and signs one thing only: the output
//! that it derived itself ([`node_core::flow::attest`]).

mod server;
mod source;

pub use server::{Attestation, Desk, router};
pub use source::HttpWitnesses;
