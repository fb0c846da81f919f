//! What all of Mayfly's benchmarks share: a layer, a peer, the report, and the one file that it leaves.
//!
//! # What was aimed at, and what is reached
//! Two shared cores on which a sender is recovered 24,000 times a second (the aims are of a machine that does 31,000),
//! nothing else running; figures of one run of each benchmark, of two on different days where two are given.
//!
//! | aim | reached | |
//! |---|---|---|
//! | batches of 100 over HTTP: 3 times anvil | 27,939 / 7,995 and 23,741 / 7,726 a second: 3.5, 3.1 | met |
//! | single sends over 64 connections: 1.5 times anvil | 13,587 / 6,875 and 11,026 / 6,513 a second: 2.0, 1.7 | met |
//! | sync send to receipt, p50: under anvil's, 2 ms | 0.99 / 1.22 and 1.16 / 1.16 ms | met once |
//! | open 10 M accounts: 150 ms, 4 MB; at 20 ms an object 400 ms | 16 ms, 0.58 MB; 103 ms | met |
//! | the same: 1.5 times opening 10 k | 16.3 / 8.9 ms: 1.8 | missed |
//! | full root of 1 M accounts: 1.5 times `HashBuilder` | 269 / 534 ms: 2.0 | met |
//! | memory at 10 M accounts, 100 k touched: 1 GiB | 974 MiB | met |
//! | mints: 50,000 a second of one core | 31,000 to 37,000; 36,000 to 43,000 of the wall's | missed |
//! | ETH transfers: 120,000 | 78,000 to 86,000; 102,000 to 113,000 of the wall's | missed |
//! | sealing: 3 us a leaf | 3.4 us of ETH, 6.0 us of an ERC-20 | missed |
//! | paid webhooks: within 5 s, the least that a provider waits | 7,500 to 8,700 a second over 32 connections, p50 3.1 to 3.8 ms, p99 12.2 ms | met |
//!
//! - **Opening** differs by the pages that are read: 612 against 148, at 16 us each, most of it on the way to the disk and
//!   back. Less would need pages of one way side by side, so that one range brings an index page with the leaves below it.
//! - **Mints and transfers** are of senders that nobody has seen, each on the other end of the state: on 100,000 accounts the
//!   same code builds 85,500 mints and 146,000 transfers a second of one core. What is between is memory that is not in a
//!   cache, see below.
//! - **Webhooks** are not held up by their signatures, of which one core verifies 1.18 million a second: a delivery is
//!   parsed, its sale and its order are made durable, and it is answered over HTTP.
//! - **Sealing** an ERC-20 asks the token for each balance, as it must of a contract that it knows nothing of; the call is
//!   the difference to ETH.
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
//! ERC-20 transfers of the same 1,000 people, who are in it, are 12 % faster a core (63,300 a second) than those of people
//! whom nobody has seen (56,400); bare revm gains 8 % there, so most of that is the processor's own caches.

mod clock;
mod layer;
mod peer;
mod report;

pub use clock::processor_time;
pub use layer::{CHAIN_ID, NOW_MS, free_layer};
pub use peer::hash_builder_root;
pub use report::{FILE, Figure, Line, Report, ReportError, Unit, peak_rss_mib, target_directory};
