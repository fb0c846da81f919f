//! The single writer: takes the lease, fences, drains the inbox into blocks, commits them.
//!
//! Safety does not rest on the lease. A new writer claims the next epoch, then occupies the next free
//! slot of the log with a *fence*. An older writer that still believes in its lease finds its slot
//! taken when it commits, and stops. A block is committed by exactly one conditional write.
//!
//! What follows a commit (forgetting the included inbox entries, marking the minted orders) may be cut
//! off by a crash. It is written while the next block is built, nobody waits for it, and it is finished before
//! that block is committed. A new writer repeats it for the newest block; all of it can be repeated.

mod batch;
mod commit;

use std::sync::Arc;

use alloy_primitives::keccak256;
use commit::Left;
use futures::future::join;

use super::{
    FlowError, Tip,
    lease::{self, Claim, Lease},
    open,
    tip::{Read, read_slot},
};
use crate::{
    chain::{LayerConfig, SealedHeader, SlotNumber, Transaction},
    codec::record::{AttemptId, BlockRecord, MintOrder, Pending, SlotContent, SlotEntry},
    execute::{CallOutcome, CallRequest, Rules},
    port::{LogAppend, MintSigner, PortError, Stores},
    state::WorldState,
};

pub use batch::Timing;

/// How long a lease is claimed for. A crashed writer is replaced after this at the latest; three
/// renewals fit into it.
pub const LEASE_MS: u64 = 15_000;

/// Inbox entries and orders read for one block. Bounds memory and the time between commits.
pub const BATCH: usize = 4_096;

/// What a sequencer works with.
#[derive(Clone)]
pub struct Context {
    /// Stores of the layer.
    pub stores: Stores,
    /// Its configuration.
    pub config: Arc<LayerConfig>,
    /// Its rules.
    pub rules: Arc<Rules>,
    /// Signer of mints, if the layer has a shop.
    pub signer: Option<Arc<dyn MintSigner>>,
}

impl core::fmt::Debug for Context {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Context").field("layer", &self.config.id).finish_non_exhaustive()
    }
}

impl Context {
    /// Reads the configuration from the stores of an open layer.
    ///
    /// # Errors
    /// [`FlowError::NoLayer`].
    pub async fn load(
        stores: Stores,
        signer: Option<Arc<dyn MintSigner>>,
    ) -> Result<Self, FlowError> {
        let config = open::config(&*stores.registers).await?;
        let rules = Arc::new(Rules::layer(config.chain_id));
        Ok(Self { stores, config: Arc::new(config), rules, signer })
    }
}

/// A committed block.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Header of the block.
    pub header: SealedHeader,
    /// What the log holds.
    pub record: Arc<BlockRecord>,
    /// First slot after the block.
    pub next_slot: SlotNumber,
}

/// What one [`Sequencer::step`] did.
#[derive(Debug, Clone)]
pub enum Step {
    /// A block was committed; there may be more to do.
    Committed(Box<Committed>),
    /// Nothing could be included.
    Idle,
}

/// Outcome of [`Sequencer::take_over`].
#[derive(Debug)]
pub enum TakeOver {
    /// This process writes now.
    Won(Box<Sequencer>),
    /// Another process holds the lease.
    Held {
        /// Until when, Unix milliseconds.
        until_ms: u64,
    },
}

/// The writer of a layer, for one epoch.
#[derive(Debug)]
pub struct Sequencer {
    context: Context,
    lease: Lease,
    holder: String,
    tip: Tip,
    /// Blocks after the newest checkpoint.
    unindexed: Vec<(SlotNumber, Arc<BlockRecord>)>,
    /// A block is being committed, or it is not known whether it was.
    unsure: bool,
    left: Left,
}

