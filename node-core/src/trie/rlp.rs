//! Nodes to and from RLP (Yellow Paper, appendix D).
//!
//! | node | items |
//! |---|---|
//! | leaf | hex-prefix path with terminator, value |
//! | extension | hex-prefix path, reference |
//! | branch | 16 references or empty strings, value or empty string |
//!
//! A reference is the 32-byte hash of the child's encoding, or the encoding itself below 32 bytes.

use std::sync::OnceLock;

use alloy_rlp::{EMPTY_LIST_CODE, EMPTY_STRING_CODE, Header, PayloadView};

use super::nibbles::PathEnd;
use super::node::{Branch, Link, Node, NodeRef, VALUE_SLOT};
use super::{Nibbles, NodeError, Value};

/// References of a branch to the subtrees of the 16 nibbles.
pub(super) type BranchRefs = [Option<NodeRef>; 16];

/// Appends a leaf at `depth` that ends `key`.
pub(super) fn encode_leaf(key: &Nibbles, depth: usize, value: &[u8], out: &mut Vec<u8>) {
    let path_len = compact_string_len(key, depth);
    list_header(path_len + string_len(value), out);
    encode_path(key, depth, PathEnd::Value, out);
    encode_string(value, out);
}

/// Appends an extension over `path` to `child`.
pub(super) fn encode_extension(path: &Nibbles, child: &NodeRef, out: &mut Vec<u8>) {
    list_header(compact_string_len(path, 0) + child.encoded_len(), out);
    encode_path(path, 0, PathEnd::Node, out);
    child.encode(out);
}

/// Appends a branch; an empty `value` is none.
pub(super) fn encode_branch(refs: &BranchRefs, value: &[u8], out: &mut Vec<u8>) {
    let refs_len: usize =
        refs.iter().map(|child| child.as_ref().map_or(1, NodeRef::encoded_len)).sum();
    list_header(refs_len + string_len(value), out);
    for child in refs {
        match child {
            Some(child) => child.encode(out),
            None => out.push(EMPTY_STRING_CODE),
        }
    }
    encode_string(value, out);
}

fn list_header(payload_length: usize, out: &mut Vec<u8>) {
    Header { list: true, payload_length }.encode(out);
}

fn string_len(bytes: &[u8]) -> usize {
    alloy_rlp::Encodable::length(bytes)
}

fn encode_string(bytes: &[u8], out: &mut Vec<u8>) {
    alloy_rlp::Encodable::encode(bytes, out);
}

/// Length of a hex-prefix path as an RLP string: one byte stands for itself, being below 0x80.
const fn compact_string_len(path: &Nibbles, from: usize) -> usize {
    let len = path.compact_len(from);
    if len == 1 { 1 } else { 1 + len }
}

fn encode_path(path: &Nibbles, from: usize, end: PathEnd, out: &mut Vec<u8>) {
    let payload_length = path.compact_len(from);
    if payload_length > 1 {
        Header { list: false, payload_length }.encode(out);
    }
    path.encode_compact(from, end, out);
}

/// Reads the node at `path`; children that it names by hash are blinded.
///
/// # Errors
/// [`NodeError`] unless the bytes are exactly one node in canonical shape.
pub(super) fn decode<V: Value>(mut bytes: &[u8], path: &Nibbles) -> Result<Node<V>, NodeError> {
    let PayloadView::List(items) = Header::decode_raw(&mut bytes)? else {
        return Err(alloy_rlp::Error::UnexpectedString.into());
    };
    if !bytes.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength.into());
    }
    match items.as_slice() {
        [compact, target] => decode_short(compact, target, path),
        children if children.len() == 17 => decode_branch(children, path),
        other => Err(NodeError::ItemCount { got: other.len() }),
    }
}

fn decode_short<V: Value>(
    mut compact: &[u8],
    target: &[u8],
    path: &Nibbles,
) -> Result<Node<V>, NodeError> {
    let (rest, end) = Nibbles::decode_compact(Header::decode_bytes(&mut compact, false)?)?;
    let whole = path.join(&rest).ok_or(NodeError::Path)?;
    if end == PathEnd::Value {
        return match decode_value(target, &whole)? {
            Link::Loaded(leaf, _) => Ok(leaf),
            _ => Err(NodeError::Shape),
        };
    }
    let child = decode_reference(target, &whole)?;
    match Link::extension(rest, child) {
        Link::Loaded(Node::Extension(extension), _) if leads_to_branch(&extension.child) => {
            Ok(Node::Extension(extension))
        }
        _ => Err(NodeError::Shape),
    }
}

/// Whether an extension may point there. What is blinded shows itself when revealed.
const fn leads_to_branch<V>(child: &Link<V>) -> bool {
    matches!(child, Link::Blinded(_) | Link::Loaded(Node::Branch(_), _))
}

fn decode_branch<V: Value>(items: &[&[u8]], path: &Nibbles) -> Result<Node<V>, NodeError> {
    let mut children = Vec::with_capacity(items.len());
    children.push((VALUE_SLOT, decode_value(items[16], path)?));
    for (nibble, item) in (0_u8..16).zip(items) {
        let below = path.join(&Nibbles::of(nibble)).ok_or(NodeError::Path)?;
        children.push((1 + u32::from(nibble), decode_reference(item, &below)?));
    }
    children.retain(|(_, child)| !child.is_empty());
    if children.len() < 2 {
        return Err(NodeError::Shape);
    }
    Ok(Node::Branch(Branch::from_children(children)))
}

/// Reads a value as the leaf of `key`; nothing when it is the empty string.
fn decode_value<V: Value>(mut item: &[u8], key: &Nibbles) -> Result<Link<V>, NodeError> {
    let bytes = Header::decode_bytes(&mut item, false)?;
    Ok(if bytes.is_empty() { Link::Empty } else { Link::leaf(*key, V::decode(bytes)?) })
}

fn decode_reference<V: Value>(item: &[u8], path: &Nibbles) -> Result<Link<V>, NodeError> {
    const HASH_CODE: u8 = EMPTY_STRING_CODE + 32;
    match item {
        [EMPTY_STRING_CODE] => Ok(Link::Empty),
        [HASH_CODE, hash @ ..] if hash.len() == 32 => {
            Ok(Link::Blinded(alloy_primitives::B256::from_slice(hash)))
        }
        [first, ..] if *first >= EMPTY_LIST_CODE && item.len() < 32 => {
            Ok(Link::Loaded(decode(item, path)?, OnceLock::from(NodeRef::of(item))))
        }
        _ => Err(NodeError::Reference),
    }
}
