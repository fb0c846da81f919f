//! Roots, reads, order and persistence.

use std::collections::BTreeMap;

use alloy_primitives::{Bytes, keccak256};
use proptest::prelude::*;

use super::oracle::{
    Batch, Map, alloy_root, apply_to_map, batches, crowded_key, map, ragged_key, trie_of,
    yellow_paper_root,
};
use crate::trie::{EMPTY_ROOT, MAX_KEY_LEN, Trie, TrieError, ordered_root};

/// Applies the batches to a trie and to a map, and compares them after each.
fn compare_history(batches: &[Batch], oracle: fn(&Map) -> alloy_primitives::B256) {
    let (mut model, mut trie) = (Map::new(), Trie::new());
    let mut history = Vec::new();
    for batch in batches {
        history.push((trie.clone(), model.clone()));
        trie.apply(batch.clone()).unwrap();
        apply_to_map(&mut model, batch);
        assert_eq!(trie.root(), oracle(&model));
        assert_eq!(trie_of(&model).root(), oracle(&model), "built at once");
        assert_same_leaves(&trie, &model);
        trie.read_ahead(&batch.keys().collect::<Vec<_>>());
        for key in batch.keys() {
            assert_eq!(trie.get(key).unwrap(), model.get(key));
        }
    }
    for (old, model) in history {
        assert_same_leaves(&old, &model);
        assert_eq!(old.root(), oracle(&model), "a clone does not change");
    }
}

fn assert_same_leaves(trie: &Trie<Bytes>, model: &Map) {
    let leaves: Vec<_> = trie.iter().map(Result::unwrap).collect();
    let expected: Vec<_> = model.iter().map(|(key, value)| (key.as_slice(), value)).collect();
    assert_eq!(
        leaves.iter().map(|(key, value)| (key.as_key().unwrap(), *value)).collect::<Vec<_>>(),
        expected
    );
}

proptest! {
    #[test]
    fn any_history_ends_at_the_oracles_root(batches in batches(crowded_key())) {
        compare_history(&batches, alloy_root);
    }

    #[test]
    fn any_history_with_keys_that_are_prefixes_follows_the_definition(batches in batches(ragged_key())) {
        compare_history(&batches, yellow_paper_root);
    }

    #[test]
    fn the_definition_agrees_with_alloy(map in map(crowded_key())) {
        prop_assert_eq!(yellow_paper_root(&map), alloy_root(&map));
    }

    #[test]
    fn one_by_one_is_the_same_as_a_batch(batches in batches(ragged_key())) {
        let (mut single, mut batched) = (Trie::new(), Trie::new());
        for batch in batches {
            for (key, value) in &batch {
                match value {
                    Some(value) => single.insert(key, value.clone()).unwrap(),
                    None => single.remove(key).unwrap(),
                }
            }
            batched.apply(batch).unwrap();
            prop_assert_eq!(single.root(), batched.root());
        }
    }

    #[test]
    fn changing_a_value_in_place_changes_the_root_as_inserting_does(map in map(ragged_key()), pick: prop::sample::Index) {
        prop_assume!(!map.is_empty());
        let key = map.keys().nth(pick.index(map.len())).unwrap();
        let (mut inserted, mut changed) = (trie_of(&map), trie_of(&map));
        let (old, new) = (changed.clone(), Bytes::from_static(b"new"));
        changed.root();
        inserted.insert(key, new.clone()).unwrap();
        *changed.get_mut(key).unwrap().unwrap() = new;
        prop_assert_eq!(changed.root(), inserted.root());
        prop_assert_eq!(old.root(), yellow_paper_root(&map));
    }

    #[test]
    fn ordered_root_is_that_of_the_oracle(items in prop::collection::vec(super::oracle::value(), 0..300)) {
        let expected = alloy_trie::root::ordered_trie_root_with_encoder(&items, |item, out| out.extend_from_slice(item));
        prop_assert_eq!(ordered_root(&items), expected);
    }
}

#[test]
fn hashed_keys_inserted_and_removed_match_the_oracle() {
    let key = |i: u32| keccak256(i.to_be_bytes()).to_vec();
    let (mut model, mut trie) = (Map::new(), Trie::new());
    for i in 0..400_u32 {
        let value = Bytes::from(i.to_be_bytes().to_vec());
        model.insert(key(i), value.clone());
        trie.insert(&key(i), value).unwrap();
        assert_eq!(trie.root(), alloy_root(&model), "{i} inserted");
    }
    for i in 0..400 {
        model.remove(&key(i));
        trie.remove(&key(i)).unwrap();
        assert_eq!(trie.root(), alloy_root(&model), "{i} removed");
    }
    assert!(trie.is_empty());
}

#[test]
fn ordered_root_is_right_where_the_index_encoding_grows() {
    for count in [0, 1, 2, 127, 128, 129, 255, 256, 257, 1000] {
        let items: Vec<_> = (1..=count).map(|i: usize| vec![1; i % 90 + 1]).collect();
        let expected = alloy_trie::root::ordered_trie_root_with_encoder(&items, |item, out| {
            out.extend_from_slice(item)
        });
        assert_eq!(ordered_root(&items), expected, "{count} items");
    }
}

#[test]
fn the_empty_trie_has_the_empty_root() {
    assert_eq!(Trie::<Bytes>::new().root(), EMPTY_ROOT);
    assert_eq!(EMPTY_ROOT, alloy_trie::EMPTY_ROOT_HASH);
    assert!(Trie::<Bytes>::from_root(EMPTY_ROOT).is_empty());
}

#[test]
fn a_batch_out_of_order_is_refused() {
    let mut trie = Trie::new();
    let value = Some(Bytes::from_static(b"v"));
    assert!(matches!(
        trie.apply([("b", value.clone()), ("a", value.clone())]),
        Err(TrieError::Unsorted { .. })
    ));
    assert!(matches!(
        trie.apply([("a", value.clone()), ("a", value)]),
        Err(TrieError::Unsorted { .. })
    ));
    assert!(trie.is_empty());
}

#[test]
fn a_key_that_is_too_long_is_refused() {
    let trie = Trie::<Bytes>::new();
    let got = MAX_KEY_LEN + 1;
    assert_eq!(trie.get(&vec![0; got]), Err(TrieError::KeyTooLong { got, limit: MAX_KEY_LEN }));
    assert_eq!(trie.get(&[0; MAX_KEY_LEN]), Ok(None));
}

#[test]
fn nobody_elses_nodes_are_changed_when_shared_and_root_is_known() {
    let model: BTreeMap<_, _> =
        (0..200_u8).map(|i| (keccak256([i]).to_vec(), Bytes::from(vec![i; 40]))).collect();
    let original = trie_of(&model);
    let root = original.root();
    let mut copy = original.clone();
    copy.apply(model.keys().map(|key| (key, None))).unwrap();
    assert!(copy.is_empty());
    assert_eq!(original.root(), root);
    assert_same_leaves(&original, &model);
}
