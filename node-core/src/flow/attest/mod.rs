//! Attestors: they execute every block again from witnesses and trust nobody's stores.
//!
//! The layer makes a [witness](crate::codec::record::Witness) of a block: the block, and what of the state
//! before it its execution reads. An [`Attestor`] keeps the header of the last block that it found right; a
//! witness either leads from its state root to the next header, or it is refused. Deposits it reads on the
//! L1 itself.

mod attestor;
mod error;
mod follow;
mod witness;

pub use attestor::{Attested, Attestor};
pub use error::AttestError;
pub use follow::{Attesting, FollowError};
pub use witness::{of_block, witness};
