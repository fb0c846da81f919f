//! The pass that hashes what changed.
//!
//! Separate from updating, so that a whole block's changes are hashed once. A node whose reference
//! is cached is not visited: the pass costs as much as the batch, not as the trie.

use alloy_primitives::{B256, keccak256};

use super::node::{Branch, Link, Node, NodeRef, VALUE_SLOT};
use super::rlp::{self, BranchRefs};
use super::{EMPTY_ROOT, Value};

/// Buffers of one pass.
#[derive(Debug, Default)]
pub(super) struct Hasher {
    encoding: Vec<u8>,
    value: Vec<u8>,
}

impl Hasher {
    /// The root hash of a whole trie (Yellow Paper, equation 195: hashed even when short).
    pub(super) fn root<V: Value>(&mut self, root: &Link<V>) -> B256 {
        let Some(reference) = self.reference(root, 0) else { return EMPTY_ROOT };
        reference.as_hash().unwrap_or_else(|| {
            self.encoding.clear();
            reference.encode(&mut self.encoding);
            keccak256(&self.encoding)
        })
    }

    /// The reference to a subtree at `depth`; `None` for no subtree.
    pub(super) fn reference<V: Value>(&mut self, link: &Link<V>, depth: usize) -> Option<NodeRef> {
        match link {
            Link::Empty => None,
            Link::Blinded(hash) => Some(NodeRef::hash(*hash)),
            Link::Loaded(node, cached) => {
                Some(*cached.get_or_init(|| NodeRef::of(self.encode(node, depth))))
            }
        }
    }

    /// The encoding of a node at `depth`, valid until the next call.
    pub(super) fn encode<V: Value>(&mut self, node: &Node<V>, depth: usize) -> &[u8] {
        match node {
            Node::Leaf(leaf) => {
                self.value.clear();
                leaf.value.encode(&mut self.value);
                self.encoding.clear();
                rlp::encode_leaf(&leaf.key, depth, &self.value, &mut self.encoding);
            }
            Node::Extension(extension) => {
                let child = self.reference(&extension.child, depth + extension.path.len());
                self.encoding.clear();
                if let Some(child) = child {
                    rlp::encode_extension(&extension.path, &child, &mut self.encoding);
                }
            }
            Node::Branch(branch) => self.encode_branch(branch, depth),
        }
        &self.encoding
    }

    /// Children first: they use the same buffers.
    fn encode_branch<V: Value>(&mut self, branch: &Branch<V>, depth: usize) {
        let mut refs: BranchRefs = [None; 16];
        for (place, slot) in refs.iter_mut().zip(VALUE_SLOT + 1..) {
            *place = branch.child(slot).and_then(|child| self.reference(child, depth + 1));
        }
        self.value.clear();
        if let Some(Link::Loaded(Node::Leaf(leaf), _)) = branch.child(VALUE_SLOT) {
            leaf.value.encode(&mut self.value);
        }
        self.encoding.clear();
        rlp::encode_branch(&refs, &self.value, &mut self.encoding);
    }
}
