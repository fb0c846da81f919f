//! The methods against a layer in memory.

mod access;
mod dispatch;
mod filling;
mod filters;
mod kit;
mod layer;
mod life;
mod limits;
mod logs;
mod malformed;
mod patience;
mod reading;
mod running;
mod sending;
mod signed;
mod simulating;
mod tracing;
mod unique;
