//! A connected piece of a trie that is stored and loaded as one.
//!
//! A fragment holds either leaves or, higher up, only the branches that lead to other fragments. Of a
//! fragment a trie takes over all, or just the way to one key ([`Trie::graft`]): siblings stay blinded
//! then, so what a trie holds in memory grows with the keys that were asked for, not with the fragments
//! they are in.

use std::sync::{Arc, OnceLock};

use alloy_primitives::B256;

use super::build::{build, build_links};
use super::hash::Hasher;
use super::node::{Branch, Extension, Link, Node};
use super::ops::step;
use super::{Nibbles, Trie, TrieError, Value};

/// A piece of a trie: all nodes from the one at a path down to leaves or to other fragments.
#[derive(Debug, Clone)]
pub struct Fragment<V> {
    path: Nibbles,
    root: Link<V>,
}

/// How much of a fragment [`Trie::graft`] takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graft {
    /// The way to the key. Below a branch with two children the other one's node comes too: a removal
    /// may need it.
    Way,
    /// Everything below the first node that is missing; shared with the fragment until it changes.
    Whole,
}

/// How far [`Trie::graft`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grafted {
    /// The way to the key is loaded to its end.
    Whole,
    /// The way goes on at a node that this fragment does not hold.
    Blinded {
        /// Where the node is.
        path: Nibbles,
        /// Its hash.
        hash: B256,
    },
}

impl<V: Value> Fragment<V> {
    /// The piece at `path` with these leaves, in ascending order of their whole keys.
    ///
    /// # Errors
    /// [`TrieError::Unsorted`]; [`TrieError::Outside`] for a key that is not below `path`.
    pub fn of_leaves(path: Nibbles, leaves: Vec<(Nibbles, V)>) -> Result<Self, TrieError> {
        check_order(&path, leaves.iter().map(|(key, _)| key))?;
        let root = build(path.len(), leaves.len(), &mut leaves.into_iter());
        Ok(Self { path, root })
    }

    /// The piece at `path` that leads to nodes known by their hashes, in ascending order of paths.
    ///
    /// # Errors
    /// As [`Self::of_leaves`]; also when one path leads through another.
    pub fn of_children(path: Nibbles, children: Vec<(Nibbles, B256)>) -> Result<Self, TrieError> {
        check_order(&path, children.iter().map(|(at, _)| at))?;
        let through = |pair: &[(Nibbles, B256)]| pair[1].0.starts_with(&pair[0].0);
        if let Some(pair) = children.windows(2).find(|pair| through(pair)) {
            return Err(TrieError::Unsorted { previous: pair[0].0, next: pair[1].0 });
        }
        let children =
            children.into_iter().map(|(at, hash)| (at, Link::Blinded(hash))).collect::<Vec<_>>();
        let root = build_links(path.len(), children.len(), &mut children.into_iter());
        Ok(Self { path, root })
    }

    /// The path of the topmost node.
    pub const fn path(&self) -> &Nibbles {
        &self.path
    }

    /// The hash of the topmost node, by which its parent knows it; of a whole trie the root hash.
    ///
    /// `None` for a node below the root that is so short that its parent contains it.
    pub fn hash(&self) -> Option<B256> {
        let mut hasher = Hasher::default();
        if self.path.is_empty() {
            return Some(hasher.root(&self.root));
        }
        hasher.reference(&self.root, self.path.len())?.as_hash()
    }

    /// All leaves below `path`, where the node with `hash` is; `None` when it is not there or not all
    /// of them are in this fragment.
    pub fn leaves_below(&self, path: &Nibbles, hash: B256) -> Option<Vec<(Nibbles, V)>> {
        let link = self.find(path, hash)?;
        super::Iter::at(*path, link).map(|leaf| leaf.ok().map(|(k, v)| (*k, v.clone()))).collect()
    }

    /// The node with `hash` at exactly `path`.
    fn find(&self, path: &Nibbles, hash: B256) -> Option<&Link<V>> {
        let (mut link, mut depth) = (&self.root, self.path.len());
        while depth < path.len() {
            let Link::Loaded(node, _) = link else { return None };
            link = step(node, path, &mut depth)?;
        }
        let mut hasher = Hasher::default();
        let found = match depth {
            0 => Some(hasher.root(link)),
            _ => hasher.reference(link, depth)?.as_hash(),
        };
        (depth == path.len() && found == Some(hash)).then_some(link)
    }
}

impl<V: Value> Trie<V> {
    /// The trie of a fragment at the root; what it leads to is blinded.
    pub fn from_fragment(fragment: &Fragment<V>) -> Self {
        Self { root: fragment.root.clone(), partial: true }
    }

