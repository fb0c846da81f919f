use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{TxHash, map::B256Map};
use node_core::{chain::LayerId, codec::record::Pending};

use super::{
    Queue, Queues, SEGMENT,
    memory::count,
    segment::{self, Item},
};
use crate::{error::RowError, tables::Open};

/// What a transaction of the ledger changes in the inboxes, over what is on the disk.
#[derive(Debug, Default)]
pub(crate) struct Staged(BTreeMap<LayerId, Stage>);

#[derive(Debug, Default)]
struct Stage {
    /// Nothing of what is on the disk counts.
    erased: bool,
    /// Arrivals on the disk that go.
    removed: BTreeSet<u64>,
    added: BTreeMap<u64, Pending>,
    added_by_hash: B256Map<u64>,
}

impl Stage {
    /// When the transaction arrived, if it waits on the disk and does not go.
    fn kept(
        &self,
        queues: &Queues,
        layer: LayerId,
        hash: &TxHash,
    ) -> Result<Option<u64>, RowError> {
        if self.erased {
            return Ok(None);
        }
        let arrival = queues.read(layer, |queue| queue.arrival(hash))?;
        Ok(arrival.filter(|arrival| !self.removed.contains(arrival)))
    }

    /// Segments of what is added, by their first arrival.
    fn segments(&self) -> Vec<Vec<Item>> {
        let items = self.added.iter();
        let items: Vec<_> = items
            .map(|(arrival, pending)| Item { arrival: *arrival, pending: pending.clone() })
            .collect();
        items.chunks(SEGMENT).map(<[Item]>::to_vec).collect()
    }
}

impl Staged {
    /// Whether the transaction with this hash waits.
    pub(crate) fn waits(
        &self,
        queues: &Queues,
        layer: LayerId,
        hash: &TxHash,
    ) -> Result<bool, RowError> {
        match self.0.get(&layer) {
            Some(stage) if stage.added_by_hash.contains_key(hash) => Ok(true),
            Some(stage) => Ok(stage.kept(queues, layer, hash)?.is_some()),
            None => Ok(Stage::default().kept(queues, layer, hash)?.is_some()),
        }
    }

    /// Whether no transaction on the disk arrived at `arrival` or later.
    pub(crate) fn is_free(
        &self,
        queues: &Queues,
        layer: LayerId,
        arrival: u64,
    ) -> Result<bool, RowError> {
        let erased = self.0.get(&layer).is_some_and(|stage| stage.erased);
        Ok(erased || queues.read(layer, Queue::newest)? < arrival)
    }

    /// Adds a transaction that does not wait yet.
    pub(crate) fn add(&mut self, layer: LayerId, arrival: u64, pending: Pending) {
        let stage = self.0.entry(layer).or_default();
        stage.added_by_hash.insert(pending.hash, arrival);
        stage.added.insert(arrival, pending);
    }

    /// Takes a transaction out, if it waits.
    pub(crate) fn take(
        &mut self,
        queues: &Queues,
        layer: LayerId,
        hash: &TxHash,
    ) -> Result<(), RowError> {
        let stage = self.0.entry(layer).or_default();
        if let Some(arrival) = stage.added_by_hash.remove(hash) {
            stage.added.remove(&arrival);
        } else if let Some(arrival) = stage.kept(queues, layer, hash)? {
            stage.removed.insert(arrival);
        }
        Ok(())
    }

    /// Takes out everything and returns how many waited; the rows are deleted by the caller.
    ///
    /// # Errors
    /// When nobody knows how many, because the inbox is damaged. It is taken out all the same.
    pub(crate) fn erase(&mut self, queues: &Queues, layer: LayerId) -> Result<u64, RowError> {
        let gone = Stage { erased: true, ..Stage::default() };
        let stage = self.0.insert(layer, gone).unwrap_or_default();
        let kept = match stage.erased {
            true => 0,
            false => queues.read(layer, Queue::len)? - count(stage.removed.len()),
        };
        Ok(kept + count(stage.added.len()))
    }

    /// Writes the segments that change.
    pub(crate) fn write(&self, queues: &Queues, table: &mut Open<'_>) -> Result<(), RowError> {
        for (layer, stage) in &self.0 {
            for (segment, items) in stage.remainders(queues, *layer)? {
                segment::write(table, *layer, segment, &items)?;
            }
            for items in stage.segments() {
                if let [first, ..] = &items[..] {
                    segment::write(table, *layer, first.arrival, &items)?;
                }
            }
        }
        Ok(())
    }

    /// Shows readers what is on the disk now.
    pub(crate) fn publish(self, queues: &Queues) {
        for (layer, stage) in self.0 {
            if stage.erased {
                queues.forget(layer);
            }
            if stage.removed.is_empty() && stage.added.is_empty() {
                continue;
            }
            queues.change(layer, |queue| {
                stage.removed.iter().for_each(|arrival| queue.remove(*arrival));
                for items in stage.segments() {
                    let segment = items.first().map_or(0, |first| first.arrival);
                    items.into_iter().for_each(|item| queue.insert(segment, item));
                }
            });
        }
    }
}

impl Stage {
    /// What is left of the segments on the disk that lose a transaction.
    fn remainders(
        &self,
        queues: &Queues,
        layer: LayerId,
    ) -> Result<Vec<(u64, Vec<Item>)>, RowError> {
        if self.removed.is_empty() {
            return Ok(Vec::new());
        }
        queues.read(layer, |queue| {
            let touched: BTreeSet<u64> =
                self.removed.iter().filter_map(|arrival| queue.segment_of(*arrival)).collect();
            let left = |segment| {
                queue
                    .members(segment)
                    .filter(|item| !self.removed.contains(&item.arrival))
                    .collect()
            };
            touched.into_iter().map(|segment| (segment, left(segment))).collect()
        })
    }
}
