//! Subtrees from sorted leaves.

use std::vec;

use super::Nibbles;
use super::node::{Branch, Link, Node};

/// Builds the subtree at `depth` of the next `count` leaves, whose keys share `depth` nibbles.
pub(super) fn build<V>(
    depth: usize,
    count: usize,
    leaves: &mut vec::IntoIter<(Nibbles, V)>,
) -> Link<V> {
    if count < 2 {
        return leaves
            .next()
            .filter(|_| count == 1)
            .map_or(Link::Empty, |(key, value)| Link::leaf(key, value));
    }
    let keys = leaves.as_slice();
    let first = keys[0].0;
    let fork = first.common_prefix_len(&keys[count - 1].0);
    let branch = build_branch(fork, count, leaves);
    Link::extension(first.slice(depth, fork), branch)
}

/// Builds the branch at `depth`, where the keys of the next `count` leaves part.
fn build_branch<V>(
    depth: usize,
    mut count: usize,
    leaves: &mut vec::IntoIter<(Nibbles, V)>,
) -> Link<V> {
    let mut children = Vec::new();
    while count > 0 {
        let left = &leaves.as_slice()[..count];
        let slot = Branch::<V>::slot_of(&left[0].0, depth);
        let same = left.partition_point(|(key, _)| Branch::<V>::slot_of(key, depth) == slot);
        children.push((slot, build(depth + 1, same, leaves)));
        count -= same;
    }
    Node::Branch(Branch::from_children(children)).into()
}
