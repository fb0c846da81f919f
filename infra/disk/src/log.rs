use async_trait::async_trait;
use node_core::{
    chain::{LayerId, SlotNumber},
    codec::{Record, record::SlotEntry},
    port::{Log, LogAppend, PortError},
};
use redb::ReadableTable;

use crate::{
    error::RowError,
    key::{Span, row},
    layer::Layer,
    tables::{LOG, Tables},
};

const APPEND: &str = "append to the log";
const READ: &str = "read the log";

#[async_trait]
impl Log for Layer {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        let (layer, frame) = (self.id, entry.to_frame());
        self.write(APPEND, move |tables| append(tables, layer, &entry, &frame)).await
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        self.read(READ, |txn| held(&txn.open_table(LOG)?, self.id, slot))
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        self.read(READ, |txn| {
            let span = Span::from(self.id, &first.0.to_be_bytes());
            let log = txn.open_table(LOG)?;
            let rows = log.range::<&[u8]>(span.bounds())?;
            rows.take(limit)
                .map(|found| {
                    let (key, frame) = found?;
                    decode(self.id, key.value(), frame.value())
                })
                .collect()
        })
    }
}

fn append(
    tables: &mut Tables<'_>,
    layer: LayerId,
    entry: &SlotEntry,
    frame: &[u8],
) -> Result<LogAppend, RowError> {
    match held(&tables.log, layer, entry.slot)? {
        Some(held) if held.attempt == entry.attempt && held.epoch == entry.epoch => {
            Ok(LogAppend::Written)
        }
        Some(held) => Ok(LogAppend::Occupied(held)),
        None => {
            tables.log.insert(&*row(layer, &[&entry.slot.0.to_be_bytes()]), frame)?;
            Ok(LogAppend::Written)
        }
    }
}

fn held(
    log: &impl ReadableTable<&'static [u8], &'static [u8]>,
    layer: LayerId,
    slot: SlotNumber,
) -> Result<Option<SlotEntry>, RowError> {
    let key = row(layer, &[&slot.0.to_be_bytes()]);
    log.get(&*key)?.map(|frame| decode(layer, &key, frame.value())).transpose()
}

/// Decodes the entry of the row `key`; an entry under another slot's key is damage.
fn decode(layer: LayerId, key: &[u8], frame: &[u8]) -> Result<SlotEntry, RowError> {
    let entry =
        SlotEntry::from_frame(frame).map_err(|error| RowError::record(name(key), &error))?;
    if row(layer, &[&entry.slot.0.to_be_bytes()]) != key {
        return Err(RowError::corrupt(name(key), "the row holds another slot"));
    }
    Ok(entry)
}

fn name(key: &[u8]) -> String {
    let slot = key.last_chunk().map_or(SlotNumber(0), |slot| SlotNumber(u64::from_be_bytes(*slot)));
    format!("log {slot}")
}
