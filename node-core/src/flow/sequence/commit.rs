use std::sync::Arc;

use alloy_primitives::{Bytes, TxHash};

use super::{Committed, FlowError, Sequencer, batch::BuiltBlock};
use crate::{
    chain::{SealedHeader, SlotNumber},
    codec::{
        names,
        record::{BlockRecord, Body, Dropped, OrderState, Record, SlotContent, SlotEntry},
    },
    flow::tip::{Read, read_slot},
    port::{LogAppend, PortError, Put},
};

/// Largest block frame inside a slot. A `DynamoDB` item holds 400 KB with its attribute names; above this
/// the body goes into an object first.
const INLINE_BYTES: usize = 256 * 1024;

/// How often one write is repeated when the store does not say whether it happened.
const ATTEMPTS: usize = 4;

impl Sequencer {
    /// Commits `block` in the next slot, then forgets what it included.
    pub(super) async fn commit(&mut self, block: BuiltBlock) -> Result<Committed, FlowError> {
        let BuiltBlock { header, record, world } = block;
        self.unsure = true;
        let body = self.store_body(&header, &record).await?;
        let (number, hash) = (header.number, header.hash());
        let entry = self.entry(SlotContent::Block { number, hash, body });
        let (slot, epoch) = (entry.slot, entry.epoch);
        self.tip.count(&entry);
        self.append(entry).await?;
        self.tip.advance(header.clone(), world, record.delta.leaves());
        self.unsure = false;
        self.tip.next_slot = slot.next();
        self.tip.epoch = epoch;
        let record = Arc::new(record);
        self.unindexed.push((slot, Arc::clone(&record)));
        self.finish(&record).await?;
        Ok(Committed { header, record, next_slot: slot.next() })
    }

    /// Forgets dropped transactions and remembers why.
    pub(super) async fn forget_dropped(&self, dropped: &[Dropped]) -> Result<(), FlowError> {
        if dropped.is_empty() {
            return Ok(());
        }
        Ok(self.context.stores.inbox.drop_with_reason(dropped).await?)
    }

    /// Repeats what follows the commit of the newest block: its writer may have died before it.
    pub(super) async fn finish_newest(&self) -> Result<(), FlowError> {
        let stores = &self.context.stores;
        let mut slot = self.tip.next_slot.0;
        while let Some(previous) = slot.checked_sub(1) {
            slot = previous;
            let Some(entry) = stores.log.read(SlotNumber(slot)).await? else {
                return Ok(());
            };
            if let Read::Block(record) = read_slot(stores, &entry).await? {
                return self.finish(&record).await;
            }
        }
        Ok(())
    }

    async fn finish(&self, record: &BlockRecord) -> Result<(), FlowError> {
        let stores = &self.context.stores;
        let included: Vec<TxHash> = record.block.transactions.iter().map(|tx| *tx.hash()).collect();
        stores.inbox.remove(&included).await?;
        if !record.minted.is_empty() {
            stores.orders.mark(&outcomes(record)).await?;
        }
        Ok(())
    }

    /// Small bodies live in the slot, large ones in an object that is written before the slot.
    async fn store_body(
        &self,
        header: &SealedHeader,
        record: &BlockRecord,
    ) -> Result<Body, FlowError> {
        let frame = Bytes::from(record.to_frame());
        if frame.len() <= INLINE_BYTES {
            return Ok(Body::Inline(frame));
        }
        let name = names::block(self.context.config.id, header.number, header.hash());
        self.context.stores.objects.put(&name, frame, Put::IfAbsent).await?;
        Ok(Body::Object(name))
    }

    /// Writes a slot that must be ours.
    ///
    /// # Errors
    /// [`PortError::Fenced`] when another writer has the slot.
    pub(super) async fn append(&self, entry: SlotEntry) -> Result<(), FlowError> {
        let mine = entry.epoch;
        match self.try_append(entry).await? {
            LogAppend::Written => Ok(()),
            LogAppend::Occupied(held) => Err(PortError::Fenced { mine, newer: held.epoch }.into()),
        }
    }

    /// Writes a slot; a write whose outcome is unknown is repeated, which the attempt id makes safe.
    pub(super) async fn try_append(&self, entry: SlotEntry) -> Result<LogAppend, FlowError> {
        let log = &self.context.stores.log;
        let mut tried = 1;
        loop {
            match log.append(entry.clone()).await {
                Err(error) if error.is_retryable() && tried < ATTEMPTS => tried += 1,
                other => return Ok(other?),
            }
        }
    }
}

/// What became of the orders that `record` carried out, by the receipts.
fn outcomes(record: &BlockRecord) -> Vec<(String, OrderState)> {
    let hashes = record.block.transactions.iter().map(|tx| *tx.hash());
    let by_hash: std::collections::BTreeMap<_, _> =
        hashes.zip(record.receipts.iter().map(|receipt| receipt.success)).collect();
    let outcome = |transaction: TxHash| match by_hash.get(&transaction) {
        Some(true) => OrderState::Minted { transaction },
        _ => OrderState::Failed { reason: format!("mint transaction {transaction} reverted") },
    };
    record.minted.iter().map(|one| (one.key.clone(), outcome(one.transaction))).collect()
}
