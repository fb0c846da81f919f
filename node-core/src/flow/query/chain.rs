use std::{collections::VecDeque, sync::Arc};

use crate::{
    chain::{SealedHeader, SlotNumber},
    codec::{record::CheckpointRef, run::RunRef},
    flow::{Tip, pages::Pages, sequence::Committed},
    state::{Deltas, Later, StateAt, WorldState},
};

use super::{Snapshot, places::Places};

/// What a replica has in memory.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) head: Arc<Committed>,
    /// State at the newest checkpoint that was opened.
    base: Base,
    /// Blocks after the base, oldest first.
    blocks: VecDeque<Arc<Committed>>,
    /// What they changed.
    deltas: Deltas,
    /// A block after the base, or the base, with its trie.
    tip: Tip,
    /// Runs of the index, which cover blocks up to the base or fewer.
    pub(super) runs: Arc<[RunRef]>,
    /// Where the blocks are that no run covers.
    pub(super) places: Places,
}

#[derive(Debug)]
struct Base {
    header: SealedHeader,
    world: WorldState,
    pages: Pages,
}

impl Base {
    fn of(checkpoint: &Tip) -> Self {
        let Tip { header, world, pages, .. } = checkpoint;
        Self { header: header.clone(), world: world.clone(), pages: pages.clone() }
    }
}

/// A block with a trie, and the blocks after it, which have none.
pub(super) struct Behind {
    pub(super) tip: Tip,
    pub(super) later: Later,
    pub(super) blocks: Vec<Arc<Committed>>,
}

impl Chain {
    /// Starts at `tip`, a checkpoint of the block `head`.
    pub(super) fn new(tip: Tip, head: Committed, runs: Arc<[RunRef]>, places: Places) -> Self {
        Self {
            head: Arc::new(head),
            base: Base::of(&tip),
            blocks: VecDeque::new(),
            deltas: Deltas::default(),
            tip,
            runs,
            places,
        }
    }

    /// Takes over the block after the head; any other is left alone.
    pub(super) fn push(&mut self, committed: Arc<Committed>) {
        let header = &committed.header;
        if header.number != self.head.header.number + 1 {
            return;
        }
        self.places.push(slot(&committed), header.hash(), &committed.record);
        self.deltas.push(Arc::new(committed.record.delta.clone()));
        self.head = Arc::clone(&committed);
        self.blocks.push_back(committed);
    }

    /// The newest block that has a trie, and what came after it.
    pub(super) fn behind(&self) -> Behind {
        let first = self.since_base(self.tip.header.number);
        Behind {
            tip: self.tip.clone(),
            later: self.deltas.between(first, self.deltas.len()),
            blocks: self.blocks.iter().skip(first).cloned().collect(),
        }
    }

    /// Takes over a newer tip, which somebody followed the log with.
    pub(super) fn followed(&mut self, tip: Tip) {
        let number = tip.header.number;
        if number >= self.tip.header.number && number <= self.head.header.number {
            self.tip = tip;
        }
    }

    /// Goes on from a newer checkpoint: forgets what is before it, and returns the forgotten blocks.
    pub(super) fn rebase(&mut self, checkpoint: &Tip) -> Vec<Arc<Committed>> {
        let number = checkpoint.header.number;
        if number <= self.base.header.number || number > self.head.header.number {
            return Vec::new();
        }
        self.base = Base::of(checkpoint);
        // With it goes what was loaded for the old one.
        self.tip = checkpoint.clone();
        let kept = self.blocks.partition_point(|block| block.header.number <= number);
        let forgotten = self.blocks.drain(..kept).collect();
        self.deltas = Deltas::default();
        for block in &self.blocks {
            self.deltas.push(Arc::new(block.record.delta.clone()));
        }
        if let Some(last) = checkpoint.runs.last() {
            self.places.covered(last.last);
            self.runs = Arc::clone(&checkpoint.runs);
        }
        forgotten
    }

    /// How many blocks are in memory.
    pub(super) fn blocks_since_base(&self) -> usize {
        self.blocks.len()
    }

    /// Block `number`, when it is in memory.
    pub(super) fn block(&self, number: u64) -> Option<Arc<Committed>> {
        if number == self.head.header.number {
            return Some(Arc::clone(&self.head));
        }
        let after_base = number.checked_sub(self.base.header.number + 1)?;
        self.blocks.get(usize::try_from(after_base).ok()?).cloned()
    }

    /// The state after a block, when it is the base or in memory.
    pub(super) fn snapshot(&self, number: u64) -> Option<Snapshot> {
        let header = match number.checked_sub(self.base.header.number)? {
            0 => self.base.header.clone(),
            _ => self.block(number)?.header.clone(),
        };
        let end = self.since_base(number);
        let trie = self.tip.header.number;
        let (base, pages, first) = if number >= trie {
            (&self.tip.world, &self.tip.pages, self.since_base(trie))
        } else {
            (&self.base.world, &self.base.pages, 0)
        };
        let state = StateAt { base: base.clone(), later: self.deltas.between(first, end) };
        Some(Snapshot { header, state, pages: pages.clone() })
    }

    /// The newest checkpoint at block `number` or before it.
    pub(super) fn checkpoint_before(&self, number: u64) -> Option<CheckpointRef> {
        self.tip.checkpoints.iter().rev().find(|checkpoint| checkpoint.block <= number).copied()
    }

    fn since_base(&self, number: u64) -> usize {
        usize::try_from(number - self.base.header.number).unwrap_or(usize::MAX)
    }
}

/// The slot that holds a block.
const fn slot(block: &Committed) -> SlotNumber {
    SlotNumber(block.next_slot.0.saturating_sub(1))
}
