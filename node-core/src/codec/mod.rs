//! Floor 2: how things look when they are stored.
//!
//! Every stored value is one *frame*: magic, version, kind, lengths, checksum, zstd body ([`frame`]).
//! The bodies are RLP lists of plain records ([`record`]). Indexes are objects of many frames ([`run`]).
//! What goes to the L1 is in [`batch`].
//! Names of all stored things are in [`names`]. A damaged frame is an error that says what is wrong, never another value.

pub mod batch;
pub mod frame;
pub mod names;
pub mod record;
pub mod run;

#[cfg(test)]
mod tests;

pub use frame::{FrameError, Kind};
pub use record::{Record, RecordError};
