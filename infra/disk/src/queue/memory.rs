use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{PoisonError, RwLock},
};

use alloy_primitives::{Address, TxHash, map::B256Map};
use node_core::{chain::LayerId, codec::record::Pending};

use super::{NAME, segment::Item};
use crate::error::RowError;

/// The inboxes of all layers, as they are on the disk.
#[derive(Debug, Default)]
pub(crate) struct Queues(RwLock<BTreeMap<LayerId, Inbox>>);

/// The inbox of one layer, or what is wrong with its rows.
type Inbox = Result<Queue, String>;

/// What waits in one inbox.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    by_arrival: BTreeMap<u64, Held>,
    by_hash: B256Map<u64>,
    by_sender: BTreeSet<(Address, u64)>,
}

/// A transaction, and the arrival that names its segment.
#[derive(Debug)]
struct Held {
    segment: u64,
    pending: Pending,
}

impl Queues {
    /// Calls `read` with the inbox of `layer`.
    pub(crate) fn read<T>(
        &self,
        layer: LayerId,
        read: impl FnOnce(&Queue) -> T,
    ) -> Result<T, RowError> {
        let queues = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match queues.get(&layer) {
            None => Ok(read(&Queue::default())),
            Some(Ok(queue)) => Ok(read(queue)),
            Some(Err(reason)) => Err(RowError::corrupt(NAME, reason)),
        }
    }

    /// Changes the inbox of `layer`. A damaged one stays as it is: nothing was written to it.
    pub(super) fn change(&self, layer: LayerId, change: impl FnOnce(&mut Queue)) {
        // A panic under this lock is one of the allocator.
        let mut queues = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(queue) = queues.entry(layer).or_insert_with(|| Ok(Queue::default())) {
            change(queue);
        }
    }

    /// Forgets the inbox of `layer`, damaged or not.
    pub(super) fn forget(&self, layer: LayerId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&layer);
    }

    /// Takes over a segment that was read from the disk.
    pub(super) fn load(&self, layer: LayerId, segment: u64, items: Result<Vec<Item>, RowError>) {
        let mut queues = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let inbox = queues.entry(layer).or_insert_with(|| Ok(Queue::default()));
        let Ok(queue) = inbox else { return };
        let loaded = items
            .and_then(|items| items.into_iter().try_for_each(|item| queue.load(segment, item)));
        if let Err(error) = loaded {
            *inbox = Err(error.into_port(NAME).to_string());
        }
    }
}

impl Queue {
    /// When the transaction with this hash arrived, if it waits.
    pub(crate) fn arrival(&self, hash: &TxHash) -> Option<u64> {
        self.by_hash.get(hash).copied()
    }

    /// The first `limit` transactions.
    pub(crate) fn first(&self, limit: usize) -> Vec<Pending> {
        self.by_arrival.values().take(limit).map(|held| held.pending.clone()).collect()
    }

    /// The transactions of one sender.
    pub(crate) fn of_sender(&self, sender: Address) -> Vec<Pending> {
        let arrivals = self.by_sender.range((sender, 0)..=(sender, u64::MAX));
        let held = arrivals.filter_map(|(_, arrival)| self.by_arrival.get(arrival));
        held.map(|held| held.pending.clone()).collect()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> u64 {
        count(self.by_arrival.len())
    }

    /// The newest arrival of those that wait; zero when none does.
    pub(crate) fn newest(&self) -> u64 {
        self.by_arrival.last_key_value().map_or(0, |(arrival, _)| *arrival)
    }

    /// The segment that holds the transaction of this arrival.
    pub(super) fn segment_of(&self, arrival: u64) -> Option<u64> {
        self.by_arrival.get(&arrival).map(|held| held.segment)
    }

    /// What a segment holds: its transactions arrived one after the other.
    pub(super) fn members(&self, segment: u64) -> impl Iterator<Item = Item> {
        let from = self.by_arrival.range(segment..);
        let members = from.take_while(move |(_, held)| held.segment == segment);
        members.map(|(arrival, held)| Item { arrival: *arrival, pending: held.pending.clone() })
    }

    pub(super) fn insert(&mut self, segment: u64, Item { arrival, pending }: Item) {
        self.by_hash.insert(pending.hash, arrival);
        self.by_sender.insert((pending.sender, arrival));
        self.by_arrival.insert(arrival, Held { segment, pending });
    }

    pub(super) fn remove(&mut self, arrival: u64) {
        if let Some(Held { pending, .. }) = self.by_arrival.remove(&arrival) {
            self.by_hash.remove(&pending.hash);
            self.by_sender.remove(&(pending.sender, arrival));
        }
    }

    fn load(&mut self, segment: u64, item: Item) -> Result<(), RowError> {
        let new = !self.by_arrival.contains_key(&item.arrival)
            && !self.by_hash.contains_key(&item.pending.hash);
        if !new {
            return Err(RowError::corrupt(NAME, "a transaction is there twice"));
        }
        self.insert(segment, item);
        Ok(())
    }
}

/// How many there are, as the ports count.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).expect("usize fits u64 on every target")
}
