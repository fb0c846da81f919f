//! What a block changed so far, over the world before it.

mod block;
mod cached;
mod database;
mod ready;

pub(super) use block::{Overlay, Touched};
pub(super) use cached::{Cached, Hollow, Storage};
