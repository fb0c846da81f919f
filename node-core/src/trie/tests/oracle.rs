//! What the trie is compared with, and the keys that are hard for it.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::HashBuilder;
use alloy_trie::proof::ProofRetainer;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::trie::{Nibbles, NodeSet, Trie};

pub(super) type Map = BTreeMap<Vec<u8>, Bytes>;
pub(super) type Batch = BTreeMap<Vec<u8>, Option<Bytes>>;

pub(super) fn apply_to_map(map: &mut Map, batch: &Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
}

pub(super) fn trie_of(map: &Map) -> Trie<Bytes> {
    Trie::from_sorted(map.clone()).unwrap()
}

/// Root by alloy-trie, for keys of one length.
pub(super) fn alloy_root(map: &Map) -> B256 {
    let mut builder = HashBuilder::default();
    map.iter().for_each(|(key, value)| builder.add_leaf(alloy_trie::Nibbles::unpack(key), value));
    builder.root()
}

/// Proof of a key by alloy-trie, for keys of one length.
pub(super) fn alloy_proof(map: &Map, key: &[u8]) -> Vec<Bytes> {
    let target = alloy_trie::Nibbles::unpack(key);
    let mut builder =
        HashBuilder::default().with_proof_retainer(ProofRetainer::from_iter([target]));
    map.iter().for_each(|(key, value)| builder.add_leaf(alloy_trie::Nibbles::unpack(key), value));
    builder.root();
    let nodes = builder.take_proof_nodes().matching_nodes_sorted(&target);
    nodes.into_iter().map(|(_, node)| node).collect()
}

/// Root by the definition, Yellow Paper appendix D, for any keys. Slow and plain.
pub(super) fn yellow_paper_root(map: &Map) -> B256 {
    let leaves: Vec<_> = map.iter().map(|(key, value)| (nibbles(key), value.clone())).collect();
    keccak256(structure(&leaves, 0))
}

fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// c(J, i)
fn structure(leaves: &[(Vec<u8>, Bytes)], depth: usize) -> Vec<u8> {
    let [(first, value), rest @ ..] = leaves else { return vec![0x80] };
    let string = |bytes: &[u8]| alloy_rlp::encode(bytes);
    if rest.is_empty() {
        return list(&[string(&hex_prefix(&first[depth..], true)), string(value)]);
    }
    let shared = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let fork = rest.iter().map(|(key, _)| shared(first, key)).min().unwrap();
    if fork > depth {
        return list(&[string(&hex_prefix(&first[depth..fork], false)), capped(leaves, fork)]);
    }
    let below = |nibble| {
        leaves
            .iter()
            .filter(|(key, _)| key.get(depth) == Some(&nibble))
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut items: Vec<_> = (0..16).map(|nibble| capped(&below(nibble), depth + 1)).collect();
    items.push(string(if first.len() == depth { value } else { &[] }));
    list(&items)
}

/// n(J, i)
fn capped(leaves: &[(Vec<u8>, Bytes)], depth: usize) -> Vec<u8> {
    let encoding = structure(leaves, depth);
    if encoding.len() < 32 { encoding } else { alloy_rlp::encode(keccak256(encoding)) }
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    let mut out = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload].concat()
}

fn hex_prefix(path: &[u8], terminated: bool) -> Vec<u8> {
    let flag = 2 * u8::from(terminated);
    let mut all = if path.len() % 2 == 1 { vec![flag + 1] } else { vec![flag, 0] };
    all.extend(path);
    all.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// All nodes of a trie, by hash.
pub(super) fn all_nodes(trie: &Trie<Bytes>) -> NodeSet {
    let keys: Vec<Nibbles> = trie.iter().map(|leaf| *leaf.unwrap().0).collect();
    keys.iter().flat_map(|key| trie.prove(key.as_key().unwrap()).unwrap()).collect()
}

/// Keys of 4 bytes that share long prefixes, with deep forks, and now and then none.
pub(super) fn crowded_key() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![8 => prop::sample::select(vec![0x00, 0x01, 0x10, 0x11, 0xf0]), 1 => any::<u8>()],
        4,
    )
}

/// Keys of 0 to 4 bytes: many are prefixes of others.
pub(super) fn ragged_key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop::sample::select(vec![0x00, 0x01, 0x10, 0x11]), 0..=4)
}

/// Values from one byte, whose nodes get embedded, to two keccak blocks.
pub(super) fn value() -> impl Strategy<Value = Bytes> {
    let len = prop_oneof![Just(1), 1..40_usize, Just(200)];
    (len, 1..=255_u8).prop_map(|(len, byte)| Bytes::from(vec![byte; len]))
}

pub(super) fn map(key: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Map> {
    btree_map(key, value(), 0..60)
}

pub(super) fn batches(key: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Batch>> {
    vec(btree_map(key, prop::option::of(value()), 0..24), 1..10)
}
