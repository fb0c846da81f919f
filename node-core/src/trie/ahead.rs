//! Reading many keys at once.

use std::hint::black_box;

use super::node::Link;
use super::ops::step;
use super::{Nibbles, Trie, Value};

impl<V: Value> Trie<V> {
    /// Reads the ways to `keys` into the cache of the processor, for [`Self::get`] to find them there.
    ///
    /// A walk waits for memory at every node; here all walk side by side and wait together.
    pub fn read_ahead<K: AsRef<[u8]>>(&self, keys: &[K]) {
        let way = |key: &K| Some((&self.root, Nibbles::from_key(key.as_ref()).ok()?, 0));
        let mut ways: Vec<_> = keys.iter().filter_map(way).collect();
        let mut seen = 0_usize;
        while !ways.is_empty() {
            ways.retain_mut(|(link, key, depth)| {
                seen = seen.wrapping_add(link.holders());
                let Link::Loaded(node, _) = link else { return false };
                let next = step(node, key, depth).filter(|_| *depth <= key.len());
                next.is_some_and(|child| {
                    *link = child;
                    true
                })
            });
        }
        black_box(seen);
    }
}
