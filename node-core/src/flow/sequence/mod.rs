//! The single writer: takes the lease, fences, drains the inbox into blocks, commits them.
//!
//! Safety does not rest on the lease. A new writer claims the next epoch, then occupies the next free
//! slot of the log with a *fence*. An older writer that still believes in its lease finds its slot
//! taken when it commits, and stops. A block is committed by exactly one conditional write.
//!
//! ```text
//! block n       build ──▶ encode, write ──▶ forget what it included
//! block n + 1             build ──────────▶ encode, write ──▶ forget
//! ```
//!
//! While a block is written, the next one is built on it, when enough waits. Nobody sees that one, or the state
//! after it, before the block below it is durable and it is written itself; when a write fails, all of it is
//! dropped with the writer.
//!
//! What follows a commit (forgetting the included inbox entries, marking the minted orders) may be cut
//! off by a crash. Nobody waits for it; it is finished before the next block but one is written, and before a
//! checkpoint is. A new writer repeats it for the two newest blocks; all of it can be repeated.
//!
//! | file | what |
//! |---|---|
//! | `filling` | what goes into a block, and in which order |
//! | `batch` | building a block of what waits |
//! | `parent` | what a block is built on |
//! | `ahead` | building while the parent is committed |
//! | `commit` | writing a block |
//! | `left` | what follows a commit |
//! | `take_over` | becoming the writer |

mod ahead;
mod batch;
mod commit;
mod filling;
mod left;
mod parent;
mod pipeline;
mod take_over;

use std::sync::Arc;

use futures::future::join;

use self::{
    ahead::Ahead,
    batch::{Batch, BuiltBlock, Laid, Waiting},
    commit::{Ready, Then},
    left::Left,
    parent::Parent,
};
use super::{Caches, FlowError, Tip, lease::Lease, open, tip::Read};
use crate::{
    chain::{Epoch, LayerConfig, SealedHeader, SlotNumber, Transaction},
    codec::record::{BlockRecord, SlotContent},
    execute::{Built, CallOutcome, CallRequest, Rules},
    port::{PortError, Signer, Stores},
    state::WorldState,
};

