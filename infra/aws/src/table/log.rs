use async_trait::async_trait;
use futures::future::try_join_all;
use node_core::{
    chain::SlotNumber,
    codec::record::SlotEntry,
    port::{Log, LogAppend, PortError},
};

use super::{Created, FRAME, Item, Table, frame, key, record};

/// Slots that are asked for at a time, at the most: none of the first that is asked for need be there.
const SLOTS: u64 = 16;

#[async_trait]
impl Log for Table {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        let mut item = key::slot(self.layer, entry.slot);
        item.insert(FRAME.to_owned(), frame(&entry));
        let Created::Held(held) = self.create(item, &entry.slot.to_string()).await? else {
            return Ok(LogAppend::Written);
        };
        let held = decode(&held, entry.slot)?;
        // An attempt that timed out may have succeeded.
        match held.attempt == entry.attempt && held.epoch == entry.epoch {
            true => Ok(LogAppend::Written),
            false => Ok(LogAppend::Occupied(held)),
        }
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        let item = self.get(key::slot(self.layer, slot), &slot.to_string()).await?;
        item.map(|item| decode(&item, slot)).transpose()
    }

    /// Whoever follows the log mostly finds nothing new: one read. What there is more is read in growing runs.
    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let end = first.0.saturating_add(limit);
        let (mut next, mut run) = (first.0, 1);
        let mut entries = Vec::new();
        while next < end {
            let last = next.saturating_add(run).min(end);
            let reads = (next..last).map(|slot| self.read(SlotNumber(slot)));
            let found = try_join_all(reads).await?;
            let whole = found.iter().all(Option::is_some);
            entries.extend(found.into_iter().map_while(|entry| entry));
            if !whole {
                break;
            }
            (next, run) = (last, (2 * run).min(SLOTS));
        }
        Ok(entries)
    }
}

/// Decodes a slot; an entry under another slot's key is damage.
fn decode(item: &Item, slot: SlotNumber) -> Result<SlotEntry, PortError> {
    let name = format!("log {slot}");
    let entry: SlotEntry = record(item, &name)?;
    match entry.slot == slot {
        true => Ok(entry),
        false => Err(PortError::Corrupt { name, reason: "the item holds another slot".to_owned() }),
    }
}
