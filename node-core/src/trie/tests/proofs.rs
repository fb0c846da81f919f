//! Proofs, ours against alloy's and the other way round.

use alloy_primitives::{B256, Bytes, keccak256};
use proptest::prelude::*;

use super::oracle::{Map, alloy_proof, crowded_key, map, ragged_key, trie_of};
use crate::trie::{EMPTY_ROOT, ProofError, Trie, TrieError, verify_proof};

/// Makes every value long, so that no node is embedded: alloy lists embedded nodes once more.
fn lengthened(map: Map) -> Map {
    map.into_iter().map(|(key, value)| (key, Bytes::from(value.repeat(40)))).collect()
}

fn alloy_accepts(root: B256, key: &[u8], value: Option<&Bytes>, proof: &[Bytes]) -> bool {
    let value = value.map(|value| value.to_vec());
    alloy_trie::proof::verify_proof(root, alloy_trie::Nibbles::unpack(key), value, proof).is_ok()
}

proptest! {
    #[test]
    fn a_proof_proves_what_the_trie_holds(map in map(ragged_key()), probe in ragged_key()) {
        let trie = trie_of(&map);
        for key in map.keys().chain([&probe]) {
            let proof = trie.prove(key).unwrap();
            prop_assert_eq!(verify_proof(trie.root(), key, &proof).unwrap(), map.get(key).cloned());
        }
    }

    #[test]
    fn alloy_accepts_our_proofs(map in map(crowded_key()), probe in crowded_key()) {
        let trie = trie_of(&map);
        for key in map.keys().chain([&probe]) {
            let proof = trie.prove(key).unwrap();
            // alloy's verifier does not know a root below 32 bytes, which hashed keys never have.
            prop_assume!(proof.first().is_none_or(|root| root.len() >= 32));
            prop_assert!(alloy_accepts(trie.root(), key, map.get(key), &proof));
        }
    }

    #[test]
    fn our_proofs_are_alloys_proofs(map in map(crowded_key()).prop_map(lengthened), probe in crowded_key()) {
        let trie = trie_of(&map);
        for key in map.keys().chain([&probe]) {
            let theirs = alloy_proof(&map, key);
            prop_assert_eq!(verify_proof(trie.root(), key, &theirs).unwrap(), map.get(key).cloned());
            if !map.is_empty() {
                prop_assert_eq!(trie.prove(key).unwrap(), theirs);
            }
        }
    }

    #[test]
    fn a_changed_proof_is_refused(map in map(crowded_key()), probe in crowded_key(), at: prop::sample::Index, bit in 0..8_u8) {
        let trie = trie_of(&map);
        let mut proof = trie.prove(&probe).unwrap();
        prop_assume!(!proof.is_empty());
        let total: usize = proof.iter().map(|node| node.len()).sum();
        let mut place = at.index(total);
        for node in &mut proof {
            if place < node.len() {
                let mut bytes = node.to_vec();
                bytes[place] ^= 1 << bit;
                *node = bytes.into();
                break;
            }
            place -= node.len();
        }
        prop_assert!(verify_proof(trie.root(), &probe, &proof).is_err());
    }

    #[test]
    fn a_cut_or_prolonged_proof_is_refused(map in map(crowded_key()), probe in crowded_key()) {
        let trie = trie_of(&map);
        let mut proof = trie.prove(&probe).unwrap();
        proof.push(Bytes::from_static(&[0xc0]));
        let trailing = verify_proof(trie.root(), &probe, &proof);
        prop_assert_eq!(trailing, Err(ProofError::Trailing { count: 1 }));
        proof.pop();
        if proof.pop().is_some() {
            let cut = verify_proof(trie.root(), &probe, &proof);
            prop_assert!(matches!(cut, Err(ProofError::Incomplete { .. })), "{cut:?}");
        }
    }
}

#[test]
fn the_empty_trie_proves_absence_with_nothing() {
    assert_eq!(Trie::<Bytes>::new().prove(b"key"), Ok(vec![]));
    assert_eq!(verify_proof(EMPTY_ROOT, b"key", &[]), Ok(None));
    assert_eq!(verify_proof(EMPTY_ROOT, b"key", &[Bytes::from_static(&[0x80])]), Ok(None));
}

#[test]
fn a_proof_for_another_root_is_refused() {
    let trie = trie_of(&Map::from([(vec![1; 4], Bytes::from(vec![1; 40]))]));
    let proof = trie.prove(&[1; 4]).unwrap();
    let other = keccak256("another root");
    let expected = ProofError::HashMismatch { index: 0, got: trie.root(), expected: other };
    assert_eq!(verify_proof(other, &[1; 4], &proof), Err(expected));
}

#[test]
fn a_root_that_is_no_node_is_malformed() {
    let junk = Bytes::from_static(b"this is not RLP of a trie node, whatever its hash");
    let outcome = verify_proof(keccak256(&junk), b"key", &[junk]);
    assert!(matches!(outcome, Err(ProofError::Trie(TrieError::Malformed { .. }))), "{outcome:?}");
}
