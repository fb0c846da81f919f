//! What is tried on everything that decodes bytes from outside. A target is a function of bytes that
//! panics when a decoder does, or when one says something else than it was told.
//!
//! | target | input | what must hold |
//! |---|---|---|
//! | [`batches`] | blobs | what is carried is packed in one way only, and comes out as it was |
//! | [`logs`] | topics, data | a log of the L1 is a deposit that can be stored and read again, or an error |
//! | [`frames`] | a frame | what opens can be stored and read again |
//! | [`records`] | kind, raw body | the same behind a right checksum; canonical formats encode to the same bytes |
//! | [`pages`] | kind, path, raw body | a page opens to the trie that its hash names, or not at all |
//! | [`runs`] | kind, length, directory, page | an index leads to pages that it has |
//! | [`proofs`] | key, nodes | a revealed trie answers or names an error, whatever is asked of it |
//! | [`requests`] | the body of a JSON-RPC request | an answer that is JSON, and no fault of ours |
//! | [`transactions`] | EIP-2718 bytes | the hash is that of the bytes, which come out again |
//! | [`webhooks`] | provider, header, body | nobody is believed, and what is read can be kept |
//!
//! `fuzz_targets` hands them to libFuzzer; `tests` runs them on what is kept in `seeds` (made from the
//! golden frames of `node-core`) and `regressions` (what once crashed).

mod batches;
mod logs;
mod pages;
mod proofs;
mod records;
mod requests;
mod runs;
mod transactions;
mod webhooks;

#[cfg(test)]
mod tests;

pub use batches::batches;
pub use logs::logs;
pub use pages::pages;
pub use proofs::proofs;
pub use records::{frames, records};
pub use requests::requests;
pub use runs::runs;
pub use transactions::transactions;
pub use webhooks::webhooks;

/// Splits off the first byte.
fn first(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(first, rest)| (*first, rest))
}
