use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{
    Snapshot,
    chain::{Behind, Chain},
    start::{head_of, unindexed},
};
use crate::{
    chain::LayerId,
    codec::run::RunRef,
    flow::{
        Caches, FlowError, Tip, checkpoint, index::Index, lru::Lru, pages::PageCache,
        sequence::Committed,
    },
    port::Stores,
    state::WorldState,
};

/// States of older blocks that are kept, each with what happened since its checkpoint.
const OLD_STATES: usize = 4;

/// Blocks in memory above which a newer checkpoint is looked for.
const MANY_BLOCKS: usize = 512;

/// The committed blocks of one layer, for readers.
#[derive(Debug)]
pub struct Replica {
    pub(super) stores: Stores,
    pub(super) layer: LayerId,
    chain: RwLock<Chain>,
    pub(super) index: Index,
    pub(super) old: Mutex<Lru<u64, Arc<Committed>>>,
    pub(super) old_states: Mutex<Lru<u64, Snapshot>>,
    /// Pages of all checkpoints that were opened.
    pub(super) cache: PageCache,
}

impl Replica {
    /// Opens a replica of the layer in `stores`: its newest checkpoint, and the log after it.
    ///
    /// # Errors
    /// As [`Tip::open`].
    pub async fn open(stores: &Stores, layer: LayerId) -> Result<Self, FlowError> {
        Self::open_with(stores, layer, &Caches::default()).await
    }

    /// As [`Self::open`], with the caches of this process.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(
        stores: &Stores,
        layer: LayerId,
        caches: &Caches,
    ) -> Result<Self, FlowError> {
        let tip = checkpoint::load_with(stores, caches.pages.clone()).await?;
        let runs = Arc::clone(&tip.runs);
        let replica = Self::start(stores.clone(), layer, tip, runs, caches).await?;
        replica.follow(stores).await?;
        Ok(replica)
    }

    /// Starts at a checkpoint whose index is `runs`. Blocks that the index lacks are read once. The pages are those of
    /// the checkpoint.
    ///
    /// # Errors
    /// [`crate::port::PortError::Corrupt`], or the stores' errors.
    pub async fn start(
        stores: Stores,
        layer: LayerId,
        tip: Tip,
        runs: Arc<[RunRef]>,
        caches: &Caches,
    ) -> Result<Self, FlowError> {
        let index = Index::new(Arc::clone(&stores.objects), layer, caches.index_bytes);
        let places = unindexed(&stores, &index, &runs, &tip).await?;
        let head = head_of(&stores, &tip).await?;
        Ok(Self {
            cache: tip.pages.cache(),
            chain: RwLock::new(Chain::new(tip, head, runs, places)),
            index,
            old: Mutex::new(Lru::new(caches.blocks_bytes)),
            old_states: Mutex::new(Lru::new(OLD_STATES)),
            stores,
            layer,
        })
    }

    /// Takes over every block that the log has and this replica has not.
    ///
    /// # Errors
    /// As [`Tip::follow`].
    pub async fn follow(&self, stores: &Stores) -> Result<(), FlowError> {
        let mut tip = self.caught_up().await?;
        tip.follow(stores, |tip, record| {
            let (header, next_slot) = (tip.header.clone(), tip.next_slot);
            let committed = Committed { header, record: Arc::clone(record), next_slot };
            self.write(|chain| {
                chain.push(Arc::new(committed));
                chain.followed(tip.clone());
            });
        })
        .await?;
        self.write(|chain| chain.followed(tip));
        if self.read(Chain::blocks_since_base) > MANY_BLOCKS {
            self.rebase(stores).await?;
        }
        Ok(())
    }

    /// The newest block with its trie.
    async fn caught_up(&self) -> Result<Tip, FlowError> {
        let Behind { mut tip, later, blocks } = self.read(Chain::behind);
        if blocks.is_empty() {
            return Ok(tip);
        }
        let sum = later.sum();
        let pages = tip.pages.clone();
        pages.load(&mut tip.world, &sum.needs()).await?;
        let world = tip.with(|world| world.clone().apply(&sum)).await?;
        for block in blocks {
            let touched = block.record.delta.leaves();
            tip.advance(block.header.clone(), WorldState::new(), touched);
            tip.next_slot = block.next_slot;
        }
        tip.world = world;
        Ok(tip)
    }

    /// Takes over a block that was committed. One that does not follow the head is left alone: the
    /// replica never goes back.
    pub fn push(&self, committed: Committed) {
        self.write(|chain| chain.push(Arc::new(committed)));
    }

    /// Goes on from the newest checkpoint, so that memory does not grow with the chain.
    async fn rebase(&self, stores: &Stores) -> Result<(), FlowError> {
        let checkpoint = checkpoint::load_with(stores, self.cache.clone()).await?;
        let forgotten = self.write(|chain| chain.rebase(&checkpoint));
        forgotten.into_iter().for_each(|block| self.keep(&block));
        Ok(())
    }

    /// The newest block.
    pub fn head(&self) -> Arc<Committed> {
        self.read(|chain| Arc::clone(&chain.head))
    }

    pub(super) fn lock<V, T>(&self, held: &Mutex<V>, with: impl FnOnce(&mut V) -> T) -> T {
        with(&mut held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn read<T>(&self, with: impl FnOnce(&Chain) -> T) -> T {
        // A writer that panicked has changed nothing that is read before the head.
        with(&self.chain.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn write<T>(&self, with: impl FnOnce(&mut Chain) -> T) -> T {
        with(&mut self.chain.write().unwrap_or_else(PoisonError::into_inner))
    }
}
