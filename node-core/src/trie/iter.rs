//! Leaves in order.

use super::node::{Link, Node, VALUE_SLOT};
use super::{Nibbles, TrieError};

/// Iterator over the leaves of a trie, in ascending order of keys.
///
/// A blinded subtree yields one [`TrieError::Blinded`] in its place; iteration may go on.
#[derive(Debug)]
pub struct Iter<'a, V> {
    /// Subtrees to come, the next one last.
    stack: Vec<(Nibbles, &'a Link<V>)>,
}

impl<'a, V> Iter<'a, V> {
    pub(super) fn new(root: &'a Link<V>) -> Self {
        Self::at(Nibbles::EMPTY, root)
    }

    /// Iterates over the subtree at `path`.
    pub(super) fn at(path: Nibbles, link: &'a Link<V>) -> Self {
        Self { stack: vec![(path, link)] }
    }

    fn push_children(&mut self, path: &Nibbles, node: &'a Node<V>) {
        match node {
            Node::Leaf(_) => {}
            Node::Extension(extension) => {
                self.stack.push((path.below(&extension.path), &extension.child))
            }
            Node::Branch(branch) => {
                let first = self.stack.len();
                for (slot, child) in branch.slots().zip(branch.children.iter()) {
                    let nibble = slot
                        .checked_sub(VALUE_SLOT + 1)
                        .and_then(|nibble| u8::try_from(nibble).ok());
                    let rest = nibble.map_or(Nibbles::EMPTY, Nibbles::of);
                    self.stack.push((path.below(&rest), child));
                }
                self.stack[first..].reverse();
            }
        }
    }
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = Result<(&'a Nibbles, &'a V), TrieError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (path, link) = self.stack.pop()?;
            match link {
                Link::Empty => {}
                Link::Blinded(hash) => return Some(Err(TrieError::Blinded { path, hash: *hash })),
                Link::Loaded(Node::Leaf(leaf), _) => return Some(Ok((&leaf.key, &leaf.value))),
                Link::Loaded(node, _) => self.push_children(&path, node),
            }
        }
    }
}
