//! Floor 4: what a layer does, one page for each flow.
//!
//! The way of a transaction: [`submit`] checks and appends it, [`sequence`] puts it into a block and
//! commits the block, [`query`] shows it, [`checkpoint`] makes the state loadable, [`teardown`] ends
//! the layer. [`open`] starts a layer, [`bridge`] brings deposits in, [`mint`] turns paid orders into
//! transactions, [`index`] finds what is not in memory. [`batch`] puts the inputs of blocks on
//! the L1; [`rebuild`], [`attest`] and [`audit`] execute everything again, [`archive`] a chain that somebody exported.
//! [`filter`] remembers where clients that poll stand; [`access`], [`attestors`] and [`anchored`] keep for all functions of a
//! layer who may ask for what, who signs its settlement, and how far the L1 is.
//!
//! Flows decide nothing by themselves about time or randomness: both are arguments.

pub mod access;
pub mod anchored;
pub mod archive;
pub mod attest;
pub mod attestors;
pub mod audit;
pub mod batch;
pub mod bridge;
mod caches;
pub mod checkpoint;
mod error;
pub mod filter;
pub mod index;
pub mod lease;
mod lru;
pub mod mint;
pub mod open;
pub mod pages;
pub mod phase;
pub mod query;
pub mod rebuild;
pub mod refund;
mod register;
mod replay;
pub mod sequence;
pub mod submit;
pub mod teardown;
mod tip;
mod unsigned;

#[cfg(test)]
mod tests;

pub use caches::Caches;
pub use error::FlowError;
pub use tip::{Since, Tip};
