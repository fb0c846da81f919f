use std::collections::BTreeMap;

/// Values that were used lately, bounded in bytes.
#[derive(Debug)]
pub(super) struct Lru<K, V> {
    most_bytes: usize,
    bytes: usize,
    uses: u64,
    held: BTreeMap<K, Held<V>>,
    by_use: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Held<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Ord + Copy, V: Clone> Lru<K, V> {
    /// Holds nothing, and never more than `most_bytes`.
    pub(super) const fn new(most_bytes: usize) -> Self {
        Self { most_bytes, bytes: 0, uses: 0, held: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    /// Returns a value that is held; it is the last one to go now.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let held = self.held.get_mut(key)?;
        self.uses += 1;
        self.by_use.remove(&held.used);
        held.used = self.uses;
        self.by_use.insert(self.uses, *key);
        Some(held.value.clone())
    }

    /// Holds a value; those go that were not used for longest. One that alone is too large is not held.
    pub(super) fn put(&mut self, key: K, value: V, bytes: usize) {
        self.forget(&key);
        if bytes > self.most_bytes {
            return;
        }
        self.uses += 1;
        self.bytes += bytes;
        self.by_use.insert(self.uses, key);
        self.held.insert(key, Held { value, bytes, used: self.uses });
        while self.bytes > self.most_bytes {
            let Some(oldest) = self.by_use.values().next().copied() else { return };
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, key: &K) {
        if let Some(held) = self.held.remove(key) {
            self.bytes -= held.bytes;
            self.by_use.remove(&held.used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut lru = Lru::new(30);
        for key in [1, 2, 3] {
            lru.put(key, key, 10);
        }
        assert_eq!(lru.get(&1), Some(1));
        lru.put(4, 4, 10);
        let held: Vec<_> = [1, 2, 3, 4].into_iter().filter_map(|key| lru.get(&key)).collect();
        assert_eq!(held, [1, 3, 4]);
    }

    #[test]
    fn it_is_never_larger_than_it_may_be() {
        let mut lru = Lru::new(30);
        for key in 0..100_usize {
            lru.put(key % 7, key, 1 + key % 40);
            let bytes: usize = lru.held.values().map(|held| held.bytes).sum();
            assert_eq!(bytes, lru.bytes);
            assert!(bytes <= 30 && lru.held.len() == lru.by_use.len());
        }
        lru.put(1, 5, 31);
        assert_eq!(lru.get(&1), None, "too large alone, and the old value is not the value");
    }
}
