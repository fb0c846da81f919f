//! Tests of the trie, every root against alloy-trie.

use alloy_primitives::{B256, Bytes, keccak256};
use std::collections::BTreeMap;

use super::{Trie, ordered_root};

fn oracle_root(map: &BTreeMap<B256, Bytes>) -> B256 {
    let mut builder = alloy_trie::HashBuilder::default();
    for (key, value) in map {
        builder.add_leaf(alloy_trie::Nibbles::unpack(key), value);
    }
    builder.root()
}

#[test]
fn inserts_one_by_one_match_the_oracle() {
    let mut map = BTreeMap::new();
    let mut trie = Trie::<Bytes>::new();
    for i in 0..500_u32 {
        let (key, value) = (keccak256(i.to_be_bytes()), Bytes::from(i.to_be_bytes().to_vec()));
        map.insert(key, value.clone());
        trie.insert(key.as_slice(), value).unwrap();
        assert_eq!(trie.root(), oracle_root(&map), "after {i}");
    }
    let keys: Vec<_> = map.keys().copied().collect();
    for key in keys {
        map.remove(&key);
        trie.remove(key.as_slice()).unwrap();
        assert_eq!(trie.root(), oracle_root(&map));
    }
}

#[test]
fn ordered_root_matches_the_oracle() {
    for count in [0, 1, 2, 3, 127, 128, 129, 255, 256, 257, 300, 1000] {
        let items: Vec<Bytes> =
            (0..count).map(|i: u32| Bytes::from(vec![7; (i % 90 + 1) as usize])).collect();
        let expected = alloy_trie::root::ordered_trie_root_with_encoder(&items, |item, out| {
            out.extend_from_slice(item)
        });
        assert_eq!(ordered_root(&items), expected, "{count} items");
    }
}
