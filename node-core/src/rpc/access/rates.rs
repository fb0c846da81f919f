use core::num::NonZeroU32;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Rate;

/// Keys of one generation. Those that were seen least lately are forgotten when a second one is full, so a crowd of
/// made-up keys takes 16 MiB at the most.
const GENERATION: usize = 65_536;

/// How much each key used of a rate.
///
/// The generic cell rate algorithm (ITU-T I.371): of a key, only the time is kept until which it has used up what it
/// took.
#[derive(Debug)]
pub(super) struct Rates<K>(Mutex<Used<K>>);

/// Until when each key has used up what it took, in Unix microseconds.
#[derive(Debug)]
struct Used<K> {
    young: BTreeMap<K, u64>,
    old: BTreeMap<K, u64>,
}

impl<K> Default for Rates<K> {
    fn default() -> Self {
        Self(Mutex::new(Used { young: BTreeMap::new(), old: BTreeMap::new() }))
    }
}

impl<K: Ord + Copy> Rates<K> {
    /// Takes `count` when there is one at least: the rest is a debt. Otherwise says in how many milliseconds there
    /// is one.
    pub(super) fn take(&self, key: K, count: usize, rate: Rate, now_ms: u64) -> Result<(), u64> {
        let (now_us, interval_us) = (now_ms.saturating_mul(1_000), interval_us(rate));
        let burst_us = interval_us.saturating_mul(u64::from(rate.burst.get()) - 1);
        let mut used = self.used();
        let until_us = used.until_us(&key).max(now_us);
        let ahead_us = (until_us - now_us).saturating_sub(burst_us);
        if ahead_us > 0 {
            return Err(ahead_us.div_ceil(1_000));
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        used.set(key, until_us.saturating_add(interval_us.saturating_mul(count)));
        Ok(())
    }

    /// Takes one back.
    pub(super) fn give_back(&self, key: &K, rate: Rate) {
        let mut used = self.used();
        let until_us = used.until_us(key);
        used.set(*key, until_us.saturating_sub(interval_us(rate)));
    }

    fn used(&self) -> MutexGuard<'_, Used<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        let used = self.used();
        used.young.len() + used.old.len()
    }
}

impl<K: Ord> Used<K> {
    fn until_us(&self, key: &K) -> u64 {
        self.young.get(key).or_else(|| self.old.get(key)).copied().unwrap_or_default()
    }

    fn set(&mut self, key: K, until_us: u64) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(key, until_us);
    }
}

/// Time in which one comes back.
const fn interval_us(rate: Rate) -> u64 {
    const MINUTE_US: u64 = 60_000_000;
    let per_minute: NonZeroU32 = rate.per_minute;
    MINUTE_US / per_minute.get() as u64
}
