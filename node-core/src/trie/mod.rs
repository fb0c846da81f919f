//! Floor 1: the sparse Merkle-Patricia trie, one structure for everything.
//!
//! [`Trie`] is persistent: a clone is O(1), shares all nodes, and is how history works. A node is
//! loaded, or *blinded*: only its hash is known. Meeting a blinded node is an error that names it
//! ([`TrieError::Blinded`]), never a wrong answer; [`Trie::reveal`] puts the node in its place.
//! Roots are incremental: hashing is one separate pass over what changed since the last root.
//!
//! | file | what |
//! |---|---|
//! | `nibbles` | paths and their hex-prefix encoding |
//! | `node` | the shape in memory |
//! | `rlp` | nodes to and from their encoding |
//! | `hash`, `apart` | the pass over dirty nodes, many at once; on several processors |
//! | `build`, `update`, `collapse` | sorted build, sorted batch, what a removal leaves |
//! | `ops`, `iter`, `ahead` | the public verbs |
//! | `reveal`, `proof` | nodes from outside, EIP-1186 |
//! | `cut`, `fragment` | a trie in pages, and the way from a page back into a trie |
//! | `ordered` | roots of transaction and receipt lists |

mod ahead;
#[cfg(feature = "parallel")]
mod apart;
mod build;
mod collapse;
mod cut;
mod error;
mod fragment;
mod hash;
mod iter;
mod nibbles;
mod node;
mod ops;
mod ordered;
mod proof;
mod reveal;
mod rlp;
mod update;
mod value;

#[cfg(test)]
mod tests;

pub use cut::{Grouped, Leaves, Part, StoredPage, StoredPages, group};
pub use error::{NodeError, ProofError, TrieError};
pub use fragment::{Fragment, Graft, Grafted};
pub use hash::Unhashed;
pub use iter::Iter;
pub use nibbles::{MAX_KEY_LEN, Nibbles};
pub use ops::{EMPTY_ROOT, Trie};
pub use ordered::ordered_root;
pub use proof::verify_proof;
pub use reveal::NodeSet;
pub use value::Value;
