use std::{collections::BTreeSet, sync::Arc};

use alloy_primitives::{TxHash, map::B256Set};

use super::FlowError;
use crate::{
    chain::Transaction,
    codec::record::{BlockRecord, Dropped, MintOrder, Outcome, Pending},
    flow::mint,
    port::Stores,
};

/// What is still to be done for a block; nobody waits for it, and all of it can be repeated.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    record: Option<Arc<BlockRecord>>,
    dropped: Arc<[Dropped]>,
}

impl Left {
    /// What follows the block of `record`.
    pub(super) fn of(record: Arc<BlockRecord>, dropped: Vec<Dropped>) -> Self {
        Self { record: Some(record), dropped: dropped.into() }
    }

    /// How many of the inbox may still be in it but are done with.
    pub(super) fn count(&self) -> usize {
        self.dropped.len() + self.transactions().len()
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

    fn hashes(&self) -> impl Iterator<Item = TxHash> {
        let included = self.transactions().iter().map(|tx| *tx.hash());
        included.chain(self.dropped.iter().map(|dropped| dropped.hash))
    }
}

/// Takes out of `pending` what is done with.
pub(super) fn skip(left: &[Left], pending: &mut Vec<Pending>) {
    // Never iterated, so its order reaches nothing.
    let done: B256Set = left.iter().flat_map(Left::hashes).collect();
    if !done.is_empty() {
        pending.retain(|one| !done.contains(&one.hash));
    }
}

/// Takes out of `orders` what is done with.
pub(super) fn skip_orders(left: &[Left], orders: &mut Vec<MintOrder>) {
    let records = left.iter().filter_map(|left| left.record.as_ref());
    let done: BTreeSet<_> =
        records.flat_map(|record| &record.minted).map(|minted| &minted.key).collect();
    orders.retain(|order| !done.contains(&order.key));
}

/// Forgets dropped transactions and remembers why.
pub(super) async fn forget_dropped(stores: &Stores, dropped: &[Dropped]) -> Result<(), FlowError> {
    if dropped.is_empty() {
        return Ok(());
    }
    Ok(stores.inbox.drop_with_reason(dropped).await?)
}

/// Forgets what a block included and marks what it minted.
pub(super) async fn finish(stores: &Stores, record: &BlockRecord) -> Result<(), FlowError> {
    let included: Vec<TxHash> = record.block.transactions.iter().map(|tx| *tx.hash()).collect();
    stores.inbox.remove(&included).await?;
    if !record.minted.is_empty() {
        stores.orders.mark(&outcomes(record)).await?;
    }
    Ok(())
}

/// What became of the orders that `record` carried out, by the receipts.
fn outcomes(record: &BlockRecord) -> Vec<(String, Outcome)> {
    let hashes = record.block.transactions.iter().map(|tx| *tx.hash());
    let by_hash: std::collections::BTreeMap<_, _> = hashes.zip(&record.receipts).collect();
    let outcome = |transaction: TxHash| match by_hash.get(&transaction) {
        Some(receipt) if receipt.success => {
            Outcome::Done { transaction, token: mint::minted_token(&receipt.logs) }
        }
        _ => Outcome::Failed { reason: format!("transaction {transaction} reverted") },
    };
    record.minted.iter().map(|one| (one.key.clone(), outcome(one.transaction))).collect()
}
