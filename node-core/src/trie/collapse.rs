//! What a removal leaves behind is brought back to the one canonical shape.

use std::sync::Arc;

use super::node::{Branch, Extension, Link, Node, VALUE_SLOT};
use super::{Nibbles, TrieError, Value};

/// Puts `path` in front of a subtree that became the only one below `at`.
///
/// # Errors
/// [`TrieError::Blinded`]: whether the path melts into the node or becomes an extension depends on
/// what the node is.
pub(super) fn prepend<V: Value>(
    path: &Nibbles,
    child: Link<V>,
    at: &Nibbles,
) -> Result<Link<V>, TrieError> {
    match child {
        Link::Empty => Ok(Link::Empty),
        Link::Blinded(hash) => Err(TrieError::Blinded { path: at.below(path), hash }),
        // A leaf knows its whole key; only its depth, and so its encoding, changes.
        Link::Loaded(Node::Leaf(leaf), _) => Ok(Node::Leaf(leaf).into()),
        Link::Loaded(Node::Extension(extension), _) => {
            let Extension { path: rest, child } = Arc::unwrap_or_clone(extension);
            Ok(Link::extension(path.below(&rest), child))
        }
        branch @ Link::Loaded(Node::Branch(_), _) => Ok(Link::extension(*path, branch)),
    }
}

/// Drops the emptied children of a branch at `at`.
///
/// Returns what takes the branch's place when fewer than two children are left.
///
/// # Errors
/// [`TrieError::Blinded`] when the last child left is blinded.
pub(super) fn compact<V: Value>(
    branch: &mut Branch<V>,
    at: &Nibbles,
) -> Result<Option<Link<V>>, TrieError> {
    if branch.children.len() > 1 && !branch.children.iter().any(Link::is_empty) {
        return Ok(None);
    }
    let mut left: Vec<_> =
        branch.slots().zip(branch.take_children()).filter(|(_, child)| !child.is_empty()).collect();
    if left.len() > 1 {
        *branch = Branch::from_children(left);
        return Ok(None);
    }
    let Some((slot, child)) = left.pop() else { return Ok(Some(Link::Empty)) };
    prepend(&path_of_slot(slot), child, at).map(Some)
}

/// The path that a slot adds: none for the value.
fn path_of_slot(slot: u32) -> Nibbles {
    let nibble = slot.checked_sub(VALUE_SLOT + 1).and_then(|nibble| u8::try_from(nibble).ok());
    nibble.map_or(Nibbles::EMPTY, Nibbles::of)
}
