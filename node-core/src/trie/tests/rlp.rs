//! Encodings that are refused, and paths.

use alloy_primitives::{Bytes, hex};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::trie::nibbles::{Nibbles, PathEnd};
use crate::trie::node::{Link, Node};
use crate::trie::{MAX_KEY_LEN, NodeError, rlp};

fn decode(bytes: &[u8], path: &Nibbles) -> Result<Node<Bytes>, NodeError> {
    rlp::decode(bytes, path)
}

fn refusal(bytes: &[u8]) -> NodeError {
    decode(bytes, &Nibbles::EMPTY).expect_err("refused")
}

/// A branch with these references for nibbles 0 and 1, and a value.
fn branch(first: &[u8], second: &[u8], value: &[u8]) -> Vec<u8> {
    let payload = [first, second, &[0x80; 14], value].concat();
    let mut out = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload].concat()
}

const HASH: [u8; 33] = [0xa0; 33];

#[test]
fn a_branch_of_hashes_is_read() {
    let node = decode(&branch(&HASH, &HASH, &[0x80]), &Nibbles::EMPTY).unwrap();
    let Node::Branch(branch) = node else { panic!("a branch") };
    assert!(matches!(*branch.children, [Link::Blinded(_), Link::Blinded(_)]));
}

#[test]
fn shapes_that_no_trie_has_are_refused() {
    assert_eq!(
        refusal(&branch(&HASH, &[0x80], &[0x80])),
        NodeError::Shape,
        "a branch with one child"
    );
    assert_eq!(
        refusal(&[&hex!("e200"), &HASH[..]].concat()),
        NodeError::Shape,
        "an extension without path"
    );
    assert_eq!(refusal(&hex!("c22080")), NodeError::Shape, "a leaf without value");
    assert_eq!(refusal(&hex!("c411c22001")), NodeError::Shape, "an extension to a leaf");
    assert_eq!(refusal(&hex!("c3010203")), NodeError::ItemCount { got: 3 });
    assert_eq!(refusal(&hex!("c24001")), NodeError::Path, "an unknown flag");
    assert_eq!(refusal(&hex!("c22101")), NodeError::Path, "padding that is not zero");
    assert_eq!(
        refusal(&branch(&[0x01], &HASH, &[0x80])),
        NodeError::Reference,
        "a reference of one byte"
    );
    assert!(matches!(refusal(&hex!("c2200100")), NodeError::Rlp(_)), "a byte after the end");
    assert!(matches!(refusal(&hex!("83646f67")), NodeError::Rlp(_)), "a string");
}

#[test]
fn a_reference_of_32_bytes_or_more_is_not_embedded() {
    let long_leaf = [&hex!("df20 9d")[..], &[1; 29], &[]].concat();
    assert_eq!(long_leaf.len(), 32);
    assert_eq!(refusal(&branch(&long_leaf, &HASH, &[0x80])), NodeError::Reference);
}

#[test]
fn a_path_below_the_longest_key_is_refused() {
    let deepest = Nibbles::from_key(&[0; MAX_KEY_LEN]).unwrap();
    assert_eq!(decode(&branch(&HASH, &HASH, &[0x80]), &deepest).unwrap_err(), NodeError::Path);
    assert_eq!(decode(&hex!("c23101"), &deepest).unwrap_err(), NodeError::Path);
    assert!(decode(&hex!("c22001"), &deepest).is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..80)) {
        let _ = decode(&bytes, &Nibbles::EMPTY);
    }

    #[test]
    fn hex_prefix_round_trips(key in vec(any::<u8>(), 0..=32), from: prop::sample::Index, to: prop::sample::Index, leaf: bool) {
        let path = Nibbles::from_key(&key).unwrap();
        let to = to.index(path.len() + 1);
        let from = from.index(to + 1);
        let end = if leaf { PathEnd::Value } else { PathEnd::Node };
        let mut encoded = Vec::new();
        path.prefix(to).encode_compact(from, end, &mut encoded);
        prop_assert_eq!(encoded.len(), path.prefix(to).compact_len(from));
        prop_assert_eq!(Nibbles::decode_compact(&encoded), Ok((path.slice(from, to), end)));
    }

    #[test]
    fn paths_sort_and_share_as_their_nibbles(a in vec(0..4_u8, 0..9), b in vec(0..4_u8, 0..9)) {
        let path = |nibbles: &[u8]| nibbles.iter().fold(Nibbles::EMPTY, |mut path, nibble| { path.push(*nibble); path });
        let (pa, pb) = (path(&a), path(&b));
        prop_assert_eq!(pa.cmp(&pb), a.cmp(&b));
        prop_assert_eq!(pa.common_prefix_len(&pb), a.iter().zip(&b).take_while(|(a, b)| a == b).count());
        prop_assert_eq!(pa.starts_with(&pb), a.starts_with(&b));
    }
}
