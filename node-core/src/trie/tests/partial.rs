//! Tries of which only a part is loaded: the right answer or an error, never another answer.

use alloy_primitives::{Bytes, keccak256};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::oracle::{
    Map, all_nodes, alloy_root, apply_to_map, crowded_key, map, ragged_key, trie_of, value,
};
use crate::trie::{Nibbles, NodeSet, Trie, TrieError};

/// A trie with nothing but the paths to `keys` loaded.
fn partial_trie(full: &Trie<Bytes>, keys: &[Vec<u8>]) -> Trie<Bytes> {
    let mut partial = Trie::from_root(full.root());
    for key in keys {
        partial.reveal_path(key, &full.prove(key).unwrap()).unwrap();
    }
    partial
}

proptest! {
    #[test]
    fn a_partial_trie_reads_right_or_names_what_is_blinded(
        map in map(ragged_key()), known in vec(ragged_key(), 0..6), probe in ragged_key(),
    ) {
        let partial = partial_trie(&trie_of(&map), &known);
        for key in &known {
            prop_assert_eq!(partial.get(key).unwrap(), map.get(key));
        }
        match partial.get(&probe) {
            Ok(found) => prop_assert_eq!(found, map.get(&probe)),
            Err(error) => prop_assert!(matches!(error, TrieError::Blinded { .. }), "{}", error),
        }
    }

    #[test]
    fn a_partial_trie_updates_as_the_full_one_or_not_at_all(
        model in map(crowded_key()),
        known in vec(crowded_key(), 0..12),
        batch in btree_map(crowded_key(), prop::option::of(value()), 0..8),
    ) {
        let full = trie_of(&model);
        let mut partial = partial_trie(&full, &known);
        let mut after = model;
        apply_to_map(&mut after, &batch);
        match partial.apply(batch.clone()) {
            Ok(()) => prop_assert_eq!(partial.root(), alloy_root(&after)),
            Err(TrieError::Blinded { .. }) => prop_assert_eq!(partial.root(), full.root()),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn revealing_what_errors_name_leads_to_the_end(
        model in map(ragged_key()), batch in btree_map(ragged_key(), prop::option::of(value()), 0..8),
    ) {
        let mut full = trie_of(&model);
        let nodes = all_nodes(&full);
        let mut partial = Trie::<Bytes>::from_root(full.root());
        let mut rounds = 0;
        while let Err(error) = partial.apply(batch.clone()) {
            let TrieError::Blinded { path, hash } = error else { panic!("{error}") };
            let node = nodes.get(&hash).expect("an error names a node of the trie").clone();
            prop_assert_eq!(partial.reveal(&NodeSet::from_iter([node])).unwrap(), 1, "at {}", path);
            rounds += 1;
            prop_assert!(rounds < 1000);
        }
        full.apply(batch).unwrap();
        prop_assert_eq!(partial.root(), full.root());
    }

    #[test]
    fn all_nodes_reveal_the_whole_trie(map in map(ragged_key())) {
        let full = trie_of(&map);
        let mut partial = Trie::<Bytes>::from_root(full.root());
        partial.reveal(&all_nodes(&full)).unwrap();
        prop_assert_eq!(partial.root(), full.root());
        let leaves: Vec<_> = partial.iter().map(|leaf| leaf.unwrap().1.clone()).collect();
        prop_assert_eq!(leaves, map.into_values().collect::<Vec<_>>());
    }
}

#[test]
fn everything_behind_a_root_alone_is_blinded() {
    let root = keccak256("some root");
    let mut trie = Trie::<Bytes>::from_root(root);
    let blinded = TrieError::Blinded { path: Nibbles::EMPTY, hash: root };
    assert_eq!(trie.root(), root);
    assert_eq!(trie.get(b"key"), Err(blinded.clone()));
    assert_eq!(trie.prove(b"key"), Err(blinded.clone()));
    assert_eq!(trie.remove(b"key"), Err(blinded.clone()));
    assert_eq!(trie.iter().next(), Some(Err(blinded)));
}

#[test]
fn a_removal_next_to_a_blinded_node_names_the_neighbour() {
    let value = Bytes::from(vec![1; 40]);
    let full = trie_of(&Map::from([(vec![0x10], value.clone()), (vec![0x20], value)]));
    let mut partial = partial_trie(&full, &[vec![0x10]]);
    let Err(TrieError::Blinded { path, .. }) = partial.remove(&[0x10]) else {
        panic!("the neighbour is blinded")
    };
    assert_eq!(path, Nibbles::of(2));
    assert_eq!(partial.root(), full.root());
    assert!(partial.get(&[0x10]).unwrap().is_some());
}

#[test]
fn nodes_that_nothing_refers_to_are_ignored() {
    let full = trie_of(&Map::from([(vec![0x10], Bytes::from(vec![1; 40]))]));
    let mut partial = Trie::<Bytes>::from_root(full.root());
    let stranger = trie_of(&Map::from([(vec![0x10], Bytes::from(vec![2; 40]))]));
    assert_eq!(partial.reveal(&all_nodes(&stranger)), Ok(0));
    assert!(partial.get(&[0x10]).is_err());
}
