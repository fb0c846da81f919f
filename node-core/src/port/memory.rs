//! The reference model: every port in memory, under one lock.

use core::ops::Bound;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::{Address, Bytes, TxHash};
use async_trait::async_trait;

use super::{
    Appended, Inbox, Log, LogAppend, Objects, OrderPage, Orders, PortError, Put, PutOutcome,
    Recorded, Registers, Stored, Stores, Version,
};
use crate::{
    chain::SlotNumber,
    codec::record::{Dropped, MintOrder, OrderRecord, Outcome, Pending, SlotEntry},
};

/// All stores of one layer in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Heap>);

#[derive(Debug, Default)]
struct Heap {
    arrivals: u64,
    inbox: BTreeMap<u64, Pending>,
    inbox_by_hash: BTreeMap<TxHash, u64>,
    inbox_by_sender: BTreeSet<(Address, u64)>,
    dropped: BTreeMap<TxHash, Dropped>,
    log: BTreeMap<SlotNumber, SlotEntry>,
    registers: BTreeMap<String, (Version, Bytes)>,
    orders: BTreeMap<String, (u64, OrderRecord)>,
    objects: BTreeMap<String, Bytes>,
}

impl Heap {
    const fn arrive(&mut self) -> u64 {
        self.arrivals += 1;
        self.arrivals
    }

    fn take(&mut self, hash: &TxHash) {
        if let Some(arrival) = self.inbox_by_hash.remove(hash) {
            let sender = self.inbox.remove(&arrival).map(|pending| pending.sender);
            self.inbox_by_sender.remove(&(sender.unwrap_or_default(), arrival));
        }
    }

    fn append(&mut self, pending: Pending) -> Appended {
        if self.inbox_by_hash.contains_key(&pending.hash) {
            return Appended::Known;
        }
        let arrival = self.arrive();
        self.dropped.remove(&pending.hash);
        self.inbox_by_hash.insert(pending.hash, arrival);
        self.inbox_by_sender.insert((pending.sender, arrival));
        self.inbox.insert(arrival, pending);
        Appended::New
    }
}

impl Memory {
    /// Makes empty stores.
    pub fn stores() -> Stores {
        Arc::<Self>::default().share()
    }

    /// The stores that this memory is.
    pub fn share(self: &Arc<Self>) -> Stores {
        let memory = || Arc::clone(self);
        Stores {
            inbox: memory(),
            log: memory(),
            registers: memory(),
            orders: memory(),
            objects: memory(),
            stored: memory(),
        }
    }

    /// Deletes the items of the ledger that `is_reached` picks, in no order that anybody may count on: what a store
    /// leaves that dies in the middle of [`Stored::erase`].
    pub fn erase_some(&self, mut is_reached: impl FnMut() -> bool) {
        let heap = &mut *self.heap();
        let taken: Vec<_> = heap.inbox_by_hash.keys().filter(|_| is_reached()).copied().collect();
        taken.iter().for_each(|hash| heap.take(hash));
        heap.dropped.retain(|_, _| !is_reached());
        heap.log.retain(|_, _| !is_reached());
        heap.registers.retain(|_, _| !is_reached());
        heap.orders.retain(|_, _| !is_reached());
    }

    /// A panic elsewhere cannot leave the heap half changed: every verb changes it in one go.
    fn heap(&self) -> MutexGuard<'_, Heap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Inbox for Memory {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        let mut heap = self.heap();
        Ok(pending.into_iter().map(|one| heap.append(one)).collect())
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        Ok(self.heap().inbox.values().take(limit).cloned().collect())
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        let heap = self.heap();
        let arrivals = heap.inbox_by_sender.range((sender, 0)..=(sender, u64::MAX));
        Ok(arrivals.filter_map(|(_, arrival)| heap.inbox.get(arrival).cloned()).collect())
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        let mut heap = self.heap();
        hashes.iter().for_each(|hash| heap.take(hash));
        Ok(())
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        let mut heap = self.heap();
        for one in dropped {
            heap.take(&one.hash);
            heap.dropped.insert(one.hash, one.clone());
        }
        Ok(())
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        Ok(self.heap().dropped.get(&hash).cloned())
    }
}

#[async_trait]
impl Log for Memory {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        let mut heap = self.heap();
        match heap.log.get(&entry.slot) {
            Some(held) if held.attempt == entry.attempt && held.epoch == entry.epoch => {
                Ok(LogAppend::Written)
            }
            Some(held) => Ok(LogAppend::Occupied(held.clone())),
            None => {
                heap.log.insert(entry.slot, entry);
                Ok(LogAppend::Written)
            }
        }
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        Ok(self.heap().log.get(&slot).cloned())
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        Ok(self.heap().log.range(first..).take(limit).map(|(_, entry)| entry.clone()).collect())
    }
}

