//! Tests of the trie. Every root is compared with alloy-trie, or, for keys that are prefixes of each
//! other, which its builder does not take, with the definition in the Yellow Paper.

mod hash;
mod oracle;
mod partial;
mod proofs;
mod rlp;
mod roots;
