//! The sparse Merkle-Patricia trie.
