use std::sync::Arc;

use alloy_primitives::{Bytes, keccak256};
use futures::future::join;

use super::{
    Committed, Context, FlowError, Sequencer, Timing,
    ahead::Ahead,
    batch::BuiltBlock,
    left::{Left, finish},
    parent::Parent,
};
use crate::{
    chain::{Epoch, SealedHeader, SlotNumber},
    codec::{
        names,
        record::{AttemptId, BlockRecord, Body, Dropped, Record, SlotContent, SlotEntry},
    },
    port::{LogAppend, PortError, Put},
    state::WorldState,
};

/// Largest block frame inside a slot. A `DynamoDB` item holds 400 KB with its attribute names; above this
/// the body goes into an object first.
const INLINE_BYTES: usize = 256 * 1024;

/// How often one write is repeated when the store does not say whether it happened.
const ATTEMPTS: usize = 4;

/// A block that nobody has seen yet, and what was dropped on the way.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) block: BuiltBlock,
    pub(super) dropped: Vec<Dropped>,
}

/// What a committed block leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// The next one is built meanwhile, if it is worth it.
    BuildAhead(Timing),
    /// Nothing is built.
    Rest,
}

/// A slot that this writer fills.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    slot: SlotNumber,
    epoch: Epoch,
    attempt: AttemptId,
}

impl Turn {
    pub(super) const fn with(self, content: SlotContent) -> SlotEntry {
        let Self { slot, epoch, attempt } = self;
        SlotEntry { slot, epoch, attempt, content }
    }
}

impl Sequencer {
    /// Commits a block in the next slot; what it included is forgotten while the block after it is committed.
    ///
    /// That one may be built meanwhile, on a state that nobody else sees. It is dropped when this fails.
    pub(super) async fn commit(
        &mut self,
        ready: Ready,
        then: Then,
    ) -> Result<Committed, FlowError> {
        let Ready { block: BuiltBlock { header, record, world }, dropped } = ready;
        self.unsure = true;
        let record = Arc::new(record);
        let left = Left::of(Arc::clone(&record), dropped);
        let (mut ahead, world) = self.look_ahead(&header, world, &left, then);
        let (context, turn) = (self.context.clone(), self.turn());
        let write = write(&context, turn, &header, Arc::clone(&record));
        let writes = join(write, self.left.tidy(&context.stores));
        let (written, tidied) = match &mut ahead {
            Some(ahead) => ahead.during(writes).await,
            None => writes.await,
        };
        let entry = written?;
        tidied?;
        self.tip.advance(header.clone(), world, record.delta.leaves());
        self.tip.count(&entry);
        self.tip.next_slot = entry.slot.next();
        self.tip.epoch = entry.epoch;
        self.unindexed.push((entry.slot, Arc::clone(&record)));
        (self.left, self.ahead) = (left, ahead);
        self.unsure = false;
        Ok(Committed { header, record, next_slot: entry.slot.next() })
    }

    /// Begins the block after `header`, if that is worth it; the state is lent to it then.
    fn look_ahead(
        &self,
        header: &SealedHeader,
        world: WorldState,
        left: &Left,
        then: Then,
    ) -> (Option<Ahead>, WorldState) {
        match then {
            Then::BuildAhead(timing) if left.count() >= self.context.pipeline.busy => {
                let known = WorldState::from_root(header.state_root);
                let parent = Parent::after(&self.tip, header.clone(), world);
                let left = [self.left.clone(), left.clone()];
                (Some(Ahead::new(self.context.clone(), parent, left, timing)), known)
            }
            _ => (None, world),
        }
    }

    /// Repeats what follows the commits of the two newest blocks: their writer may have died before it.
    ///
    /// What follows older ones was done before the newest was committed, and what follows those of a checkpoint
    /// before that was written.
    pub(super) async fn finish_newest(&mut self) -> Result<(), FlowError> {
        for (_, record) in self.unindexed.iter().rev().take(2).rev() {
            finish(&self.context.stores, record).await?;
        }
        Ok(())
    }

    /// The next slot.
    ///
    /// One writer tries each slot with one content only, so holder, epoch and slot name the attempt.
    pub(super) fn turn(&self) -> Turn {
        let (slot, epoch) = (self.tip.next_slot, self.lease.epoch());
        let hash = keccak256(format!("{}/{}/{}", self.holder, epoch.0, slot.0));
        let attempt = u128::from_be_bytes(*hash.first_chunk().expect("32 bytes hold 16"));
        Turn { slot, epoch, attempt: AttemptId(attempt) }
    }
}

/// Writes a block; returns what its slot holds.
async fn write(
    context: &Context,
    turn: Turn,
    header: &SealedHeader,
    record: Arc<BlockRecord>,
) -> Result<SlotEntry, FlowError> {
    let count = record.block.transactions.len();
    let frame = context.pipeline.run(count, move || record.to_frame()).await;
    let body = store_body(context, header, frame.into()).await?;
    let (number, hash) = (header.number, header.hash());
    let entry = turn.with(SlotContent::Block { number, hash, body });
    append(context, entry.clone()).await?;
    Ok(entry)
}

/// Small bodies live in the slot, large ones in an object that is written before the slot.
async fn store_body(
    context: &Context,
    header: &SealedHeader,
    frame: Bytes,
) -> Result<Body, FlowError> {
    if frame.len() <= INLINE_BYTES {
        return Ok(Body::Inline(frame));
    }
    let name = names::block(context.config.id, header.number, header.hash());
    context.stores.objects.put(&name, frame, Put::IfAbsent).await?;
    Ok(Body::Object(name))
}

/// Writes a slot that must be ours.
///
/// # Errors
/// [`PortError::Fenced`] when another writer has the slot.
pub(super) async fn append(context: &Context, entry: SlotEntry) -> Result<(), FlowError> {
    let mine = entry.epoch;
    match try_append(context, entry).await? {
        LogAppend::Written => Ok(()),
        LogAppend::Occupied(held) => Err(PortError::Fenced { mine, newer: held.epoch }.into()),
    }
}

/// Writes a slot; a write whose outcome is unknown is repeated, which the attempt id makes safe.
pub(super) async fn try_append(
    context: &Context,
    entry: SlotEntry,
) -> Result<LogAppend, FlowError> {
    let mut tried = 1;
    loop {
        match context.stores.log.append(entry.clone()).await {
            Err(error) if error.is_retryable() && tried < ATTEMPTS => tried += 1,
            other => return Ok(other?),
        }
    }
}
