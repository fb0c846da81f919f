//! Hashing many nodes at once, and tries inside of values.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, keccak256};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::oracle::{
    Batch, Map, alloy_root, apply_to_map, crowded_key, ragged_key, yellow_paper_root,
};
use crate::trie::{Trie, Unhashed, Value};

/// A value that is a name and the root of a trie, as an account is.
#[derive(Debug, Clone, Default)]
struct Nest {
    name: u8,
    inner: Trie<Bytes>,
}

impl Value for Nest {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.name);
        out.extend_from_slice(self.inner.root().as_slice());
    }

    fn decode(_: &[u8]) -> alloy_rlp::Result<Self> {
        Err(alloy_rlp::Error::Custom("never comes from outside"))
    }

    fn gather<'a>(&'a self, unhashed: &mut Unhashed<'a>) {
        unhashed.add(&self.inner);
    }
}

type Nests = BTreeMap<Vec<u8>, Map>;

/// Root by an oracle, of the inner tries first.
fn oracle_root(nests: &Nests, oracle: fn(&Map) -> B256) -> B256 {
    let value = |key: &[u8], inner: &Map| [&[name(key)], oracle(inner).as_slice()].concat().into();
    oracle(&nests.iter().map(|(key, inner)| (key.clone(), value(key, inner))).collect())
}

fn name(key: &[u8]) -> u8 {
    key.first().map_or(1, |byte| byte | 1)
}

fn change(trie: &mut Trie<Nest>, nests: &mut Nests, changes: &BTreeMap<Vec<u8>, Batch>) {
    for (key, batch) in changes {
        if trie.get(key).unwrap().is_none() {
            trie.insert(key, Nest { name: name(key), ..Nest::default() }).unwrap();
        }
        trie.get_mut(key).unwrap().unwrap().inner.apply(batch.clone()).unwrap();
        apply_to_map(nests.entry(key.clone()).or_default(), batch);
    }
}

fn changes<K: Strategy<Value = Vec<u8>>>(
    key: fn() -> K,
) -> impl Strategy<Value = Vec<BTreeMap<Vec<u8>, Batch>>> {
    let batch = btree_map(key(), prop::option::of(super::oracle::value()), 0..12);
    vec(btree_map(key(), batch, 0..8), 1..6)
}

fn compare(steps: &[BTreeMap<Vec<u8>, Batch>], oracle: fn(&Map) -> B256) {
    let (mut trie, mut nests) = (Trie::new(), Nests::new());
    for step in steps {
        let before = (trie.clone(), oracle_root(&nests, oracle));
        change(&mut trie, &mut nests, step);
        assert_eq!(trie.root(), oracle_root(&nests, oracle));
        for (key, inner) in &nests {
            assert_eq!(trie.get(key).unwrap().unwrap().inner.root(), oracle(inner));
        }
        assert_eq!(before.0.root(), before.1, "a clone does not change");
    }
}

proptest! {
    #[test]
    fn tries_in_values_are_hashed_before_the_trie_around_them(steps in changes(crowded_key)) {
        compare(&steps, alloy_root);
    }

    #[test]
    fn a_value_in_a_branch_is_gathered_too(steps in changes(ragged_key)) {
        compare(&steps, yellow_paper_root);
    }
}

/// More nodes than are gathered at once, in the trie and inside of its values, and then few of them.
#[test]
fn what_does_not_fit_into_one_batch_is_hashed_in_several() {
    let key = |i: u32| keccak256(i.to_be_bytes()).to_vec();
    let slots = |from: u32, count: u32| -> Batch {
        let value = |i: u32| Some(Bytes::from(vec![1; 1 + i as usize % 70]));
        (from..from + count).map(|i| (key(i), value(i))).collect()
    };
    let (mut trie, mut nests) = (Trie::new(), Nests::new());
    let all = (0..3_000).map(|i| (key(i), slots(i, if i % 500 == 0 { 3_000 } else { i % 7 })));
    change(&mut trie, &mut nests, &all.collect());
    assert_eq!(trie.root(), oracle_root(&nests, alloy_root));

    let few = (0..3_000).step_by(331).map(|i| (key(i), slots(i + 5, 2)));
    change(&mut trie, &mut nests, &few.collect());
    assert_eq!(trie.root(), oracle_root(&nests, alloy_root));
}
