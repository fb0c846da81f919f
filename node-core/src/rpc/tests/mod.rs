//! The methods against a layer in memory.

mod dispatch;
mod kit;
mod layer;
mod logs;
mod reading;
mod running;
mod sending;
mod unique;