pub use self::{
    batch::{BATCH, Timing},
    pipeline::Pipeline,
    take_over::{LEASE_MS, TakeOver},
};

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
    pub signer: Option<Arc<dyn Signer>>,
    /// How computing and writing overlap.
    pub pipeline: Pipeline,
    /// What this process keeps in memory.
    pub caches: Caches,
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
    pub async fn load(stores: Stores, signer: Option<Arc<dyn Signer>>) -> Result<Self, FlowError> {
        let config = open::config(&*stores.registers).await?;
        let rules = Arc::new(Rules::layer(config.chain_id));
        let (pipeline, caches) = (Pipeline::default(), Caches::default());
        Ok(Self { stores, config: Arc::new(config), rules, signer, pipeline, caches })
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

/// The writer of a layer, for one epoch.
#[derive(Debug)]
pub struct Sequencer {
    context: Context,
    lease: Lease,
    holder: String,
    tip: Tip,
    /// Blocks after the newest checkpoint.
    unindexed: Vec<(SlotNumber, Arc<BlockRecord>)>,
    /// A block is being built or committed, or it is not known whether it was.
    unsure: bool,
    /// What is still to be done for the newest block.
    left: Left,
    /// The block after the newest one, with the state; of the state of the newest one, `tip` knows the root then.
    ahead: Option<Ahead>,
    /// How much waited when the newest block was begun.
    waiting: usize,
}

impl Sequencer {
    /// Builds and commits one block of what waits, if any of it can be included. The one after it may be built
    /// already when this returns.
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
        let ready = match self.take_ahead().await? {
            Some(ready) => Some(ready),
            None => self.build(timing).await?,
        };
        let Some(ready) = ready else { return Ok(Step::Idle) };
        let committed = Box::pin(self.commit(ready, Then::BuildAhead(timing))).await?;
        Ok(Step::Committed(Box::new(committed)))
    }

    /// Commits the block that is built already, if there is one, and builds none meanwhile. After this the state
    /// in memory is that of the newest committed block.
    ///
    /// Everything that needs that state does this first; who tells others of blocks does it before, to hear of
    /// the block.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub async fn settle(&mut self) -> Result<Option<Committed>, FlowError> {
        self.check_sure()?;
        match self.take_ahead().await? {
            Some(ready) => Ok(Some(Box::pin(self.commit(ready, Then::Rest)).await?)),
            None => Ok(None),
        }
    }

    /// The block that was built while the newest one was committed.
    async fn take_ahead(&mut self) -> Result<Option<Ready>, FlowError> {
        if let Some(ahead) = &mut self.ahead {
            ahead.built().await;
        }
        match self.ahead.take().and_then(Ahead::into_laid) {
            Some(laid) => self.take(laid).await,
            None => Ok(None),
        }
    }

    /// Builds a block of what waits on the newest one.
    async fn build(&mut self, timing: Timing) -> Result<Option<Ready>, FlowError> {
        let left = core::slice::from_ref(&self.left);
        let waiting = Waiting::read(&self.context, left).await?;
        if waiting.len() == 0 {
            self.tidy().await?;
            return Ok(None);
        }
        self.unsure = true;
        let parent = Parent::take(&mut self.tip);
        // The writes of the one go on while the other computes.
        let tidying = self.left.tidy(&self.context.stores);
        let building = Box::pin(batch::build(&self.context, parent, waiting, timing));
        let (tidied, laid) = join(tidying, building).await;
        let ready = self.take(laid).await;
        self.unsure = false;
        tidied?;
        self.left = Left::default();
        ready
    }

    /// Takes the state back, and the block that it is the state of, if one was built on the newest one.
    async fn take(&mut self, laid: Laid) -> Result<Option<Ready>, FlowError> {
        let Laid { parent, batch } = laid;
        parent.give_back(&mut self.tip);
        let Batch { block, dropped, waiting } = batch?;
        self.waiting = waiting;
        let Some(block) = block else {
            left::forget_dropped(&self.context.stores, &dropped).await?;
            return Ok(None);
        };
        Ok(Some(Ready { block, dropped }))
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
        self.settle().await?;
        self.keep_lease(timing.now_ms).await?;
        self.unsure = true;
        let mut parent = Parent::take(&mut self.tip);
        let (context, first) = (&self.context, first_sequence);
        let built = batch::build_system(context, &mut parent, transactions, first, timing).await;
        parent.give_back(&mut self.tip);
        self.unsure = false;
        let ready = Ready { block: built?, dropped: Vec::new() };
        Box::pin(self.commit(ready, Then::Rest)).await
    }

    /// Commits a block that was built elsewhere, on this one's newest.
    ///
    /// # Errors
    /// As [`Self::step`], and [`PortError::Corrupt`] when the block does not follow the newest.
    pub async fn adopt(&mut self, built: Built, now_ms: u64) -> Result<(), FlowError> {
        self.settle().await?;
        self.keep_lease(now_ms).await?;
        let (expected, got) = (self.tip.header.hash(), built.header.parent_hash);
        if expected != got {
            let name = format!("block {}", built.header.number);
            let reason = format!("expected parent {expected}, got {got}");
            return Err(PortError::Corrupt { name, reason }.into());
        }
        let ready = Ready { block: BuiltBlock::from(built), dropped: Vec::new() };
        Box::pin(self.commit(ready, Then::Rest)).await.map(drop)
    }

    /// Writes the end slot: no block follows.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub async fn end(&mut self) -> Result<(), FlowError> {
        if self.tip.ended {
            return Ok(());
        }
        self.settle().await?;
        self.tidy().await?;
        let (number, hash) = (self.tip.header.number, self.tip.header.hash());
        let entry = self.turn().with(SlotContent::End { number, hash });
        self.unsure = true;
        commit::append(&self.context, entry.clone()).await?;
        self.unsure = false;
        self.tip.apply(&entry, &Read::Marker)
    }

    /// Writes a checkpoint of the newest block.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub async fn checkpoint(&mut self) -> Result<(), FlowError> {
        self.settle().await?;
        // A new writer finishes what follows the blocks after the checkpoint only.
        self.tidy().await?;
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
    /// Those of `read` that loading does not mend, those of loading and of [`Self::settle`].
    pub async fn with<T, E>(
        &mut self,
        read: impl FnMut(&WorldState) -> Result<T, E> + Send,
    ) -> Result<T, FlowError>
    where
        FlowError: From<E>,
    {
        self.settle().await?;
        self.tip.with(read).await
    }

    /// Loads the whole state.
    ///
    /// # Errors
    /// The stores' errors, and as [`Self::settle`].
    pub async fn load_all(&mut self) -> Result<(), FlowError> {
        self.settle().await?;
        let pages = self.tip.pages.clone();
        pages.load_all(&mut self.tip.world).await
    }

    /// Runs a call at the newest block, loading what that takes.
    ///
    /// # Errors
    /// As [`Tip::call`].
    pub async fn call(&mut self, request: &CallRequest) -> Result<CallOutcome, FlowError> {
        self.settle().await?;
        self.tip.call(&self.context.rules, request).await
    }

    /// Gives the lease back. A block that is built already is dropped: what is in it waits for the next writer.
    ///
    /// # Errors
    /// The stores' errors; the lease then runs out by itself.
    pub async fn leave(mut self) -> Result<(), FlowError> {
        self.tidy().await?;
        self.lease.release(&*self.context.stores.registers).await
    }

    /// The generation of writers that this one is.
    pub const fn epoch(&self) -> Epoch {
        self.lease.epoch()
    }

    /// How many transactions and orders waited when the newest block was begun, or looked at in vain: at most
    /// [`BATCH`] of each kind.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// The newest committed block. Of its state only the root is known while the next block is built: see
    /// [`Self::settle`].
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// After a commit that failed nobody knows what the newest block is; after a step that was cut off the state is gone.
    fn check_sure(&self) -> Result<(), PortError> {
        if !self.unsure {
            return Ok(());
        }
        let source = "this writer does not know what it wrote: drop it and take over again";
        Err(PortError::unavailable("commit", source))
    }
}
