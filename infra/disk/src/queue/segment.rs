use alloy_rlp::{RlpDecodable, RlpEncodable};
use node_core::{chain::LayerId, codec::record::Pending};
use redb::{ReadTransaction, ReadableTable};

use super::{NAME, Queues};
use crate::{
    error::RowError,
    key::{number, row, seal, unseal},
    tables::{INBOX, Open},
};

/// Most transactions in one row: bounds what is written again when one of them goes before the others.
pub(crate) const SEGMENT: usize = 256;

/// A waiting transaction and when it arrived, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct Item {
    pub(super) arrival: u64,
    pub(super) pending: Pending,
}

/// Writes a segment: a new one, or what is left of it.
pub(super) fn write(
    table: &mut Open<'_>,
    layer: LayerId,
    segment: u64,
    items: &[Item],
) -> Result<(), RowError> {
    let key = row(layer, &[&segment.to_be_bytes()]);
    if items.is_empty() {
        table.remove(&*key)?;
    } else {
        table.insert(&*key, &*value(&key, items))?;
    }
    Ok(())
}

fn value(key: &[u8], items: &[Item]) -> Vec<u8> {
    let mut list = Vec::with_capacity(items.len() * 200);
    alloy_rlp::encode_list::<_, Item>(items, &mut list);
    seal(key, &[&list])
}

impl Queues {
    /// Reads all segments. What is damaged is kept as the damage of its layer.
    pub(crate) fn open(txn: &ReadTransaction) -> Result<Self, redb::Error> {
        let queues = Self::default();
        for found in txn.open_table(INBOX)?.iter()? {
            let (key, value) = found?;
            let Some((layer, first)) = key.value().split_first_chunk() else { continue };
            let segment = number(NAME, first);
            let items = segment
                .as_ref()
                .map_or_else(|_| Err(misnamed()), |_| read(key.value(), value.value()));
            queues.load(LayerId::new(*layer), segment.unwrap_or_default(), items);
        }
        Ok(queues)
    }
}

fn misnamed() -> RowError {
    RowError::corrupt(NAME, "a row has no arrival")
}

fn read(key: &[u8], value: &[u8]) -> Result<Vec<Item>, RowError> {
    let list = unseal(NAME, key, value)?;
    alloy_rlp::decode_exact(list).map_err(|error| RowError::corrupt(NAME, &error.to_string()))
}
