//! Hashing large subtrees on several processors.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::Value;
use super::hash::Unhashed;
use super::node::{Branch, Link, Node, VALUE_SLOT};

/// Changed ways two levels down from which on it is worth waking others: some 50 us of work.
const WORTH: usize = 64;

/// Hashes what is below the children of the node at `depth`, each child on whatever processor is free, if much of it
/// changed. What is left to be hashed then is the node itself.
pub(super) fn hash_children<V: Value>(link: &Link<V>, depth: usize) {
    let Link::Loaded(Node::Branch(branch), cached) = link else { return };
    if cached.get().is_some() || changed_ways(branch) < WORTH {
        return;
    }
    let slots: Vec<_> = branch.slots().collect();
    branch.children.par_iter().zip(slots).for_each(|(child, slot)| {
        // The leaf of a branch's own value is encoded in the branch.
        if slot != VALUE_SLOT {
            Unhashed::hash_below(child, depth + 1);
        }
    });
}

/// How many grandchildren are to be hashed.
fn changed_ways<V>(branch: &Branch<V>) -> usize {
    let is_changed =
        |link: &&Link<V>| matches!(link, Link::Loaded(_, cached) if cached.get().is_none());
    let below = |child: &Link<V>| match child {
        Link::Loaded(Node::Branch(branch), _) => branch.children.iter().filter(is_changed).count(),
        _ => 1,
    };
    branch.children.iter().filter(is_changed).map(below).sum()
}