impl Sequencer {
    /// Claims the lease, loads the state, fences all earlier writers, finishes what they left.
    ///
    /// `holder` names this process uniquely: two processes must never share it.
    ///
    /// # Errors
    /// [`PortError::Fenced`] when a newer writer fenced this one meanwhile.
    pub async fn take_over(
        context: Context,
        holder: &str,
        now_ms: u64,
    ) -> Result<TakeOver, FlowError> {
        let registers = &*context.stores.registers;
        let lease = match lease::claim(registers, holder, now_ms, LEASE_MS).await? {
            Claim::Held { until_ms } => return Ok(TakeOver::Held { until_ms }),
            Claim::Won(lease) => lease,
        };
        let (tip, unindexed) = Tip::open_with_blocks(&context.stores).await?;
        let (holder, left) = (holder.to_owned(), Left::default());
        let mut sequencer = Self { context, lease, holder, tip, unindexed, unsure: false, left };
        sequencer.fence().await?;
        sequencer.finish_newest().await?;
        Ok(TakeOver::Won(Box::new(sequencer)))
    }

    /// Builds and commits one block of what waits, if any of it can be included.
    ///
    /// # Errors
    /// [`PortError::Fenced`]: stop. [`PortError::Unavailable`]: this sequencer does not know what was
    /// written; drop it and take over again.
    pub async fn step(&mut self, timing: Timing) -> Result<Step, FlowError> {
        if self.tip.ended {
            return Ok(Step::Idle);
        }
        self.check_sure()?;
        self.keep_lease(timing.now_ms).await?;
        let (pending, orders) = self.waiting().await?;
        if pending.is_empty() && orders.is_empty() {
            self.tidy().await?;
            return Ok(Step::Idle);
        }
        let mints = self.sign_mints(orders).await?;
        // The writes of the one go on while the other computes.
        let tidying = self.left.tidy(&self.context.stores);
        let building = batch::build(&self.context, &mut self.tip, pending, mints, timing);
        let (tidied, batch) = join(tidying, building).await;
        tidied?;
        self.left = Left::default();
        let batch = batch?;
        let Some(block) = batch.block else {
            commit::forget_dropped(&self.context.stores, &batch.dropped).await?;
            return Ok(Step::Idle);
        };
        Ok(Step::Committed(Box::new(self.commit(block, batch.dropped).await?)))
    }

    /// What may go into the next block; what is done with may still be in the stores.
    async fn waiting(&self) -> Result<(Vec<Pending>, Vec<MintOrder>), FlowError> {
        let (stores, left) = (&self.context.stores, &self.left);
        let mut pending = stores.inbox.waiting(BATCH + left.count()).await?;
        left.skip(&mut pending);
        let mut orders = match self.context.signer {
            Some(_) => stores.orders.waiting(BATCH + left.count()).await?,
            None => Vec::new(),
        };
        left.skip_orders(&mut orders);
        Ok((pending, orders))
    }

    /// Does what is still to be done for the newest block.
    async fn tidy(&mut self) -> Result<(), FlowError> {
        self.left.tidy(&self.context.stores).await?;
        self.left = Left::default();
        Ok(())
    }

    /// Commits a block of exactly these system transactions; each must succeed.
    ///
    /// # Errors
    /// As [`Self::step`], and [`FlowError::Seal`] when one of them fails; then nothing is committed.
    pub async fn commit_system(
        &mut self,
        transactions: &[Transaction],
        first_sequence: u64,
        timing: Timing,
    ) -> Result<Committed, FlowError> {
        self.check_sure()?;
        self.keep_lease(timing.now_ms).await?;
        let block =
            batch::build_system(&self.context, &mut self.tip, transactions, first_sequence, timing)
                .await?;
        self.tidy().await?;
        self.commit(block, Vec::new()).await
    }

