//! A sorted batch of changes, each path touched once.
//!
//! Nodes that nobody else holds are changed in place; shared ones are copied first.

use std::mem;
use std::sync::Arc;

use super::build::build;
use super::collapse::{compact, prepend};
use super::node::{Branch, Extension, Leaf, Link, Node};
use super::{Nibbles, TrieError, Value};

/// A new value for a key, or its removal.
pub(super) type Update<V> = (Nibbles, Option<V>);

/// Applies a batch, sorted and never empty, to the subtree at `depth`.
///
/// # Errors
/// [`TrieError::Blinded`]; part of the batch may be applied then.
pub(super) fn update<V: Value>(
    link: &mut Link<V>,
    depth: usize,
    batch: &mut [Update<V>],
) -> Result<(), TrieError> {
    match link {
        Link::Empty => {
            *link = build_all(depth, present(batch));
            Ok(())
        }
        Link::Blinded(hash) => {
            Err(TrieError::Blinded { path: batch[0].0.prefix(depth), hash: *hash })
        }
        Link::Loaded(Node::Leaf(_), _) => {
            update_leaf(link, depth, batch);
            Ok(())
        }
        Link::Loaded(Node::Extension(_), _) => update_extension(link, depth, batch),
        Link::Loaded(Node::Branch(_), _) => update_branch(link, depth, batch),
    }
}

/// The insertions of a batch.
fn present<V>(batch: &mut [Update<V>]) -> Vec<(Nibbles, V)> {
    batch.iter_mut().filter_map(|(key, value)| value.take().map(|value| (*key, value))).collect()
}

fn build_all<V>(depth: usize, leaves: Vec<(Nibbles, V)>) -> Link<V> {
    build(depth, leaves.len(), &mut leaves.into_iter())
}

/// One leaf is so little that the subtree is built anew, from it and the batch.
fn update_leaf<V: Value>(link: &mut Link<V>, depth: usize, batch: &mut [Update<V>]) {
    let Link::Loaded(Node::Leaf(leaf), cached) = link else { return };
    if let [(key, value @ Some(_))] = batch
        && *key == leaf.key
    {
        if let Some(value) = value.take() {
            replace(leaf, value);
        }
        cached.take();
        return;
    }
    let survives = batch.binary_search_by_key(&leaf.key, |(key, _)| *key).is_err();
    if survives && batch.iter().all(|(_, value)| value.is_none()) {
        return;
    }
    let mut leaves = present(batch);
    if survives {
        let place = leaves.partition_point(|(key, _)| *key < leaf.key);
        leaves.insert(place, (leaf.key, leaf.value.clone()));
    }
    *link = build_all(depth, leaves);
}

/// Gives a leaf another value, in place when nobody else holds it.
fn replace<V>(leaf: &mut Arc<Leaf<V>>, value: V) {
    match Arc::get_mut(leaf) {
        Some(leaf) => leaf.value = value,
        None => *leaf = Arc::new(Leaf { key: leaf.key, value }),
    }
}

fn update_extension<V: Value>(
    link: &mut Link<V>,
    depth: usize,
    batch: &mut [Update<V>],
) -> Result<(), TrieError> {
    let Link::Loaded(Node::Extension(extension), cached) = link else { return Ok(()) };
    let path = extension.path;
    let shared = |key: &Nibbles| key.follows(depth, &path);
    let inserted = batch.iter().filter(|(_, value)| value.is_some());
    let fork = inserted.map(|(key, _)| shared(key)).min().unwrap_or(path.len());
    if fork < path.len() {
        *link = split(mem::take(link), fork);
        return update(link, depth, batch);
    }
    // What does not pass through here removes keys that are not there.
    let Some(first) = batch.iter().position(|(key, _)| shared(key) == path.len()) else {
        return Ok(());
    };
    let passing = batch[first..].iter().take_while(|(key, _)| shared(key) == path.len()).count();
    let passing = &mut batch[first..first + passing];

    let at = passing[0].0.prefix(depth);
    let child = &mut Arc::make_mut(extension).child;
    update(child, depth + path.len(), passing)?;
    cached.take();
    if !matches!(child, Link::Loaded(Node::Branch(_), _)) {
        *link = prepend(&path, mem::take(child), &at)?;
    }
    Ok(())
}

/// Cuts an extension at `fork` with a branch that has one child, for the update that follows to
/// give it another.
fn split<V: Value>(link: Link<V>, fork: usize) -> Link<V> {
    let Link::Loaded(Node::Extension(extension), _) = link else { return link };
    let Extension { path, child } = Arc::unwrap_or_clone(extension);
    let lower = Link::extension(path.slice(fork + 1, path.len()), child);
    let slot = Branch::<V>::slot_of(&path, fork);
    let branch = Node::Branch(Branch::from_children(vec![(slot, lower)]));
    Link::extension(path.prefix(fork), branch.into())
}

fn update_branch<V: Value>(
    link: &mut Link<V>,
    depth: usize,
    batch: &mut [Update<V>],
) -> Result<(), TrieError> {
    let Link::Loaded(Node::Branch(branch), cached) = link else { return Ok(()) };
    let slot_of = |update: &Update<V>| Branch::<V>::slot_of(&update.0, depth);
    let at = batch[0].0.prefix(depth);

    let mut inserted = 0;
    let mut reached = false;
    for update in &*batch {
        inserted |= u32::from(update.1.is_some()) << slot_of(update);
        reached |= branch.position(slot_of(update)).is_some();
    }
    if inserted == 0 && !reached {
        return Ok(());
    }
    branch.open(inserted);
    for group in batch.chunk_by_mut(|a, b| slot_of(a) == slot_of(b)) {
        let Some(position) = branch.position(slot_of(&group[0])) else { continue };
        update(&mut branch.children_mut()[position], depth + 1, group)?;
    }
    cached.take();
    if let Some(instead) = compact(branch, &at)? {
        *link = instead;
    }
    Ok(())
}
