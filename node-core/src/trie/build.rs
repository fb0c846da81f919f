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
    build_of(depth, count, leaves, &|_, key, value| Link::leaf(key, value))
}

/// Builds the nodes at `depth` that lead to the next `count` subtrees, each at its path.
pub(super) fn build_links<V>(
    depth: usize,
    count: usize,
    subtrees: &mut vec::IntoIter<(Nibbles, Link<V>)>,
) -> Link<V> {
    build_of(depth, count, subtrees, &|depth, path, link| {
        Link::extension(path.slice(depth, path.len()), link)
    })
}

/// Makes the link at a depth to the only item below it.
type Only<'a, T, V> = &'a dyn Fn(usize, Nibbles, T) -> Link<V>;

fn build_of<T, V>(
    depth: usize,
    count: usize,
    items: &mut vec::IntoIter<(Nibbles, T)>,
    only: Only<'_, T, V>,
) -> Link<V> {
    if count < 2 {
        return items
            .next()
            .filter(|_| count == 1)
            .map_or(Link::Empty, |(key, item)| only(depth, key, item));
    }
    let keys = items.as_slice();
    let first = keys[0].0;
    let fork = first.common_prefix_len(&keys[count - 1].0);
    let branch = build_branch(fork, count, items, only);
    Link::extension(first.slice(depth, fork), branch)
}

/// Builds the branch at `depth`, where the keys of the next `count` items part.
fn build_branch<T, V>(
    depth: usize,
    mut count: usize,
    items: &mut vec::IntoIter<(Nibbles, T)>,
    only: Only<'_, T, V>,
) -> Link<V> {
    let mut children = Vec::new();
    while count > 0 {
        let left = &items.as_slice()[..count];
        let slot = Branch::<V>::slot_of(&left[0].0, depth);
        let same = left.partition_point(|(key, _)| Branch::<V>::slot_of(key, depth) == slot);
        children.push((slot, build_of(depth + 1, same, items, only)));
        count -= same;
    }
    Node::Branch(Branch::from_children(children)).into()
}
