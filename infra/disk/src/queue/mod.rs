//! What waits in the inboxes: in memory for who reads, in rows of many for who starts again.
//!
//! A transaction waits for milliseconds, and is looked up by hash, by sender and by arrival while it does.
//! Rows for each of these cost more than executing it (50 us), so the indexes are in memory only and the table
//! is read once, when the directory is opened. All that one commit appends goes into rows of up to
//! [`SEGMENT`] transactions, *segments*; a segment goes when its last transaction does.

mod memory;
mod segment;
mod staged;

pub(crate) use memory::{Queue, Queues};
pub(crate) use segment::SEGMENT;
pub(crate) use staged::Staged;

/// Name of the inbox in errors.
const NAME: &str = "inbox";
