//! Floor 1: accounts, storage and code over the trie.
//!
//! A [`WorldState`] is the state after one block. It is persistent: a clone is O(1), so keeping the
//! parent of a block, or any block, costs what differs. A [`Delta`] is what one block changed.
//!
//! | file | what |
//! |---|---|
//! | `account` | leaves of the two kinds of trie |
//! | `delta` | what a block changed |
//! | `world` | reading and applying |
//! | `later` | the state after any block since a base |
//! | `walk` | all accounts, all slots |
//! | `recent` | a flat cache in front of the tries |
//! | `need`, `load` | what is not loaded, and loading it from fragments of the tries |
//! | `witness` | the nodes on the way to what is needed |
//! | `proof` | EIP-1186 answers and revealing from them |

mod account;
mod delta;
mod later;
mod load;
mod need;
mod proof;
mod recent;
mod walk;
mod witness;
mod world;

#[cfg(test)]
mod tests;

pub use account::{Account, AccountInfo, Slot};
pub use delta::{AccountChange, AccountDelta, Delta};
pub use later::{Deltas, Later, StateAt};
pub use load::{AnyFragment, Blinded};
pub use need::{Need, StateError, TrieId};
pub use proof::{AccountProof, StorageProof};
pub use walk::{Accounts, StorageEntries};
pub use world::WorldState;

pub use crate::trie::{NodeSet, ProofError, TrieError};
