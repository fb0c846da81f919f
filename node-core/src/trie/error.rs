//! What can go wrong, one enum for each operation.

use alloy_primitives::B256;

use super::Nibbles;

/// Why a trie could not answer or change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrieError {
    /// Only the hash of a needed node is known: reveal the node, then ask again.
    #[error("node {hash} at {path} is blinded")]
    Blinded {
        /// Where the node is.
        path: Nibbles,
        /// Its hash.
        hash: B256,
    },
    /// The key is longer than keys of this trie may be.
    #[error("key of {got} bytes, limit {limit}")]
    KeyTooLong {
        /// Bytes of the key.
        got: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A batch is not in strictly ascending order of keys.
    #[error("batch not sorted: {next} after {previous}")]
    Unsorted {
        /// The key before.
        previous: Nibbles,
        /// The key that should have been greater.
        next: Nibbles,
    },
    /// A key that does not belong to a fragment.
    #[error("key {key} is not below {path}")]
    Outside {
        /// Path of the fragment.
        path: Nibbles,
        /// The key.
        key: Nibbles,
    },
    /// A node from outside has the right hash but is no node.
    #[error("node {hash} at {path} is not a trie node")]
    Malformed {
        /// Where the node should be.
        path: Nibbles,
        /// Its hash.
        hash: B256,
        /// What is wrong with it.
        source: NodeError,
    },
}

/// Why bytes are not a trie node (Yellow Paper, appendix D).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Not canonical RLP, or not the value type of this trie.
    #[error("not canonical RLP: {0}")]
    Rlp(#[from] alloy_rlp::Error),
    /// Neither 2 nor 17 items.
    #[error("{got} items, expected 2 or 17")]
    ItemCount {
        /// Items in the list.
        got: usize,
    },
    /// The hex-prefix path is malformed, or leads deeper than a key can be.
    #[error("malformed path")]
    Path,
    /// A child is neither empty, a hash, nor a node below 32 bytes.
    #[error("malformed reference to a child")]
    Reference,
    /// A branch with fewer than two children, an extension with an empty path or on no branch, an
    /// empty value: shapes that no trie has.
    #[error("not in canonical shape")]
    Shape,
}

/// Why a proof does not prove.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A node is not the one that its parent, or the root, commits to.
    #[error("proof node {index} has hash {got}, expected {expected}")]
    HashMismatch {
        /// Position in the proof.
        index: usize,
        /// Hash of the node.
        got: B256,
        /// Hash in its parent.
        expected: B256,
    },
    /// The proof ends before the key does.
    #[error("proof ends before node {expected}")]
    Incomplete {
        /// Hash of the next node.
        expected: B256,
    },
    /// Nodes follow the one that settles the key.
    #[error("{count} nodes after the end of the proof")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// The nodes prove another value than the answer claims.
    #[error("proof of {key} is for another value")]
    ValueMismatch {
        /// The hashed key.
        key: alloy_primitives::Bytes,
    },
    /// The key or a node is malformed.
    #[error(transparent)]
    Trie(#[from] TrieError),
}
