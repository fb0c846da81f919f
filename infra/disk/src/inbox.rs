use alloy_primitives::{Address, TxHash};
use async_trait::async_trait;
use node_core::{
    chain::LayerId,
    codec::{
        Record,
        record::{Dropped, Pending},
    },
    port::{Appended, Inbox, PortError},
};

use crate::{
    error::RowError,
    key::row,
    layer::Layer,
    tables::{DROPPED, Tables},
};

const APPEND: &str = "append to the inbox";
const REMOVE: &str = "remove from the inbox";
const READ: &str = "read the inbox";

#[async_trait]
impl Inbox for Layer {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        let layer = self.id;
        self.write(APPEND, move |tables| append_all(tables, layer, &pending)).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        self.queue(READ, |queue| queue.first(limit))
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        self.queue(READ, |queue| queue.of_sender(sender))
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        let (layer, hashes) = (self.id, hashes.to_vec());
        self.write(REMOVE, move |tables| {
            hashes.iter().try_for_each(|hash| tables.staged.take(tables.queues, layer, hash))
        })
        .await
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        let layer = self.id;
        let rows: Vec<_> = dropped.iter().map(|one| (one.hash, one.to_frame())).collect();
        self.write(REMOVE, move |tables| {
            rows.iter().try_for_each(|(hash, frame)| {
                tables.staged.take(tables.queues, layer, hash)?;
                tables.dropped.insert(&*row(layer, &[&hash[..]]), &**frame)?;
                Ok(())
            })
        })
        .await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        self.read(READ, |txn| {
            let table = txn.open_table(DROPPED)?;
            let found = table.get(&*row(self.id, &[&hash[..]]))?;
            found.map(|frame| decode_dropped(hash, frame.value())).transpose()
        })
    }
}

/// Stages those that do not wait yet, in their order.
pub(crate) fn append_all(
    tables: &mut Tables<'_>,
    layer: LayerId,
    pending: &[Pending],
) -> Result<Vec<Appended>, RowError> {
    let mut arrival = tables.arrive(layer, pending.len())?;
    if !tables.staged.is_free(tables.queues, layer, arrival)? {
        return Err(RowError::corrupt("inbox", "the counter of arrivals is behind it"));
    }
    let mut appended = Vec::with_capacity(pending.len());
    for one in pending {
        if tables.staged.waits(tables.queues, layer, &one.hash)? {
            appended.push(Appended::Known);
            continue;
        }
        tables.dropped.remove(&*row(layer, &[&one.hash[..]]))?;
        tables.staged.add(layer, arrival, one.clone());
        arrival += 1;
        appended.push(Appended::New);
    }
    Ok(appended)
}

fn decode_dropped(hash: TxHash, frame: &[u8]) -> Result<Dropped, RowError> {
    let name = || format!("dropped {hash}");
    let dropped = Dropped::from_frame(frame).map_err(|error| RowError::record(name(), &error))?;
    if dropped.hash != hash {
        return Err(RowError::corrupt(name(), "the row holds another transaction"));
    }
    Ok(dropped)
}
