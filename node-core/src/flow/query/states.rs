//! The state after any block.

use std::sync::Arc;

use super::{Replica, Snapshot, blocks::READS};
use crate::{
    chain::Ancestors,
    codec::record::CheckpointRef,
    flow::{FlowError, Tip, checkpoint, sequence::Committed},
    state::{Delta, Later, StateAt},
};

impl Replica {
    /// The state after the newest block.
    ///
    /// # Panics
    /// Never: what comes after the base is in memory.
    pub fn newest(&self) -> Snapshot {
        self.read(|chain| {
            let newest = chain.snapshot(chain.head.header.number);
            newest.expect("the head is the base or in memory")
        })
    }

    /// The state after block `number`, if that is committed.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn snapshot(&self, number: u64) -> Result<Option<Snapshot>, FlowError> {
        if let Some(snapshot) = self.read(|chain| chain.snapshot(number)) {
            return Ok(Some(snapshot));
        }
        let kept = self.lock(&self.old_states, |states| states.get(&number));
        if kept.is_some() {
            return Ok(kept);
        }
        let Some(block) = self.block(number).await? else { return Ok(None) };
        let snapshot = self.rebuild(&block).await?;
        self.lock(&self.old_states, |states| states.put(number, snapshot.clone(), 1));
        Ok(Some(snapshot))
    }

    /// Makes the state after an old block from the nearest older checkpoint and the blocks after that.
    async fn rebuild(&self, block: &Committed) -> Result<Snapshot, FlowError> {
        let number = block.header.number;
        let checkpoint = self.checkpoint_before(number).await?;
        let numbers: Vec<u64> = (checkpoint.header.number + 1..=number).collect();
        let mut sum = Delta::default();
        for numbers in numbers.chunks(READS) {
            for block in self.blocks(numbers).await? {
                sum.then(&block.record.delta);
            }
        }
        let later = Later::of(Arc::new(sum));
        let Tip { world: base, pages, .. } = checkpoint;
        Ok(Snapshot { header: block.header.clone(), state: StateAt { base, later }, pages })
    }

    /// The newest checkpoint of block `number` or an older one.
    async fn checkpoint_before(&self, number: u64) -> Result<Tip, FlowError> {
        let checkpoint = self.read(|chain| chain.checkpoint_before(number));
        self.open_checkpoint(checkpoint.unwrap_or(CheckpointRef::GENESIS)).await
    }

    pub(super) async fn open_checkpoint(&self, at: CheckpointRef) -> Result<Tip, FlowError> {
        checkpoint::load_at_with(&self.stores, self.layer, at, self.cache.clone()).await
    }

    /// Hashes that `BLOCKHASH` sees in block `number`.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn ancestors(&self, number: u64) -> Result<Ancestors, FlowError> {
        let mut ancestors = Ancestors::default();
        for ancestor in number.saturating_sub(Ancestors::DEPTH)..number {
            let hash = match self.place(ancestor).await? {
                Some(place) => Some(place.hash),
                None => self.block(ancestor).await?.map(|block| block.header.hash()),
            };
            if let Some(hash) = hash {
                ancestors.push(ancestor, hash);
            }
        }
        Ok(ancestors)
    }
}
