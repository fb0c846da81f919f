use std::collections::BTreeSet;

use alloy_primitives::B256;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{chain::SlotNumber, codec::record::BlockRecord};

/// One entry of a sorted table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Prefix of a hash, or key of an address or topic.
    pub key: u64,
    /// Number of the block.
    pub number: u64,
    /// Of hashes: 0 for the block itself, n + 1 for transaction n. Of logs: 0.
    pub index: u64,
}

/// Where a block is, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlace {
    /// Slot of the log that holds it.
    pub slot: SlotNumber,
    /// Its hash.
    pub hash: B256,
}

/// What a run says, in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Number of the first block.
    pub first: u64,
    /// The blocks, from `first` on without a gap.
    pub blocks: Vec<BlockPlace>,
    /// Blocks and transactions by hash, sorted.
    pub hashes: Vec<Entry>,
    /// Blocks by the addresses and topics of their logs, sorted.
    pub logs: Vec<Entry>,
}

/// The key of a transaction or block: the first 8 bytes of its hash.
///
/// # Panics
/// Never: a hash has more than 8 bytes.
pub fn key_of_hash(hash: &B256) -> u64 {
    u64::from_be_bytes(*hash.first_chunk().expect("32 bytes hold 8"))
}

/// The key of what a log is found by: its address (`position` 0) or topic `position` - 1.
pub fn key_of_log(position: u64, value: &[u8]) -> u64 {
    xxh3_64_with_seed(value, position)
}

impl Contents {
    /// Makes the index of consecutive blocks; nothing of none.
    pub fn of<'a>(blocks: impl IntoIterator<Item = (SlotNumber, &'a BlockRecord)>) -> Self {
        let mut contents = Self::default();
        for (slot, record) in blocks {
            if contents.blocks.is_empty() {
                contents.first = record.block.header.number;
            }
            contents.add(slot, record);
        }
        contents.hashes.sort_unstable();
        contents.logs.sort_unstable();
        contents
    }

    fn add(&mut self, slot: SlotNumber, record: &BlockRecord) {
        let number = record.block.header.number;
        let hash = record.block.header.hash_slow();
        self.blocks.push(BlockPlace { slot, hash });
        let hashes = record.block.transactions.iter().map(|tx| *tx.hash());
        let indexed = (0..).zip([hash].into_iter().chain(hashes));
        self.hashes.extend(indexed.map(|(index, hash)| Entry {
            key: key_of_hash(&hash),
            number,
            index,
        }));
        self.logs.extend(log_keys(record).into_iter().map(|key| Entry { key, number, index: 0 }));
    }

    /// Adds the blocks after these.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        if self.blocks.is_empty() {
            return later;
        }
        self.blocks.extend(later.blocks);
        self.hashes.extend(later.hashes);
        self.logs.extend(later.logs);
        // Stable sorting takes two sorted halves in one pass.
        self.hashes.sort();
        self.logs.sort();
        self
    }

    /// Entries in both sorted tables: what a run costs.
    pub const fn entries(&self) -> usize {
        self.hashes.len() + self.logs.len()
    }
}

/// Keys of all logs of a block, each once.
fn log_keys(record: &BlockRecord) -> BTreeSet<u64> {
    let logs = record.receipts.iter().flat_map(|receipt| &receipt.logs);
    logs.flat_map(|log| {
        let topics = (1..).zip(log.topics()).map(|(at, topic)| key_of_log(at, topic.as_slice()));
        [key_of_log(0, log.address.as_slice())].into_iter().chain(topics)
    })
    .collect()
}
