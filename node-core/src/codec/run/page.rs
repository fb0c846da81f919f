use alloy_primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{BlockPlace, Entry};
use crate::{
    chain::SlotNumber,
    codec::{Kind, Record},
};

/// A page of a sorted table, in columns: like numbers lie together, because that is what compresses.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct SortedPage {
    /// Difference of each key to the one before, the first to 0.
    key_steps: Vec<u64>,
    numbers: Vec<u64>,
    indexes: Vec<u64>,
}

impl Record for SortedPage {
    const KIND: Kind = Kind::RunPage;
}

impl SortedPage {
    /// Makes the page of `entries`, which are sorted.
    pub fn of(entries: &[Entry]) -> Self {
        let mut before = 0;
        let mut step = |entry: &Entry| {
            let step = entry.key - before;
            before = entry.key;
            step
        };
        Self {
            key_steps: entries.iter().map(&mut step).collect(),
            numbers: entries.iter().map(|entry| entry.number).collect(),
            indexes: entries.iter().map(|entry| entry.index).collect(),
        }
    }

    /// Returns the entries, when they are what a writer writes: as many of each, strictly ascending.
    pub fn entries(&self) -> Option<Vec<Entry>> {
        let Self { key_steps, numbers, indexes } = self;
        if key_steps.len() != numbers.len() || key_steps.len() != indexes.len() {
            return None;
        }
        let mut key = 0_u64;
        let mut entries = Vec::with_capacity(key_steps.len());
        for ((step, number), index) in key_steps.iter().zip(numbers).zip(indexes) {
            key = key.checked_add(*step)?;
            entries.push(Entry { key, number: *number, index: *index });
        }
        entries.is_sorted_by(|a, b| a < b).then_some(entries)
    }
}

/// Consecutive blocks: the slot and the hash of each.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct BlocksPage {
    first: u64,
    slots: Vec<u64>,
    hashes: Vec<B256>,
}

impl Record for BlocksPage {
    const KIND: Kind = Kind::RunBlocks;
}

impl BlocksPage {
    /// Makes the page of `blocks`, the first of which is number `first`.
    pub fn of(first: u64, blocks: &[BlockPlace]) -> Self {
        Self {
            first,
            slots: blocks.iter().map(|block| block.slot.0).collect(),
            hashes: blocks.iter().map(|block| block.hash).collect(),
        }
    }

    /// Returns the blocks, when these are `count` blocks from `first` on.
    pub fn places(&self, first: u64, count: usize) -> Option<Vec<BlockPlace>> {
        let Self { first: got, slots, hashes } = self;
        let whole = *got == first && slots.len() == count && hashes.len() == count;
        let places = slots.iter().zip(hashes);
        whole.then(|| {
            places.map(|(slot, hash)| BlockPlace { slot: SlotNumber(*slot), hash: *hash }).collect()
        })
    }
}
