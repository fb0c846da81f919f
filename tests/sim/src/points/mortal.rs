//! Stores that carry out so many writes of one writer, and then no more.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alloy_primitives::{Address, Bytes, TxHash};
use async_trait::async_trait;
use node_core::{
    chain::SlotNumber,
    codec::record::{Dropped, MintOrder, OrderRecord, Outcome, Pending, SlotEntry},
    port::{
        Appended, Inbox, Log, LogAppend, Objects, OrderPage, Orders, PortError, Put, PutOutcome,
        Recorded, Registers, Stored, Stores, Version,
    },
};

use super::Death;

/// The stores of a writer that dies at one of its writes.
pub(super) struct Mortal {
    inner: Stores,
    /// Number of the write, from 0, and what becomes of it.
    point: usize,
    death: Death,
    writes: AtomicUsize,
}

impl Mortal {
    pub(super) fn stores(inner: Stores, point: usize, death: Death) -> (Arc<Self>, Stores) {
        let writes = AtomicUsize::new(0);
        let mortal = Arc::new(Self { inner, point, death, writes });
        let stores = Stores {
            inbox: mortal.clone(),
            log: mortal.clone(),
            registers: mortal.clone(),
            orders: mortal.clone(),
            objects: mortal.clone(),
            stored: mortal.clone(),
        };
        (mortal, stores)
    }

    /// Whether the write at which it dies was met.
    pub(super) fn is_dead(&self) -> bool {
        self.writes.load(Ordering::SeqCst) > self.point
    }

    async fn write<T>(
        &self,
        effect: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        if number < self.point {
            return effect.await;
        }
        if number == self.point && self.death == Death::After {
            // Nobody hears of it.
            drop(effect.await);
        }
        Err(dead())
    }

    async fn read<T>(
        &self,
        effect: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        if self.is_dead() { Err(dead()) } else { effect.await }
    }
}

fn dead() -> PortError {
    PortError::unavailable("any store", "this writer is dead")
}

#[async_trait]
impl Inbox for Mortal {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        self.write(self.inner.inbox.append_all(pending)).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        self.read(self.inner.inbox.waiting(limit)).await
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        self.read(self.inner.inbox.of_sender(sender)).await
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        self.write(self.inner.inbox.remove(hashes)).await
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        self.write(self.inner.inbox.drop_with_reason(dropped)).await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        self.read(self.inner.inbox.dropped(hash)).await
    }
}

#[async_trait]
impl Log for Mortal {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        self.write(self.inner.log.append(entry)).await
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        Self::read(self, self.inner.log.read(slot)).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        Self::read(self, self.inner.log.read_from(first, limit)).await
    }
}

#[async_trait]
impl Registers for Mortal {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        self.read(self.inner.registers.load(key)).await
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError> {
        self.write(self.inner.registers.store(key, expected, value)).await
    }
}

#[async_trait]
impl Orders for Mortal {
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError> {
        self.write(self.inner.orders.record(order)).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError> {
        self.read(self.inner.orders.waiting(limit)).await
    }

    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError> {
        self.write(self.inner.orders.mark(outcomes)).await
    }

    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError> {
        self.write(self.inner.orders.change(expected, record)).await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError> {
        self.read(self.inner.orders.list(from, limit)).await
    }

    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError> {
        self.read(self.inner.orders.get(key)).await
    }
}

#[async_trait]
impl Objects for Mortal {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        self.write(self.inner.objects.put(name, value, put)).await
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        self.read(self.inner.objects.get(name)).await
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        self.read(self.inner.objects.get_range(name, offset, length)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.read(self.inner.objects.list(prefix)).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        self.write(self.inner.objects.delete(names)).await
    }
}

#[async_trait]
impl Stored for Mortal {
    async fn count(&self) -> Result<u64, PortError> {
        self.read(self.inner.stored.count()).await
    }

    async fn erase(&self) -> Result<u64, PortError> {
        self.write(self.inner.stored.erase()).await
    }
}
