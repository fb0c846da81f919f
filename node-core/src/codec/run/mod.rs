//! Runs: sorted, immutable indexes over consecutive blocks. One object each, written at a checkpoint.
//!
//! ```text
//! object     blocks | hashes | filters of hashes | logs | filters of logs | directory, all in frames
//! blocks     for each block in order: slot of the log, hash
//! hashes     (prefix of hash, block, index) sorted: index 0 is the block with this hash, n + 1 is
//!            transaction n of the block
//! logs       (key of address or topic, block) sorted, once for each block
//! directory  where each frame is, its Keccak-256, and the first and last entry in it
//! ```
//! A [`RunRef`], which the manifest of a checkpoint holds, has the Keccak-256 of the directory; so a
//! frame that was altered, or put in the place of another, is found when it is read.
//!
//! Why it looks so:
//! * **Keys are 8 bytes.** Whoever finds something by a key looks at the block and compares all of it,
//!   so a collision costs a block read in vain and never a wrong answer.
//! * **Logs are found by block.** A block is read as a whole and its logs are matched then, so where in
//!   the block a log is says nothing more. At a ticket sale (one contract, one event, every holder
//!   another topic) the contract and the event are one entry for each block instead of one for
//!   each log, and a holder is an entry of its own. Over many contracts the addresses do the same.
//! * **No header blooms.** They are full after some hundred logs, and entries say the same exactly.
//! * **Filters** ([`Filter`]) cover [`PAGES_PER_FILTER`] pages each: a run without the key costs no
//!   page, and what a cold reader loads does not grow with the run.

mod contents;
mod directory;
mod filter;
mod page;
mod write;

pub use contents::{BlockPlace, Contents, Entry, key_of_hash, key_of_log};
pub use directory::{Directory, EntryPage, Piece, PieceError, RunRef, Table};
pub use filter::Filter;
pub use page::{BlocksPage, SortedPage};
pub use write::{BLOCKS_PER_PAGE, ENTRIES_PER_PAGE, PAGES_PER_FILTER, WrittenRun, write};

#[cfg(test)]
mod tests;
