use alloy_primitives::{Address, Bytes, TxHash};
use async_trait::async_trait;
use node_core::{
    chain::SlotNumber,
    codec::{
        names,
        record::{Dropped, MintOrder, OrderRecord, Outcome, Pending, SlotEntry},
    },
    port::{
        Appended, Inbox, Log, LogAppend, OrderPage, Orders, PortError, Recorded, Registers, Stored,
        Version,
    },
};

use super::{Client, cut_off, read, write};
use crate::truth::at_once;

/// Names transactions.
fn transactions<'a>(hashes: impl Iterator<Item = &'a TxHash>) -> String {
    hashes.map(|hash| format!("tx {hash} ")).collect()
}

#[async_trait]
impl Inbox for Client {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        let hashes: Vec<_> = pending.iter().map(|one| one.hash).collect();
        let on = || transactions(hashes.iter());
        let (count, cut) = (pending.len(), self.cut(pending.len()));
        self.call(write("append", &on), move |truth| {
            let some = pending.into_iter().take(cut).collect();
            let appended = truth.put(some)?;
            if cut == count { Ok(appended) } else { Err(cut_off("append")) }
        })
        .await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        let on = || "of the inbox".to_owned();
        let call = read("list", &on);
        self.call(call, move |truth| at_once(truth.stores.inbox.waiting(limit))).await
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        let on = || format!("what waits of {sender}");
        let call = read("list", &on);
        self.call(call, move |truth| at_once(truth.stores.inbox.of_sender(sender))).await
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        let on = || transactions(hashes.iter());
        let (count, cut) = (hashes.len(), self.cut(hashes.len()));
        let some = hashes[..cut].to_vec();
        self.call(write("forget", &on), move |truth| {
            at_once(truth.stores.inbox.remove(&some))?;
            if cut == count { Ok(()) } else { Err(cut_off("forget")) }
        })
        .await
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        let on = || transactions(dropped.iter().map(|one| &one.hash));
        let (count, cut) = (dropped.len(), self.cut(dropped.len()));
        let some = dropped[..cut].to_vec();
        self.call(write("drop", &on), move |truth| {
            truth.drop_with_reason(&some)?;
            if cut == count { Ok(()) } else { Err(cut_off("drop")) }
        })
        .await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        let on = || format!("why tx {hash} was dropped");
        let call = read("read", &on);
        self.call(call, move |truth| at_once(truth.stores.inbox.dropped(hash))).await
    }
}

#[async_trait]
impl Log for Client {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        let (slot, epoch, by) = (entry.slot, entry.epoch, self.process);
        let on = || format!("{slot} in {epoch}");
        self.call(write("write", &on), move |truth| truth.append(by, entry)).await
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        let on = || slot.to_string();
        self.call(read("read", &on), move |truth| at_once(truth.stores.log.read(slot))).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        let on = || format!("{first} and on");
        let call = read("read", &on);
        self.call(call, move |truth| at_once(truth.stores.log.read_from(first, limit))).await
    }
}

#[async_trait]
impl Registers for Client {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        let (on, key) = (|| key.to_owned(), key.to_owned());
        self.call(read("load", &on), move |truth| at_once(truth.stores.registers.load(&key))).await
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError> {
        let (on, key) = (|| format!("{key} after {expected:?}"), key.to_owned());
        self.call(write("store", &on), move |truth| {
            let stored = at_once(truth.stores.registers.store(&key, expected, value))?;
            if key == names::CHECKPOINT {
                truth.checkpointed();
            }
            Ok(stored)
        })
        .await
    }
}

#[async_trait]
impl Orders for Client {
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError> {
        let key = order.key.clone();
        let on = || format!("order {key}");
        let call = write("record", &on);
        self.call(call, move |truth| at_once(truth.stores.orders.record(order))).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError> {
        let on = || "orders".to_owned();
        let call = read("list", &on);
        self.call(call, move |truth| at_once(truth.stores.orders.waiting(limit))).await
    }

    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError> {
        let on = || outcomes.iter().map(|(key, _)| format!("order {key} ")).collect();
        let (count, cut) = (outcomes.len(), self.cut(outcomes.len()));
        let some = outcomes[..cut].to_vec();
        self.call(write("mark", &on), move |truth| {
            at_once(truth.stores.orders.mark(&some))?;
            if cut == count { Ok(()) } else { Err(cut_off("mark")) }
        })
        .await
    }

    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError> {
        let on = || format!("order {}", record.order.key);
        let (expected, record) = (expected.cloned(), record.clone());
        self.call(write("change", &on), move |truth| {
            at_once(truth.stores.orders.change(expected.as_ref(), &record))
        })
        .await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError> {
        let (on, from) = (|| "orders".to_owned(), from.map(str::to_owned));
        let call = read("list", &on);
        self.call(call, move |truth| at_once(truth.stores.orders.list(from.as_deref(), limit)))
            .await
    }

    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError> {
        let (on, key) = (|| format!("order {key}"), key.to_owned());
        self.call(read("read", &on), move |truth| at_once(truth.stores.orders.get(&key))).await
    }
}

#[async_trait]
impl Stored for Client {
    async fn count(&self) -> Result<u64, PortError> {
        let on = || "items".to_owned();
        self.call(read("count", &on), |truth| at_once(truth.stores.stored.count())).await
    }

    async fn erase(&self) -> Result<u64, PortError> {
        let (on, by) = (|| "the ledger".to_owned(), self.process);
        // Not all at once, and whoever does it may die in between.
        self.call(write("erase some of", &on), move |truth| truth.erase_some(by)).await?;
        self.call(write("erase", &on), move |truth| truth.erase(by)).await
    }
}
