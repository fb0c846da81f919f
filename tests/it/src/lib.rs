//! What the stories are told with.
//!
//! Nothing here knows Mayfly: a story brings the parts it is about.

mod anvil;
mod process;
mod rpc;

pub mod http;

pub use anvil::Anvil;
pub use rpc::Rpc;
