//! The single writer of a flash layer, as a loop around [`node_core::flow::sequence`].
//!
//! Idle costs nothing: the loop sleeps until a bell rings, takes the lease, works until nothing has come
//! for a while, writes a checkpoint, gives the lease back and sleeps again. Several loops may run at
//! once by mistake: all but one are fenced.

mod bell;
mod blocking;
mod work;

#[cfg(feature = "lambda")]
pub mod lambda;

pub use bell::{Bell, HeadWatch, SystemClock};
pub use blocking::Blocking;
pub use work::{Policy, Writer};
