//! What waits in the inbox, remembered for a moment.
//!
//! The writer asks for the oldest few thousand again and again. When more than that waits, reading all of it
//! each time would cost the square of the backlog; but what arrives later comes behind, so the front of what was
//! read stays the front. Only this process forgets what it included, and another writer fences it first.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, TxHash};
use node_core::codec::record::Pending;
use tokio::time::{Duration, Instant};

/// How long a picture is believed. Another writer may have included what is in it.
const FRESH: Duration = Duration::from_secs(1);

/// All that waited when the inbox was read.
#[derive(Debug)]
pub(super) struct Picture {
    read_at: Instant,
    /// By arrival.
    waiting: BTreeMap<String, Pending>,
    by_hash: HashMap<TxHash, (String, Address)>,
}

impl Picture {
    /// Takes over what was read; the read began at `read_at`.
    pub(super) fn new(read_at: Instant, waiting: BTreeMap<String, Pending>) -> Self {
        let of = |(at, one): (&String, &Pending)| (one.hash, (at.clone(), one.sender));
        let by_hash = waiting.iter().map(of).collect();
        Self { read_at, waiting, by_hash }
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.read_at.elapsed() < FRESH
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The oldest, in order of arrival.
    pub(super) fn first(&self, limit: usize) -> Vec<Pending> {
        self.waiting.values().take(limit).cloned().collect()
    }

    /// Who sent a transaction that waits.
    pub(super) fn sender(&self, hash: &TxHash) -> Option<Address> {
        self.by_hash.get(hash).map(|(_, sender)| *sender)
    }

    pub(super) fn forget(&mut self, hash: &TxHash) {
        if let Some((at, _)) = self.by_hash.remove(hash) {
            self.waiting.remove(&at);
        }
    }
}
