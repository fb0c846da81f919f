//! Floor 5: the stores of a flash layer on a local disk, the default of the one-process runner.
//!
//! [`Disk::open`] takes a directory, [`Disk::stores`] binds its stores to one layer; several layers
//! may share a directory. One process at a time: the ledger's file is locked while a [`Disk`] or
//! any [`Stores`](node_core::port::Stores) of it lives.
//!
//! # What is durable
//! A verb that writes returns `Ok` only after an fsync that covers its write. All verbs of the
//! ledger (inbox, log, registers, orders) go to **one writer thread**, which takes every operation
//! that waits, applies them in order in one transaction, commits it with one fsync and then answers
//! all: a thousand concurrent appends cost a handful of fsyncs, and a lone one is never made to
//! wait for others. A write that ends in [`Unavailable`](node_core::port::PortError::Unavailable)
//! may or may not have happened; all verbs can be repeated. After the disk failed once, the
//! directory must be opened again.
//!
//! Measured by `examples/append.rs`, release build, on two cores that others kept busy and a disk with
//! an fsync of 5 ms, so as lower bounds: 160 durable writes per second with one caller, 5,400-5,900
//! with 64; with 1,024 callers 8,700 to the log and 4,500 to an inbox that grows to 100,000 waiting
//! transactions (its indexes by hash and sender write to pages all over). A write costs 50 us of CPU.
//!
//! Dropping the last [`Stores`](node_core::port::Stores) and the [`Disk`] waits until what is queued is
//! written. Reads take a snapshot and see every write that returned before. They run on the caller's thread
//! and block it for as long as the rows take to read and decompress (microseconds each). What waits in the
//! inboxes is also in memory, where it is read; its rows are read when the directory is opened. Writes of
//! objects run on a few threads of their own. No async runtime is needed or assumed.
//!
//! # Layout
//! ```text
//! <dir>/ledger.redb         the tables below
//! <dir>/objects/<name>      one file for each object, see `objects`
//! <dir>/objects/../.tmp-*   an object that is being written; what a crash leaves is deleted at open
//! ```
//! Keys are bytes: the layer's 16 random bytes, then the parts below; numbers are big endian, so
//! that the order of keys is the order of numbers. *frame* is the record's frame
//! (`node_core::codec`); *sealed* is the value followed by the xxh3-64 of key and value, little
//! endian.
//!
//! ```text
//! table               key after the layer      value
//! inbox.v2            first arrival u64        sealed: RLP of [[arrival, Pending], ..]
//! dropped.v1          hash 32                  frame of Dropped
//! log.v1              slot u64                 frame of SlotEntry
//! registers.v1        name, UTF-8              frame of [name, version, value]
//! orders.v1           key of the order, UTF-8  sealed: arrival u64, frame of OrderRecord
//! orders_waiting.v1   arrival u64              sealed: key of the order
//! arrivals.v1         -                        sealed: last arrival given out, u64
//! ```
//! The version is part of the name of a table; a ledger with a table of another name is refused at
//! open.
//!
//! # Damage
//! Every record is checked against its checksum and against the key it was found under: damage is
//! [`Corrupt`](node_core::port::PortError::Corrupt) and names the value. The pages of the tree in
//! between carry redb's checksums, which are verified after a crash and by [`Disk::verify`].
//!
//! # Scratch
//! [`Scratch`] is something else: not a store, but a cache on a disk in front of one that is far away.

mod disk;
mod error;
mod inbox;
mod key;
mod layer;
mod ledger;
mod log;
mod objects;
mod orders;
mod queue;
mod registers;
mod scratch;
mod stored;
mod tables;
mod workers;
mod writer;

#[cfg(test)]
mod tests;

pub use disk::{Disk, Removal};
pub use error::DiskError;
pub use scratch::Scratch;
