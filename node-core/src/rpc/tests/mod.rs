//! The methods against a layer in memory.

mod dispatch;
mod filling;
mod filters;
mod kit;
mod layer;
mod logs;
mod reading;
mod running;
mod sending;
mod signed;
mod simulating;
mod tracing;
mod unique;
