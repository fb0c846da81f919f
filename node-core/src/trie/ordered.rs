//! Roots of lists: transactions, receipts, withdrawals.

use alloy_primitives::B256;

use super::build::build;
use super::hash::Hasher;
use super::{Nibbles, Value};

/// Returns the root of the trie that maps RLP(index) to each item (Yellow Paper 4.4.1).
///
/// Items are encoded already, as EIP-2718 says.
pub fn ordered_root<T: AsRef<[u8]>>(items: &[T]) -> B256 {
    let mut leaves: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| (path_of(index), Encoded(item.as_ref())))
        .collect();
    // RLP order is not index order: 0 is 0x80, after 1 to 127.
    leaves.sort_unstable_by_key(|(path, _)| *path);
    let trie = build(0, leaves.len(), &mut leaves.into_iter());
    Hasher::default().root(&trie)
}

fn path_of(index: usize) -> Nibbles {
    Nibbles::from_key(&alloy_rlp::encode_fixed_size(&index))
        .expect("an encoded index has at most 9 bytes")
}

/// An item that somebody else keeps.
#[derive(Debug, Clone, Copy)]
struct Encoded<'a>(&'a [u8]);

impl Value for Encoded<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }

    /// Lists are only ever built.
    fn decode(_: &[u8]) -> alloy_rlp::Result<Self> {
        Err(alloy_rlp::Error::Custom("a borrowed item is not decoded"))
    }
}