    /// Loads the way to `key` as far as `fragment` has it. What is loaded stays as it is.
    pub fn graft(&mut self, key: &Nibbles, fragment: &Fragment<V>, graft: Graft) -> Grafted {
        let end = self.way_ends(key);
        let Grafted::Blinded { path, hash } = end else { return end };
        let Some(found) = fragment.find(&path, hash) else { return end };
        let copy = match graft {
            Graft::Way => thin(found, path.len(), key),
            Graft::Whole => found.clone(),
        };
        self.partial = true;
        // What the fragment does not hold itself stays blinded.
        if matches!(copy, Link::Blinded(_)) || !self.put(key, path.len(), copy) {
            return end;
        }
        self.way_ends(key)
    }

    /// Where the loaded way to `key` ends.
    pub fn way_ends(&self, key: &Nibbles) -> Grafted {
        let (mut link, mut depth) = (&self.root, 0);
        loop {
            match link {
                Link::Blinded(hash) => {
                    return Grafted::Blinded { path: key.prefix(depth), hash: *hash };
                }
                Link::Empty | Link::Loaded(Node::Leaf(_), _) => return Grafted::Whole,
                Link::Loaded(_, _) if depth >= key.len() => return Grafted::Whole,
                Link::Loaded(node, _) => match step(node, key, &mut depth) {
                    Some(child) => link = child,
                    None => return Grafted::Whole,
                },
            }
        }
    }

    /// Puts `instead` where the way to `key` is blinded, at `depth`; references stay what they are.
    fn put(&mut self, key: &Nibbles, depth: usize, instead: Link<V>) -> bool {
        let (mut link, mut at) = (&mut self.root, 0);
        while at < depth {
            let Link::Loaded(node, _) = link else { return false };
            match super::ops::step_mut(node, key, &mut at) {
                Some(child) => link = child,
                None => return false,
            }
        }
        *link = instead;
        true
    }
}

/// A copy of a subtree at `depth` in which only the way to `key` is loaded.
fn thin<V: Value>(link: &Link<V>, depth: usize, key: &Nibbles) -> Link<V> {
    let Link::Loaded(node, cached) = link else { return link.clone() };
    // Found by its hash, so every reference below is known.
    let cached = cached.get().map_or_else(OnceLock::new, |it| OnceLock::from(*it));
    let copy = match node {
        Node::Leaf(_) => node.clone(),
        Node::Extension(extension) => {
            let Extension { path, child } = &**extension;
            let below = depth + path.len();
            let passes = key.len() > depth && key.follows(depth, path) == path.len();
            let child = if passes { thin(child, below, key) } else { blind(child) };
            Node::Extension(Arc::new(Extension { path: *path, child }))
        }
        Node::Branch(branch) => thin_branch(branch, depth, key),
    };
    Link::Loaded(copy, cached)
}

fn thin_branch<V: Value>(branch: &Branch<V>, depth: usize, key: &Nibbles) -> Node<V> {
    let way = (key.len() >= depth).then(|| Branch::<V>::slot_of(key, depth));
    let few = branch.children.len() == 2;
    let children = branch.slots().zip(branch.children.iter());
    let thinned = children.map(|(slot, child)| {
        let copy = match child {
            _ if Some(slot) == way => thin(child, depth + 1, key),
            child if few => top(child),
            child => blind(child),
        };
        (slot, copy)
    });
    Node::Branch(Branch::from_children(thinned.collect()))
}

/// A node with all below it blinded.
fn top<V: Value>(link: &Link<V>) -> Link<V> {
    let Link::Loaded(node, cached) = link else { return link.clone() };
    let copy = match node {
        Node::Leaf(_) => node.clone(),
        Node::Extension(extension) => {
            let child = blind(&extension.child);
            Node::Extension(Arc::new(Extension { path: extension.path, child }))
        }
        Node::Branch(branch) => {
            let children = branch.slots().zip(branch.children.iter());
            Node::Branch(Branch::from_children(
                children.map(|(slot, child)| (slot, blind(child))).collect(),
            ))
        }
    };
    Link::Loaded(copy, cached.clone())
}

/// The hash of a subtree in its place; one that goes without hash stays, being tiny.
fn blind<V: Value>(link: &Link<V>) -> Link<V> {
    match link {
        Link::Loaded(_, cached) => match cached.get().and_then(|it| it.as_hash()) {
            Some(hash) => Link::Blinded(hash),
            None => link.clone(),
        },
        other => other.clone(),
    }
}

fn check_order<'a>(
    path: &Nibbles,
    keys: impl Iterator<Item = &'a Nibbles>,
) -> Result<(), TrieError> {
    let mut previous: Option<&Nibbles> = None;
    for key in keys {
        if !key.starts_with(path) {
            return Err(TrieError::Outside { path: *path, key: *key });
        }
        if let Some(previous) = previous.filter(|previous| *previous >= key) {
            return Err(TrieError::Unsorted { previous: *previous, next: *key });
        }
        previous = Some(key);
    }
    Ok(())
}
