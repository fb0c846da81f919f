//! Floor 3: the outside world as traits.
//!
//! A port has a few verbs, its preconditions are data, and its errors say what to do. [`memory`] is the
//! reference model: what it does is what a port means. [`conformance`] is one suite that every
//! adapter must pass, the reference model first.
//!
//! All ports of [`Stores`] are bound to one layer when they are made.

mod error;
mod l1;
mod stores;
mod wake;

pub mod conformance;
pub mod memory;

pub use error::PortError;
pub use l1::{
    BatchHead, L1, L1Action, L1Receipt, L1Settlement, L1View, Posted, PostedBatch, PublishedChunk,
    Settlement,
};
pub use stores::{
    Appended, Inbox, Log, LogAppend, Objects, OrderPage, Orders, Put, PutOutcome, Recorded,
    Registers, Stored, Stores, Version,
};
pub use wake::{
    Clock, Costs, Doorbell, Heads, Here, Job, Observation, Observer, Processors, SignError, Signer,
    Unobserved, Witnesses, compute,
};
