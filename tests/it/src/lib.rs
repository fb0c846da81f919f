//! What the stories are told with.
//!
//! Nothing here knows Mayfly: a story brings the parts it is about.

mod anvil;
mod moto;
mod process;
mod rpc;

pub mod http;

pub use anvil::Anvil;
pub use moto::{Moto, REGION};
pub use rpc::Rpc;
