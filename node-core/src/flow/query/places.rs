use std::collections::BTreeMap;

use alloy_primitives::{B256, Bloom, TxHash};

use crate::{
    chain::SlotNumber,
    codec::{record::BlockRecord, run::BlockPlace},
    flow::index::Candidate,
};

/// An index in memory over consecutive blocks: those that no run covers yet.
#[derive(Debug, Default)]
pub(super) struct Places {
    first: u64,
    blocks: Vec<Placed>,
    numbers: BTreeMap<B256, u64>,
    transactions: BTreeMap<TxHash, Candidate>,
}

#[derive(Debug)]
struct Placed {
    place: BlockPlace,
    bloom: Box<Bloom>,
}

impl Places {
    /// An index over no blocks yet; the first one that is added is `first`.
    pub(super) fn from(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Number of the first block that is here, or would be.
    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    /// Adds the next block; any other is left alone.
    pub(super) fn push(&mut self, slot: SlotNumber, hash: B256, record: &BlockRecord) {
        let header = &record.block.header;
        let number = header.number;
        if number != self.next() {
            return;
        }
        let bloom = Box::new(header.logs_bloom);
        self.blocks.push(Placed { place: BlockPlace { slot, hash }, bloom });
        self.numbers.insert(hash, number);
        for (index, tx) in record.block.transactions.iter().enumerate() {
            self.transactions.insert(*tx.hash(), Candidate { number, index });
        }
    }

    /// Forgets the blocks up to `last`: runs cover them.
    pub(super) fn covered(&mut self, last: u64) {
        if last < self.first {
            return;
        }
        let gone = usize::try_from(last + 1 - self.first).unwrap_or(usize::MAX);
        self.blocks.drain(..gone.min(self.blocks.len()));
        self.numbers.retain(|_, number| *number > last);
        self.transactions.retain(|_, place| place.number > last);
        self.first = last + 1;
    }

    pub(super) fn block(&self, number: u64) -> Option<BlockPlace> {
        Some(self.placed(number)?.place)
    }

    /// Whether the header's bloom of a block passes `test`.
    pub(super) fn bloom(&self, number: u64, test: impl FnOnce(&Bloom) -> bool) -> bool {
        self.placed(number).is_some_and(|placed| test(&placed.bloom))
    }

    pub(super) fn number(&self, hash: &B256) -> Option<u64> {
        self.numbers.get(hash).copied()
    }

    pub(super) fn transaction(&self, hash: &TxHash) -> Option<Candidate> {
        self.transactions.get(hash).copied()
    }

    pub(super) fn transaction_count(&self) -> usize {
        self.transactions.len()
    }

    fn next(&self) -> u64 {
        self.first + u64::try_from(self.blocks.len()).expect("usize fits u64 on every target")
    }

    fn placed(&self, number: u64) -> Option<&Placed> {
        self.blocks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}
