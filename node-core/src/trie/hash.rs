//! The pass that hashes what changed.
//!
//! Separate from updating, so that a whole block's changes are hashed once. A node whose reference
//! is cached is not visited: the pass costs as much as the batch, not as the trie.
//!
//! Nodes of one depth do not depend on each other, so they are hashed many at a time, the deepest
//! first; with the feature `parallel`, large subtrees also on several processors (`apart`). Tries inside of values ([`Value::gather`]) go before the trie that they are in, all of
//! them together.

use std::fmt;

use alloy_primitives::{B256, keccak256};

use super::node::{Link, Node, NodeRef, VALUE_SLOT};
use super::rlp::{self, BranchRefs};
use super::{EMPTY_ROOT, MAX_KEY_LEN, Trie, Value};
use crate::keccak::Messages;

/// Nodes that are gathered before they are hashed: a few hundred KiB, what the second level of the
/// cache holds. More would have left it before they are hashed.
const GATHERED: usize = 1_024;

/// Nodes that are encoded before they are hashed: what the first level of the cache holds.
const ENCODED: usize = 64;

/// Depths of a trie. A trie inside of a value begins so much deeper than the one around it.
const DEPTHS: usize = 2 * MAX_KEY_LEN + 1;

/// Buffers of one walk.
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
        link.known_reference().or_else(|| {
            #[cfg(feature = "parallel")]
            super::apart::hash_children(link, depth);
            Unhashed::hash_below(link, depth);
            link.known_reference()
        })
    }

    /// The encoding of a node at `depth` whose reference is known, valid until the next call.
    pub(super) fn encode<V: Value>(&mut self, node: &Node<V>, depth: usize) -> &[u8] {
        self.encoding.clear();
        encode(node, depth, &mut self.value, &mut self.encoding);
        &self.encoding
    }
}

/// Appends the encoding of a node at `depth`, below which everything is hashed. `value` is a buffer.
fn encode<V: Value>(node: &Node<V>, depth: usize, value: &mut Vec<u8>, out: &mut Vec<u8>) {
    value.clear();
    match node {
        Node::Leaf(leaf) => {
            leaf.value.encode(value);
            rlp::encode_leaf(&leaf.key, depth, value, out);
        }
        Node::Extension(extension) => {
            if let Some(child) = extension.child.known_reference() {
                rlp::encode_extension(&extension.path, &child, out);
            }
        }
        Node::Branch(branch) => {
            let mut refs: BranchRefs = [None; 16];
            for (place, slot) in refs.iter_mut().zip(VALUE_SLOT + 1..) {
                *place = branch.child(slot).and_then(Link::known_reference);
            }
            if let Some(Link::Loaded(Node::Leaf(leaf), _)) = branch.child(VALUE_SLOT) {
                leaf.value.encode(value);
            }
            rlp::encode_branch(&refs, value, out);
        }
    }
}

/// Nodes that are to be hashed, by depth.
///
/// What is below a node is gathered before it, so that everything gathered can be hashed at any time.
#[derive(Default)]
pub struct Unhashed<'a> {
    /// By depth; those of tries inside of values by depth and [`DEPTHS`].
    levels: Vec<Vec<&'a dyn Pending>>,
    /// Nodes in all levels.
    count: usize,
    /// Where the trie begins that is being gathered.
    top: usize,
    encoder: Encoder,
}

/// Buffers of a pass.
#[derive(Debug, Default)]
struct Encoder {
    value: Vec<u8>,
    messages: Messages,
    hashes: Vec<B256>,
}

impl<'a> Unhashed<'a> {
    /// Gathers the nodes of a trie inside of the value that is being gathered.
    pub fn add<V: Value>(&mut self, trie: &'a Trie<V>) {
        #[cfg(feature = "parallel")]
        super::apart::hash_children(&trie.root, 0);
        self.top += DEPTHS;
        self.visit(&trie.root, 0);
        self.top -= DEPTHS;
    }

    /// Hashes the subtree at `depth`.
    pub(super) fn hash_below<V: Value>(link: &Link<V>, depth: usize) {
        let mut unhashed = Unhashed::default();
        unhashed.visit(link, depth);
        unhashed.hash();
    }

    /// Gathers what is not hashed in the subtree at `depth`.
    fn visit<V: Value>(&mut self, link: &'a Link<V>, depth: usize) {
        let Link::Loaded(node, cached) = link else { return };
        if cached.get().is_some() {
            return;
        }
        match node {
            Node::Leaf(leaf) => leaf.value.gather(self),
            Node::Extension(extension) => {
                self.visit(&extension.child, depth + extension.path.len());
            }
            Node::Branch(branch) => {
                for (slot, child) in branch.slots().zip(branch.children.iter()) {
                    match child {
                        // The leaf of a branch's own value is encoded in the branch.
                        Link::Loaded(Node::Leaf(leaf), _) if slot == VALUE_SLOT => {
                            leaf.value.gather(self);
                        }
                        _ => self.visit(child, depth + 1),
                    }
                }
            }
        }
        self.push(link, depth);
    }

    fn push(&mut self, node: &'a dyn Pending, depth: usize) {
        let level = self.top + depth;
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(node);
        self.count += 1;
        if self.count == GATHERED {
            self.hash();
        }
    }

    /// Hashes everything gathered so far.
    fn hash(&mut self) {
        self.count = 0;
        for (level, nodes) in self.levels.iter_mut().enumerate().rev() {
            for nodes in nodes.chunks(ENCODED) {
                self.encoder.hash(nodes, level % DEPTHS);
            }
            nodes.clear();
        }
    }
}

impl Encoder {
    /// Hashes nodes at `depth`, below which everything is.
    fn hash(&mut self, nodes: &[&dyn Pending], depth: usize) {
        let Self { value, messages, hashes } = self;
        messages.clear();
        for node in nodes {
            messages.push_with(|out| node.encode(depth, value, out));
        }
        messages.hash_into(hashes);
        for ((node, encoding), hash) in nodes.iter().zip(messages.iter()).zip(&*hashes) {
            node.set(NodeRef::embedded(encoding).unwrap_or(NodeRef::hash(*hash)));
        }
    }
}

impl fmt::Debug for Unhashed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unhashed").field("count", &self.count).finish_non_exhaustive()
    }
}

/// A node without reference, whatever the values of its trie are.
trait Pending {
    /// Appends its encoding.
    fn encode(&self, depth: usize, value: &mut Vec<u8>, out: &mut Vec<u8>);

    /// Caches its reference.
    fn set(&self, reference: NodeRef);
}

impl<V: Value> Pending for Link<V> {
    fn encode(&self, depth: usize, value: &mut Vec<u8>, out: &mut Vec<u8>) {
        if let Self::Loaded(node, _) = self {
            encode(node, depth, value, out);
        }
    }

    fn set(&self, reference: NodeRef) {
        if let Self::Loaded(_, cached) = self {
            // Whoever was quicker found the same.
            let _ = cached.set(reference);
        }
    }
}