    /// Writes the end slot: no block follows.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub async fn end(&mut self) -> Result<(), FlowError> {
        if self.tip.ended {
            return Ok(());
        }
        self.check_sure()?;
        self.tidy().await?;
        let (number, hash) = (self.tip.header.number, self.tip.header.hash());
        let entry = self.entry(SlotContent::End { number, hash });
        self.append(entry.clone()).await?;
        self.tip.apply(&entry, &Read::Marker)
    }

    /// Writes a checkpoint of the newest block.
    ///
    /// # Errors
    /// The stores' errors.
    pub async fn checkpoint(&mut self) -> Result<(), FlowError> {
        let Context { stores, config, .. } = &self.context;
        let (epoch, tip, blocks) = (self.lease.epoch(), &mut self.tip, &self.unindexed);
        super::checkpoint::write(stores, config.id, epoch, tip, blocks).await?;
        // Those of a checkpoint that another writer was quicker with stay: it has indexed them, or not.
        if self.tip.since.blocks == 0 {
            self.unindexed.clear();
        }
        Ok(())
    }

    /// Reads the state of the newest block, loading what that takes.
    ///
    /// # Errors
    /// Those of `read` that loading does not mend, and those of loading.
    pub async fn with<T, E>(
        &mut self,
        read: impl FnMut(&WorldState) -> Result<T, E> + Send,
    ) -> Result<T, FlowError>
    where
        FlowError: From<E>,
    {
        self.tip.with(read).await
    }

    /// Loads the whole state.
    ///
    /// # Errors
    /// The stores' errors.
    pub async fn load_all(&mut self) -> Result<(), FlowError> {
        let pages = self.tip.pages.clone();
        pages.load_all(&mut self.tip.world).await
    }

    /// Runs a call at the newest block, loading what that takes.
    ///
    /// # Errors
    /// As [`Tip::call`].
    pub async fn call(&mut self, request: &CallRequest) -> Result<CallOutcome, FlowError> {
        self.tip.call(&self.context.rules, request).await
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// The stores' errors; the lease then runs out by itself.
    pub async fn leave(mut self) -> Result<(), FlowError> {
        self.tidy().await?;
        self.lease.release(&*self.context.stores.registers).await
    }

    /// The newest committed block.
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// Occupies the next free slot. Blocks that an older writer commits first are taken over.
    async fn fence(&mut self) -> Result<(), FlowError> {
        if self.tip.ended {
            return Ok(());
        }
        loop {
            let entry = self.entry(SlotContent::Fence);
            let content = entry.clone();
            match self.try_append(entry).await? {
                LogAppend::Written => return self.tip.apply(&content, &Read::Marker),
                LogAppend::Occupied(held) if held.epoch > self.lease.epoch() => {
                    let (mine, newer) = (self.lease.epoch(), held.epoch);
                    return Err(PortError::Fenced { mine, newer }.into());
                }
                LogAppend::Occupied(held) => {
                    let read = read_slot(&self.context.stores, &held).await?;
                    self.tip.apply_loading(&held, &read).await?;
                    if let Read::Block(record) = read {
                        self.unindexed.push((held.slot, Arc::from(record)));
                    }
                    if self.tip.ended {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// After a commit that failed the state in memory is ahead of what is known to be committed.
    fn check_sure(&self) -> Result<(), PortError> {
        if !self.unsure {
            return Ok(());
        }
        let source = "this writer does not know what it wrote: drop it and take over again";
        Err(PortError::unavailable("commit", source))
    }

    async fn keep_lease(&mut self, now_ms: u64) -> Result<(), FlowError> {
        if self.lease.until_ms() > now_ms + LEASE_MS / 2 {
            return Ok(());
        }
        self.lease.renew(&*self.context.stores.registers, now_ms, LEASE_MS).await
    }

    fn entry(&self, content: SlotContent) -> SlotEntry {
        let slot = self.tip.next_slot;
        SlotEntry { slot, epoch: self.lease.epoch(), attempt: self.attempt(slot), content }
    }

    /// One writer tries each slot with one content only, so holder, epoch and slot name the attempt.
    fn attempt(&self, slot: SlotNumber) -> AttemptId {
        let name = format!("{}/{}/{}", self.holder, self.lease.epoch().0, slot.0);
        let hash = keccak256(name);
        AttemptId(u128::from_be_bytes(*hash.first_chunk().expect("32 bytes hold 16")))
    }
}
