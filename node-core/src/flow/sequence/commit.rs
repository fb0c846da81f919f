use std::{collections::BTreeSet, sync::Arc};

use alloy_primitives::{Bytes, TxHash};

use super::{Committed, FlowError, Sequencer, batch::BuiltBlock};
use crate::{
    chain::{SealedHeader, SlotNumber, Transaction},
    codec::{
        names,
        record::{
            BlockRecord, Body, Dropped, MintOrder, OrderState, Pending, Record, SlotContent,
            SlotEntry,
        },
    },
    flow::tip::{Read, read_slot},
    port::{LogAppend, PortError, Put, Stores},
};

/// Largest block frame inside a slot. A `DynamoDB` item holds 400 KB with its attribute names; above this
/// the body goes into an object first.
const INLINE_BYTES: usize = 256 * 1024;

/// How often one write is repeated when the store does not say whether it happened.
const ATTEMPTS: usize = 4;

/// What is still to be done for the newest block; nobody waits for it, and all of it can be repeated.
#[derive(Debug, Default)]
pub(super) struct Left {
    record: Option<Arc<BlockRecord>>,
    dropped: Vec<Dropped>,
}

impl Left {
    /// What follows the block of `record`.
    pub(super) const fn of(record: Arc<BlockRecord>, dropped: Vec<Dropped>) -> Self {
        Self { record: Some(record), dropped }
    }

    /// How many of the inbox are still in it but done with.
    pub(super) fn count(&self) -> usize {
        self.dropped.len() + self.transactions().len()
    }

    /// Takes out of `pending` what is done with.
    pub(super) fn skip(&self, pending: &mut Vec<Pending>) {
        let included = self.transactions().iter().map(|tx| *tx.hash());
        let done: BTreeSet<_> =
            included.chain(self.dropped.iter().map(|dropped| dropped.hash)).collect();
        pending.retain(|one| !done.contains(&one.hash));
    }

    /// Takes out of `orders` what is done with.
    pub(super) fn skip_orders(&self, orders: &mut Vec<MintOrder>) {
        let minted = self.record.iter().flat_map(|record| &record.minted);
        let done: BTreeSet<_> = minted.map(|minted| &minted.key).collect();
        orders.retain(|order| !done.contains(&order.key));
    }

    /// Forgets what was included or dropped, marks what was minted.
    pub(super) async fn tidy(&self, stores: &Stores) -> Result<(), FlowError> {
        if let Some(record) = &self.record {
            finish(stores, record).await?;
        }
        forget_dropped(stores, &self.dropped).await
    }

    fn transactions(&self) -> &[Transaction] {
        self.record.as_ref().map_or(&[], |record| &record.block.transactions)
    }
}

/// Forgets dropped transactions and remembers why.
pub(super) async fn forget_dropped(stores: &Stores, dropped: &[Dropped]) -> Result<(), FlowError> {
    if dropped.is_empty() {
        return Ok(());
    }
    Ok(stores.inbox.drop_with_reason(dropped).await?)
}

/// Forgets what a block included and marks what it minted.
async fn finish(stores: &Stores, record: &BlockRecord) -> Result<(), FlowError> {
    let included: Vec<TxHash> = record.block.transactions.iter().map(|tx| *tx.hash()).collect();
    stores.inbox.remove(&included).await?;
    if !record.minted.is_empty() {
        stores.orders.mark(&outcomes(record)).await?;
    }
    Ok(())
}

impl Sequencer {
    /// Commits `block` in the next slot; what it included is forgotten before the block after it.
    pub(super) async fn commit(
        &mut self,
        block: BuiltBlock,
        dropped: Vec<Dropped>,
    ) -> Result<Committed, FlowError> {
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
        self.left = Left::of(Arc::clone(&record), dropped);
        Ok(Committed { header, record, next_slot: slot.next() })
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
                return finish(stores, &record).await;
            }
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
