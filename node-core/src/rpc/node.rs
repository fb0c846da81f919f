use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};

use super::{Access, RpcError};
use crate::{
    chain::{Annex, Era, LayerConfig},
    execute::{Patience, Rules},
    flow::{archive::Annexes, query::Replica, sequence::Committed, submit::Intake},
    port::{Clock, Costs, Doorbell, Heads, Signer, Stores},
    state::StateAt,
};

/// Everything an answer is made from.
///
/// Whoever holds the replica keeps it current; `heads` announces a block when the replica has it.
#[derive(Clone)]
pub struct Node {
    /// Stores of the layer.
    pub stores: Stores,
    /// Its configuration.
    pub config: Arc<LayerConfig>,
    /// Its rules.
    pub rules: Arc<Rules>,
    /// Its committed blocks.
    pub replica: Arc<Replica>,
    /// Where transactions are gathered.
    pub intake: Arc<Intake>,
    /// Wakes the sequencer.
    pub doorbell: Arc<dyn Doorbell>,
    /// Tells of new blocks.
    pub heads: Arc<dyn Heads>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Which blocks are safe and finalized.
    pub tags: Arc<Tags>,
    /// What imported blocks have besides; empty on a layer.
    pub annexes: Arc<Annexes>,
    /// Whether transactions are taken.
    pub sends: Sends,
    /// What is allowed.
    pub access: Arc<Access>,
    /// Most bytes of one answer; a function in the cloud may return less than a server.
    pub answer_bytes: usize,
    /// What the layer costs; `None` where nobody counts.
    pub costs: Option<Arc<dyn Costs>>,
    /// Signs soft receipts and headers; `None` where nobody does.
    pub signer: Option<Arc<dyn Signer>>,
    /// Answer of `web3_clientVersion`: name, version, platform.
    pub client_version: String,
}

/// How long what one request has run may take, in milliseconds: geth's `--rpc.evmtimeout`, and the time limit of its
/// traces.
pub const EVM_TIMEOUT_MS: u64 = 5_000;

impl core::fmt::Debug for Node {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Node").field("layer", &self.config.id).finish_non_exhaustive()
    }
}

impl Node {
    /// Returns the number of the block that a tag means. `pending` is the newest committed block.
    pub(super) fn number(&self, tag: BlockNumberOrTag) -> u64 {
        let head = self.replica.head().header.number;
        match tag {
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => head,
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Safe => self.tags.safe(head),
            BlockNumberOrTag::Finalized => self.tags.finalized(head),
            BlockNumberOrTag::Number(number) => number,
        }
    }

    /// Returns how long something may run from now on.
    pub(super) fn patience(&self) -> Patience {
        let clock = Arc::clone(&self.clock);
        let until_ms = clock.now_ms().saturating_add(EVM_TIMEOUT_MS);
        Patience::new(EVM_TIMEOUT_MS, move || clock.now_ms() >= until_ms)
    }

    /// Returns what a block has besides, when it was imported.
    pub(super) fn annex(&self, number: u64) -> Option<&Annex> {
        self.annexes.get(&number)
    }

    /// Returns the rules under which a block was built.
    pub(super) fn era(&self, block: &Committed) -> Era {
        self.rules.era(block.header.number, block.header.timestamp)
    }

    /// Returns the time that the next block would have, Unix seconds; zero for an archive, which has no next one.
    pub(super) fn now_s(&self) -> u64 {
        match self.sends {
            Sends::Taken => self.clock.now_ms() / 1000,
            Sends::Refused => 0,
        }
    }

    /// Returns a block, if it is committed.
    pub(super) async fn find(&self, id: BlockId) -> Result<Option<Arc<Committed>>, RpcError> {
        Ok(match id {
            BlockId::Number(BlockNumberOrTag::Latest | BlockNumberOrTag::Pending) => {
                Some(self.replica.head())
            }
            BlockId::Number(tag) => self.replica.block(self.number(tag)).await?,
            BlockId::Hash(hash) => self.replica.block_by_hash(&hash.block_hash).await?,
        })
    }

    /// Returns a block.
    ///
    /// # Errors
    /// [`RpcError::BlockNotFound`].
    pub(super) async fn block(&self, id: BlockId) -> Result<Arc<Committed>, RpcError> {
        self.find(id).await?.ok_or(RpcError::BlockNotFound { id })
    }

    /// Reads the state after a block: the only way in which answers read state. `read` may run more
    /// than once, while what it needs is being loaded.
    ///
    /// # Errors
    /// [`RpcError::BlockNotFound`], those of `read`, and those of loading.
    pub(super) async fn with_state<T>(
        &self,
        id: BlockId,
        read: impl FnMut(&StateAt) -> Result<T, RpcError> + Send,
    ) -> Result<T, RpcError> {
        let snapshot = match id {
            BlockId::Number(BlockNumberOrTag::Latest | BlockNumberOrTag::Pending) => {
                Some(self.replica.newest())
            }
            BlockId::Number(tag) => self.replica.snapshot(self.number(tag)).await?,
            BlockId::Hash(_) => match self.find(id).await? {
                Some(block) => self.replica.snapshot(block.header.number).await?,
                None => None,
            },
        };
        snapshot.ok_or(RpcError::BlockNotFound { id })?.with(read).await
    }
}

/// Whether a node takes transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sends {
    /// It does.
    Taken,
    /// It only answers what was: an archive.
    Refused,
}

/// Which blocks the tags `safe` and `finalized` mean.
///
/// On a layer both start at block 0 and are raised when a block's data is on a safe, then on a finalized
/// block of the L1. On a chain that nobody can reorganise both are the newest block.
#[derive(Debug, Default)]
pub struct Tags {
    safe: AtomicU64,
    finalized: AtomicU64,
    instant: bool,
}

impl Tags {
    /// Tags of a layer whose data is not on the L1 yet.
    pub const fn layer() -> Self {
        Self { safe: AtomicU64::new(0), finalized: AtomicU64::new(0), instant: false }
    }

    /// Tags of a chain where every block is final at once: the L1 in this process.
    pub const fn instant() -> Self {
        Self { instant: true, ..Self::layer() }
    }

    /// Says that blocks up to `number` are safe. Never goes back.
    pub fn raise_safe(&self, number: u64) {
        self.safe.fetch_max(number, Ordering::Relaxed);
    }

    /// Says that blocks up to `number` are finalized, and so safe. Never goes back.
    pub fn raise_finalized(&self, number: u64) {
        self.raise_safe(number);
        self.finalized.fetch_max(number, Ordering::Relaxed);
    }

    /// Returns the newest safe block when `head` is the newest of all.
    pub fn safe(&self, head: u64) -> u64 {
        if self.instant { head } else { self.safe.load(Ordering::Relaxed).min(head) }
    }

    /// Returns the newest finalized block when `head` is the newest of all.
    pub fn finalized(&self, head: u64) -> u64 {
        if self.instant { head } else { self.finalized.load(Ordering::Relaxed).min(head) }
    }
}
