use alloy_primitives::{Address, Bytes, TxHash};
use async_trait::async_trait;
use node_core::{
    chain::SlotNumber,
    codec::{
        frame::{self, Kind},
        names,
        record::{Dropped, MintOrder, OrderRecord, Outcome, Pending, SlotEntry},
    },
    port::{
        Appended, Inbox, Log, LogAppend, OrderPage, Orders, PortError, Recorded, Registers, Version,
    },
};

use super::{Broken, Variant};

#[async_trait]
impl Inbox for Broken {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        let all = vec![Appended::New; pending.len()];
        if self.is(Variant::AcknowledgeBeforeAppend) {
            let inbox = self.inner.inbox.clone();
            self.later(async move { inbox.append_all(pending).await });
            return Ok(all);
        }
        let is_deposit = pending.iter().any(|one| one.deposit_position > 0);
        if self.is(Variant::CursorBeforeDeposits) && is_deposit {
            self.kept().deposits.extend(pending);
            return Ok(all);
        }
        self.inner.inbox.append_all(pending).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        let mut waiting = self.inner.inbox.waiting(limit).await?;
        if self.is(Variant::ForgottenWhenRead) && limit > 1 {
            let hashes: Vec<_> = waiting.iter().map(|one| one.hash).collect();
            self.inner.inbox.remove(&hashes).await?;
        }
        if self.is(Variant::NoLastCall) && self.name == "teardown" {
            waiting.retain(|one| one.deposit_position > 0);
        }
        Ok(waiting)
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        self.inner.inbox.of_sender(sender).await
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        self.inner.inbox.remove(hashes).await
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        self.inner.inbox.drop_with_reason(dropped).await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        self.inner.inbox.dropped(hash).await
    }
}

#[async_trait]
impl Log for Broken {
    async fn append(&self, mut entry: SlotEntry) -> Result<LogAppend, PortError> {
        if self.is(Variant::SlotBeforeItIsDurable) {
            if let Some(held) = self.inner.log.read(entry.slot).await? {
                return Ok(LogAppend::Occupied(held));
            }
            let log = self.inner.log.clone();
            self.later(async move { log.append(entry).await });
            return Ok(LogAppend::Written);
        }
        loop {
            match self.inner.log.append(entry.clone()).await {
                Ok(LogAppend::Occupied(_)) if self.is(Variant::TakenSlotIsNoError) => {
                    return Ok(LogAppend::Written);
                }
                Ok(LogAppend::Occupied(_)) if self.is(Variant::NoFenceCheck) => {
                    entry.slot = entry.slot.next();
                }
                Err(PortError::Unavailable { .. }) if self.is(Variant::UnknownIsSuccess) => {
                    return Ok(LogAppend::Written);
                }
                other => return other,
            }
        }
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        self.inner.log.read(slot).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        self.inner.log.read_from(first, limit).await
    }
}

#[async_trait]
impl Registers for Broken {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        let is_kept =
            self.is(Variant::PhaseFromACache) && self.name == "rpc" && key == names::PHASE;
        let kept = self.kept().phase.clone();
        if let (true, Some(kept)) = (is_kept, kept) {
            return Ok(Some(kept));
        }
        let loaded = self.inner.registers.load(key).await?;
        if is_kept {
            self.kept().phase.clone_from(&loaded);
        }
        Ok(loaded)
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        mut value: Bytes,
    ) -> Result<Version, PortError> {
        if self.is(Variant::LeaseWithoutEpoch) && key == names::LEASE {
            value = without_epoch(&value);
        }
        let is_last = key == names::PHASE && text_of(&value).contains("\"erased\"");
        if let (true, true, Some(held)) = (self.is(Variant::EraseUnannounced), is_last, expected) {
            return Ok(held);
        }
        let version = self.inner.registers.store(key, expected, value).await?;
        if key == names::L1_CURSOR {
            let deposits = core::mem::take(&mut self.kept().deposits);
            if !deposits.is_empty() {
                self.inner.inbox.append_all(deposits).await?;
            }
        }
        Ok(version)
    }
}

/// A lease of the first epoch, whichever it is of.
fn without_epoch(value: &Bytes) -> Bytes {
    let text = text_of(value);
    let (before, after) = text.split_once("\"epoch\":").expect("a lease has an epoch");
    let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
    frame::encode(Kind::Register, format!("{before}\"epoch\":1{rest}").as_bytes()).into()
}

/// What a register holds.
fn text_of(value: &Bytes) -> String {
    let raw = frame::decode(Kind::Register, value).expect("a register is a frame");
    String::from_utf8(raw).expect("a register is text")
}

#[async_trait]
impl Orders for Broken {
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError> {
        if !self.is(Variant::DedupeOutsideTheWrite) {
            return self.inner.orders.record(order).await;
        }
        if let Some(known) = self.inner.orders.get(&order.key).await? {
            return Ok(Recorded::Known(known.state()));
        }
        let recorded = self.inner.orders.record(order.clone()).await?;
        if recorded != Recorded::New {
            self.rows().push(order);
        }
        Ok(Recorded::New)
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError> {
        let mut waiting = self.inner.orders.waiting(limit).await?;
        waiting.extend(self.rows().iter().cloned());
        Ok(waiting)
    }

    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError> {
        self.rows().retain(|row| !outcomes.iter().any(|(key, _)| *key == row.key));
        self.inner.orders.mark(outcomes).await
    }

    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError> {
        let sale = record.sale.as_ref();
        let is_early = sale.is_some_and(|sale| sale.orders.is_empty());
        if self.is(Variant::RefundBeforeItsSaleForgotten) && is_early {
            return Ok(());
        }
        if self.is(Variant::RecordChangedBlindly) {
            let held = self.inner.orders.get(&record.order.key).await?;
            return self.inner.orders.change(held.as_ref(), record).await;
        }
        self.inner.orders.change(expected, record).await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError> {
        self.inner.orders.list(from, limit).await
    }

    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError> {
        self.inner.orders.get(key).await
    }
}
