//! The public verbs.

use std::fmt;
use std::sync::Arc;

use alloy_primitives::{B256, Bytes, b256};

use super::build::build;
use super::hash::Hasher;
use super::node::{Branch, Link, Node};
use super::update::{Update, update};
use super::{Iter, Nibbles, TrieError, Value};

/// Root of the trie without leaves: the hash of the empty string's RLP.
pub const EMPTY_ROOT: B256 =
    b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// A persistent sparse Merkle-Patricia trie.
///
/// A clone is O(1) and independent: changing one never shows in the other. Keys have at most
/// [`super::MAX_KEY_LEN`] bytes; state tries use hashes ("secure" keys), which the caller makes.
#[derive(Clone)]
pub struct Trie<V> {
    pub(super) root: Link<V>,
    /// Whether blinded nodes are possible. A trie that was never partial can't fail to update.
    pub(super) partial: bool,
}

impl<V: Value> Trie<V> {
    /// The trie without leaves.
    pub const fn new() -> Self {
        Self { root: Link::Empty, partial: false }
    }

    /// The trie of which only the root hash is known.
    pub fn from_root(root: B256) -> Self {
        if root == EMPTY_ROOT {
            return Self::new();
        }
        Self { root: Link::Blinded(root), partial: true }
    }

    /// Builds a trie from leaves in strictly ascending order of keys.
    ///
    /// # Errors
    /// [`TrieError::Unsorted`], [`TrieError::KeyTooLong`].
    pub fn from_sorted<K: AsRef<[u8]>>(
        leaves: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, TrieError> {
        let leaves = sorted(leaves)?;
        Ok(Self { root: build(0, leaves.len(), &mut leaves.into_iter()), partial: false })
    }

    /// Whether there are no leaves.
    pub const fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// The value of a key.
    ///
    /// # Errors
    /// [`TrieError::Blinded`] when the answer is behind a blinded node, [`TrieError::KeyTooLong`].
    pub fn get(&self, key: &[u8]) -> Result<Option<&V>, TrieError> {
        let key = Nibbles::from_key(key)?;
        let (mut link, mut depth) = (&self.root, 0);
        loop {
            match link {
                Link::Empty => return Ok(None),
                Link::Blinded(hash) => {
                    return Err(TrieError::Blinded { path: key.prefix(depth), hash: *hash });
                }
                Link::Loaded(Node::Leaf(leaf), _) => {
                    return Ok((leaf.key == key).then_some(&leaf.value));
                }
                Link::Loaded(node, _) => match step(node, &key, &mut depth) {
                    Some(child) => link = child,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Changes the value of a key in place; the path to it counts as changed.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn get_mut(&mut self, key: &[u8]) -> Result<Option<&mut V>, TrieError> {
        let key = Nibbles::from_key(key)?;
        let (mut link, mut depth) = (&mut self.root, 0);
        loop {
            match link {
                Link::Empty => return Ok(None),
                Link::Blinded(hash) => {
                    return Err(TrieError::Blinded { path: key.prefix(depth), hash: *hash });
                }
                Link::Loaded(Node::Leaf(leaf), cached) => {
                    cached.take();
                    return Ok((leaf.key == key).then(|| &mut Arc::make_mut(leaf).value));
                }
                Link::Loaded(node, cached) => {
                    cached.take();
                    match step_mut(node, &key, &mut depth) {
                        Some(child) => link = child,
                        None => return Ok(None),
                    }
                }
            }
        }
    }

    /// Gives access to a value for loading more of what is below it; it must keep its encoding, so
    /// the path to it does not count as changed.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn load_mut(&mut self, key: &[u8]) -> Result<Option<&mut V>, TrieError> {
        let key = Nibbles::from_key(key)?;
        let (mut link, mut depth) = (&mut self.root, 0);
        loop {
            match link {
                Link::Empty => return Ok(None),
                Link::Blinded(hash) => {
                    return Err(TrieError::Blinded { path: key.prefix(depth), hash: *hash });
                }
                Link::Loaded(Node::Leaf(leaf), _) => {
                    return Ok((leaf.key == key).then(|| &mut Arc::make_mut(leaf).value));
                }
                Link::Loaded(node, _) => match step_mut(node, &key, &mut depth) {
                    Some(child) => link = child,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn insert(&mut self, key: &[u8], value: V) -> Result<(), TrieError> {
        self.apply([(key, Some(value))])
    }

    /// Removes a key. Removing what is not there changes nothing.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn remove(&mut self, key: &[u8]) -> Result<(), TrieError> {
        self.apply([(key, None)])
    }

    /// Sets (`Some`) and removes (`None`) keys, given in strictly ascending order.
    ///
    /// # Errors
    /// [`TrieError::Blinded`] when a path leads through a blinded node, or a removal leaves a
    /// branch with one child that is blinded; [`TrieError::Unsorted`]; [`TrieError::KeyTooLong`].
    /// The trie is unchanged then.
    pub fn apply<K: AsRef<[u8]>>(
        &mut self,
        updates: impl IntoIterator<Item = (K, Option<V>)>,
    ) -> Result<(), TrieError> {
        if !self.partial {
            return self.apply_loaded(updates);
        }
        let mut batch: Vec<Update<V>> = sorted(updates)?;
        if batch.is_empty() {
            return Ok(());
        }
        // Sharing the root makes the update copy what it changes, and so able to give up half-way.
        let mut next = self.root.clone();
        update(&mut next, 0, &mut batch)?;
        self.root = next;
        Ok(())
    }

    /// As [`Self::apply`], for who knows that all that is needed is loaded, or keeps a clone.
    ///
    /// Changes in place what nobody else holds.
    ///
    /// # Errors
    /// As [`Self::apply`], but part of the batch may be applied then.
    pub fn apply_loaded<K: AsRef<[u8]>>(
        &mut self,
        updates: impl IntoIterator<Item = (K, Option<V>)>,
    ) -> Result<(), TrieError> {
        let mut batch: Vec<Update<V>> = sorted(updates)?;
        if batch.is_empty() {
            return Ok(());
        }
        update(&mut self.root, 0, &mut batch)
    }

    /// Whether there can be blinded nodes.
    pub const fn is_partial(&self) -> bool {
        self.partial
    }

    /// The root hash. Hashes only what changed since the last time.
    pub fn root(&self) -> B256 {
        Hasher::default().root(&self.root)
    }

    /// Paths of all blinded nodes, in order.
    pub fn blinded(&self) -> impl Iterator<Item = Nibbles> + '_ {
        self.iter().filter_map(|leaf| match leaf {
            Err(TrieError::Blinded { path, .. }) => Some(path),
            _ => None,
        })
    }

    /// All leaves in ascending order of keys.
    pub fn iter(&self) -> Iter<'_, V> {
        Iter::new(&self.root)
    }

    /// The nodes from the root to where `key` is or would be, as `eth_getProof` lists them
    /// (EIP-1186). Nodes embedded in their parent are not listed again. Empty for the empty trie.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn prove(&self, key: &[u8]) -> Result<Vec<Bytes>, TrieError> {
        let key = Nibbles::from_key(key)?;
        let mut hasher = Hasher::default();
        let (mut link, mut depth) = (&self.root, 0);
        let mut proof = Vec::new();
        loop {
            let node = match link {
                Link::Empty => return Ok(proof),
                Link::Blinded(hash) => {
                    return Err(TrieError::Blinded { path: key.prefix(depth), hash: *hash });
                }
                Link::Loaded(node, _) => node,
            };
            let embedded = hasher
                .reference(link, depth)
                .is_some_and(|reference| reference.as_hash().is_none());
            if depth == 0 || !embedded {
                proof.push(Bytes::copy_from_slice(hasher.encode(node, depth)));
            }
            match step(node, &key, &mut depth) {
                Some(child) if depth <= key.len() => link = child,
                _ => return Ok(proof),
            }
        }
    }
}

/// The child of an inner node on the way to `key`, `depth` moved on to it.
///
/// The leaf of a value in the branch is deeper than its key: it has no encoding of its own.
pub(super) fn step<'a, V>(
    node: &'a Node<V>,
    key: &Nibbles,
    depth: &mut usize,
) -> Option<&'a Link<V>> {
    match node {
        Node::Leaf(_) => None,
        Node::Extension(extension) => {
            let passes = key.follows(*depth, &extension.path) == extension.path.len();
            *depth += extension.path.len();
            passes.then_some(&extension.child)
        }
        Node::Branch(branch) => {
            let child = branch.child(Branch::<V>::slot_of(key, *depth));
            *depth += 1;
            child
        }
    }
}

/// As [`step`], unsharing the node.
pub(super) fn step_mut<'a, V: Value>(
    node: &'a mut Node<V>,
    key: &Nibbles,
    depth: &mut usize,
) -> Option<&'a mut Link<V>> {
    match node {
        Node::Leaf(_) => None,
        Node::Extension(extension) => {
            let passes = key.follows(*depth, &extension.path) == extension.path.len();
            *depth += extension.path.len();
            passes.then(|| &mut Arc::make_mut(extension).child)
        }
        Node::Branch(branch) => {
            let position = branch.position(Branch::<V>::slot_of(key, *depth))?;
            *depth += 1;
            Some(&mut branch.children_mut()[position])
        }
    }
}

/// Keys to paths, checked to ascend.
fn sorted<K: AsRef<[u8]>, T>(
    items: impl IntoIterator<Item = (K, T)>,
) -> Result<Vec<(Nibbles, T)>, TrieError> {
    let items: Vec<_> = items
        .into_iter()
        .map(|(key, item)| Ok((Nibbles::from_key(key.as_ref())?, item)))
        .collect::<Result<_, TrieError>>()?;
    match items.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        Some(pair) => Err(TrieError::Unsorted { previous: pair[0].0, next: pair[1].0 }),
        None => Ok(items),
    }
}

impl<V: Value> Default for Trie<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> fmt::Debug for Trie<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trie")
            .field("empty", &self.root.is_empty())
            .field("partial", &self.partial)
            .finish_non_exhaustive()
    }
}
