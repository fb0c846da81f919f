//! Finds blocks, transactions and logs that are not in memory.
//!
//! At each checkpoint [`extend`] writes one [run](crate::codec::run) over the blocks since the last one.
//! Runs are merged by eights, so a layer of a thousand checkpoints has some twenty: the run that is
//! written takes the last seven of its level with it. Runs that were merged stay in the store, for the
//! checkpoints that name them, until the layer is erased.
//!
//! An [`Index`] reads them: the directory once, the filter once, then one page for each key that is there.
//! Everything is verified against the list of runs, which comes with the checkpoint; damage is
//! [`Corrupt`](crate::port::PortError::Corrupt), never another answer.

mod extend;
mod find;
mod logs;
mod read;

pub use extend::extend;
pub use find::{Candidate, Index};
pub use logs::LogQuery;
