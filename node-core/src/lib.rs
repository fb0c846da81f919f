//! The pure core of a Mayfly flash layer.

pub mod trie;
