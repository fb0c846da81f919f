//! Nodes from outside in place of blinded ones, each checked by its hash.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use alloy_primitives::{B256, Bytes, keccak256};

use super::hash::Hasher;
use super::node::{Link, Node, NodeRef};
use super::ops::step_mut;
use super::{Nibbles, NodeError, ProofError, Trie, TrieError, Value, rlp};

/// Encoded nodes by their hash: a witness, or proofs thrown together in any order.
#[derive(Debug, Clone, Default)]
pub struct NodeSet(BTreeMap<B256, Bytes>);

impl NodeSet {
    /// The node with a hash.
    pub fn get(&self, hash: &B256) -> Option<&Bytes> {
        self.0.get(hash)
    }
}

impl FromIterator<Bytes> for NodeSet {
    fn from_iter<I: IntoIterator<Item = Bytes>>(nodes: I) -> Self {
        Self(nodes.into_iter().map(|node| (keccak256(&node), node)).collect())
    }
}

impl<V: Value> Trie<V> {
    /// Puts the nodes of `nodes` in place wherever a blinded node has their hash, as deep as they
    /// reach. Nodes that nothing refers to are ignored. Returns how many found a place.
    ///
    /// Walks all that is loaded; for one key [`Self::reveal_path`] is quicker.
    ///
    /// # Errors
    /// [`TrieError::Malformed`] for a node that has the right hash and is no node. What is revealed
    /// stays so.
    pub fn reveal(&mut self, nodes: &NodeSet) -> Result<usize, TrieError> {
        fill(&mut self.root, &Nibbles::EMPTY, nodes)
    }

    /// Reveals the way to `key` from its EIP-1186 proof, root first.
    ///
    /// # Errors
    /// [`ProofError`] unless the proof is exactly the nodes that [`Trie::prove`] would give. Nodes
    /// revealed before the error are right and stay.
    pub fn reveal_path(&mut self, key: &[u8], proof: &[Bytes]) -> Result<(), ProofError> {
        let key = Nibbles::from_key(key)?;
        let mut hasher = Hasher::default();
        let mut nodes = proof.iter().enumerate();
        let (mut link, mut depth) = (&mut self.root, 0);
        // Some clients prove that the empty trie is empty with its one empty node.
        if link.is_empty() && matches!(proof, [node] if node[..] == [alloy_rlp::EMPTY_STRING_CODE])
        {
            return Ok(());
        }
        while let Some(expected) = named(&mut hasher, link, depth) {
            if let Some(hash) = expected {
                let (index, node) =
                    nodes.next().ok_or(ProofError::Incomplete { expected: hash })?;
                let got = keccak256(node);
                if got != hash {
                    return Err(ProofError::HashMismatch { index, got, expected: hash });
                }
                place(link, &key.prefix(depth), node)?;
            }
            let Link::Loaded(node, _) = link else { break };
            match step_mut(node, &key, &mut depth) {
                Some(child) if depth <= key.len() => link = child,
                _ => break,
            }
        }
        match nodes.count() {
            0 => Ok(()),
            count => Err(ProofError::Trailing { count }),
        }
    }
}

/// The hash by which a proof lists a node: `Some(None)` when it is embedded in its parent, `None`
/// when there is no node.
fn named<V: Value>(hasher: &mut Hasher, link: &Link<V>, depth: usize) -> Option<Option<B256>> {
    let reference = hasher.reference(link, depth)?;
    Some(if depth == 0 { Some(hasher.root(link)) } else { reference.as_hash() })
}

/// Replaces a blinded link by the node, whose hash is checked. A loaded one stays.
fn place<V: Value>(link: &mut Link<V>, path: &Nibbles, encoding: &[u8]) -> Result<(), TrieError> {
    let Link::Blinded(hash) = *link else { return Ok(()) };
    let malformed = |source| TrieError::Malformed { path: *path, hash, source };
    // Below 32 bytes only the root goes by its hash.
    if encoding.len() < 32 && !path.is_empty() {
        return Err(malformed(NodeError::Reference));
    }
    let node = rlp::decode(encoding, path).map_err(malformed)?;
    let reference = if encoding.len() < 32 { NodeRef::of(encoding) } else { NodeRef::hash(hash) };
    *link = Link::Loaded(node, OnceLock::from(reference));
    Ok(())
}

/// Reveals below one link.
fn fill<V: Value>(link: &mut Link<V>, path: &Nibbles, nodes: &NodeSet) -> Result<usize, TrieError> {
    let mut placed = 0;
    if let Link::Blinded(hash) = link {
        let Some(encoding) = nodes.0.get(hash) else { return Ok(0) };
        place(link, path, encoding)?;
        placed += 1;
    }
    let Link::Loaded(node, _) = link else { return Ok(placed) };
    if !wants(node, nodes) {
        return Ok(placed);
    }
    match node {
        Node::Leaf(_) => {}
        Node::Extension(extension) => {
            let below = path.below(&extension.path);
            placed += fill(&mut Arc::make_mut(extension).child, &below, nodes)?;
        }
        Node::Branch(branch) => {
            let slots = branch.slots();
            for (slot, child) in slots.zip(Arc::make_mut(&mut branch.children)) {
                // The value's leaf has nothing to reveal, so its path does not matter.
                let nibble = u8::try_from(slot.saturating_sub(1)).unwrap_or_default();
                if !matches!(child, Link::Loaded(Node::Leaf(_), _)) {
                    placed += fill(child, &path.below(&Nibbles::of(nibble)), nodes)?;
                }
            }
        }
    }
    Ok(placed)
}

/// Whether something below a node can be revealed; nodes where nothing can are not unshared.
fn wants<V>(node: &Node<V>, nodes: &NodeSet) -> bool {
    let link_wants = |link: &Link<V>| match link {
        Link::Empty => false,
        Link::Blinded(hash) => nodes.0.contains_key(hash),
        Link::Loaded(node, _) => wants(node, nodes),
    };
    match node {
        Node::Leaf(_) => false,
        Node::Extension(extension) => link_wants(&extension.child),
        Node::Branch(branch) => branch.children.iter().any(link_wants),
    }
}