#[async_trait]
impl Registers for Memory {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        Ok(self.heap().registers.get(key).cloned())
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError> {
        let mut heap = self.heap();
        let held = heap.registers.get(key).map(|(version, _)| *version);
        if held != expected {
            return Err(PortError::Conflict { what: key.to_owned() });
        }
        let version = Version(held.map_or(1, |version| version.0 + 1));
        heap.registers.insert(key.to_owned(), (version, value));
        Ok(version)
    }
}

#[async_trait]
impl Orders for Memory {
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError> {
        let mut heap = self.heap();
        if let Some((_, known)) = heap.orders.get(&order.key) {
            return Ok(Recorded::Known(known.state()));
        }
        let arrival = heap.arrive();
        let key = order.key.clone();
        heap.orders.insert(key, (arrival, OrderRecord::new(order)));
        Ok(Recorded::New)
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError> {
        let heap = self.heap();
        let due =
            heap.orders.values().filter_map(|(arrival, record)| Some((arrival, record.due()?)));
        let mut waiting: Vec<_> = due.collect();
        waiting.sort_by_key(|(arrival, _)| **arrival);
        Ok(waiting.into_iter().take(limit).map(|(_, order)| order).collect())
    }

    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError> {
        let mut heap = self.heap();
        for (key, outcome) in outcomes {
            if let Some((_, record)) = heap.orders.get_mut(key) {
                record.apply(outcome);
            }
        }
        Ok(())
    }

    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError> {
        let mut heap = self.heap();
        let key = &record.order.key;
        let held = heap.orders.get(key);
        if held.map(|(_, held)| held) != expected {
            return Err(PortError::Conflict { what: format!("order {key}") });
        }
        let arrival = held.map(|(arrival, _)| *arrival);
        let arrival = arrival.unwrap_or_else(|| heap.arrive());
        heap.orders.insert(key.clone(), (arrival, record.clone()));
        Ok(())
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError> {
        let heap = self.heap();
        let start = from.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = heap.orders.range::<str, _>((start, Bound::Unbounded));
        let records: Vec<_> = rest.take(limit).map(|(_, (_, record))| record.clone()).collect();
        let last = records.last().filter(|_| records.len() == limit);
        let next = last.map(|record| record.order.key.clone());
        Ok(OrderPage { records, next })
    }

    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError> {
        Ok(self.heap().orders.get(key).map(|(_, record)| record.clone()))
    }
}

#[async_trait]
impl Objects for Memory {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        let mut heap = self.heap();
        if put == Put::IfAbsent && heap.objects.contains_key(name) {
            return Ok(PutOutcome::Exists);
        }
        heap.objects.insert(name.to_owned(), value);
        Ok(PutOutcome::Written)
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        let heap = self.heap();
        heap.objects.get(name).cloned().ok_or_else(|| PortError::NotFound { name: name.to_owned() })
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        let whole = Objects::get(self, name).await?;
        let size = u64::try_from(whole.len()).expect("usize fits u64 on every target");
        let short = || PortError::short(name, offset, length, size);
        let start = usize::try_from(offset).map_err(|_| short())?;
        let end = start.checked_add(length).filter(|end| *end <= whole.len()).ok_or_else(short)?;
        Ok(whole.slice(start..end))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let heap = self.heap();
        let names = heap.objects.range(prefix.to_owned()..).map(|(name, _)| name);
        Ok(names.take_while(|name| name.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        let mut heap = self.heap();
        for name in names {
            heap.objects.remove(name);
        }
        Ok(())
    }
}

#[async_trait]
impl Stored for Memory {
    async fn count(&self) -> Result<u64, PortError> {
        let heap = self.heap();
        let items = heap.inbox.len()
            + heap.dropped.len()
            + heap.log.len()
            + heap.registers.len()
            + heap.orders.len();
        Ok(u64::try_from(items).expect("usize fits u64 on every target"))
    }

    async fn erase(&self) -> Result<u64, PortError> {
        let count = self.count().await?;
        let mut heap = self.heap();
        let objects = core::mem::take(&mut heap.objects);
        *heap = Heap { objects, ..Heap::default() };
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_model_conforms() {
        futures::executor::block_on(crate::port::conformance::all(&Memory::stores()))
            .expect("memory does not fail");
    }
}
