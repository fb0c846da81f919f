//! What a leaf holds.

use alloy_primitives::Bytes;

use super::Unhashed;

/// A typed value of a leaf.
///
/// Encodings must not be empty: an empty value in a trie means that there is none.
pub trait Value: Clone + Send + Sync {
    /// Appends the bytes that the trie commits to, usually RLP.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads back what [`Self::encode`] wrote, for nodes that come from outside.
    ///
    /// # Errors
    /// When `bytes` are not exactly one canonical encoding.
    fn decode(bytes: &[u8]) -> alloy_rlp::Result<Self>;

    /// Hands over the tries whose roots the encoding contains, for them to be hashed together with
    /// those of all other values before anything is encoded.
    fn gather<'a>(&'a self, unhashed: &mut Unhashed<'a>) {
        let _ = unhashed;
    }
}

impl Value for Bytes {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &[u8]) -> alloy_rlp::Result<Self> {
        Ok(Self::copy_from_slice(bytes))
    }
}
