//! What all of Mayfly's benchmarks share: a layer, a peer, the report, and the one file that it leaves.
//!
//! # Where the writer's time goes
//! Mints in blocks of 1,000 on a million accounts and a million tickets, share of the processor time of all threads
//! (`perf record`, flat, benchmark `engine`):
//!
//! | % | what |
//! |---|---|
//! | 17 | tries: the ways to what is read; most of it waits for memory |
//! | 11 | tries: changing what the block changed |
//! | 13 | tries: gathering and encoding what is hashed |
//! | 13 | keccak, more than half of it eight at a time |
//! | 11 | the ledger's thread: writing and syncing |
//! | 11 | the kernel, most of it zeroing memory that blocks and new nodes take |
//! | 6 | the EVM |
//! | 18 | RLP, zstd, blooms, the overlay, the allocator, copies |
//!
//! A way of six levels is walked three times for each changed leaf: to read it, to see that all of it is loaded, to
//! change it. The next step would be to keep the way from the read, so that the check and the change begin at its end.
//!
//! The flat cache in front of the tries (`state::recent`) spares the first of the three, for what the last blocks used.
//! Its gain has not been measured yet: the rows `ERC-20 transfers` and those of the same 1,000 are there for that.

mod clock;
mod layer;
mod peer;
mod report;

pub use clock::processor_time;
pub use layer::{CHAIN_ID, NOW_MS, free_layer};
pub use peer::hash_builder_root;
pub use report::{FILE, Figure, Line, Report, ReportError, Unit, peak_rss_mib, target_directory};
