//! What readers see: committed blocks only, and never an older head after a newer one.
//!
//! A [`Replica`] keeps all blocks of the layer with the state after each. States share what they have
//! in common, so a block costs what it changed. (Replicas that open from the newest checkpoint, and
//! indexes in the object store, come with paged state.)

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use alloy_primitives::{B256, TxHash};

use super::{FlowError, Tip, checkpoint, sequence::Committed};
use crate::{
    chain::{Ancestors, Block, LayerId},
    codec::record::BlockRecord,
    port::Stores,
    state::Delta,
};

/// Where a transaction is.
#[derive(Debug, Clone)]
pub struct Located {
    /// The block that has it.
    pub block: Arc<Committed>,
    /// Its position in the block.
    pub index: usize,
}

/// All committed blocks of one layer, for readers.
#[derive(Debug)]
pub struct Replica(RwLock<Chain>);

#[derive(Debug)]
struct Chain {
    /// By number; the last one is the head.
    blocks: Vec<Arc<Committed>>,
    head: Arc<Committed>,
    numbers: BTreeMap<B256, u64>,
    transactions: BTreeMap<TxHash, (u64, usize)>,
    tip: Tip,
}

impl Chain {
    fn push(&mut self, mut committed: Committed) {
        let number = committed.header.number;
        if number != self.tip.header.number + 1 {
            return;
        }
        // The writer's state is loaded in parts only.
        let Ok(world) = self.tip.world.clone().apply(&committed.record.delta) else { return };
        committed.world = world;
        self.index(&committed);
        self.tip.advance(committed.header.clone(), committed.world.clone(), 0);
        self.tip.next_slot = committed.next_slot;
        self.head = Arc::new(committed);
        self.blocks.push(Arc::clone(&self.head));
    }

    fn index(&mut self, committed: &Committed) {
        let number = committed.header.number;
        self.numbers.insert(committed.header.hash(), number);
        for (index, tx) in committed.record.block.transactions.iter().enumerate() {
            self.transactions.insert(*tx.hash(), (number, index));
        }
    }

    fn at(&self, number: u64) -> Option<&Arc<Committed>> {
        self.blocks.get(usize::try_from(number).ok()?)
    }
}

impl Replica {
    /// Starts at block 0.
    pub fn new(genesis: Tip) -> Self {
        let block = Block { header: genesis.header.inner().clone(), transactions: Vec::new() };
        let record = BlockRecord {
            block,
            senders: Vec::new(),
            receipts: Vec::new(),
            delta: Delta::default(),
            minted: Vec::new(),
        };
        let committed = Committed {
            header: genesis.header.clone(),
            record: Arc::new(record),
            world: genesis.world.clone(),
            next_slot: genesis.next_slot,
        };
        let head = Arc::new(committed);
        let mut chain = Chain {
            blocks: vec![Arc::clone(&head)],
            head: Arc::clone(&head),
            numbers: BTreeMap::new(),
            transactions: BTreeMap::new(),
            tip: genesis,
        };
        chain.index(&head);
        Self(RwLock::new(chain))
    }

    /// Opens a replica of the layer in `stores`, from its first block.
    ///
    /// # Errors
    /// As [`Tip::open`].
    pub async fn open(stores: &Stores, layer: LayerId) -> Result<Self, FlowError> {
        let mut genesis = checkpoint::load_genesis(stores, layer).await?;
        genesis.pages.clone().load_all(&mut genesis.world).await?;
        let replica = Self::new(genesis);
        replica.follow(stores).await?;
        Ok(replica)
    }

    /// Takes over every block that the log has and this replica has not.
    ///
    /// # Errors
    /// As [`Tip::follow`].
    pub async fn follow(&self, stores: &Stores) -> Result<(), FlowError> {
        let mut tip = self.tip();
        tip.follow(stores, |tip, record| {
            self.push(Committed {
                header: tip.header.clone(),
                record: Arc::new(record.clone()),
                world: tip.world.clone(),
                next_slot: tip.next_slot,
            });
        })
        .await
    }

    /// Takes over a block that was committed. One that does not follow the head is left alone: the
    /// replica never goes back.
    pub fn push(&self, committed: Committed) {
        self.write(|chain| chain.push(committed));
    }

    /// The newest block.
    pub fn head(&self) -> Arc<Committed> {
        self.read(|chain| Arc::clone(&chain.head))
    }

    /// The newest block as what the next one is built on.
    pub fn tip(&self) -> Tip {
        self.read(|chain| chain.tip.clone())
    }

    /// Block `number`.
    pub fn block(&self, number: u64) -> Option<Arc<Committed>> {
        self.read(|chain| chain.at(number).cloned())
    }

    /// The block with this hash.
    pub fn block_by_hash(&self, hash: &B256) -> Option<Arc<Committed>> {
        self.read(|chain| chain.at(*chain.numbers.get(hash)?).cloned())
    }

    /// Blocks `first..=last`, as far as they exist.
    pub fn blocks(&self, first: u64, last: u64) -> Vec<Arc<Committed>> {
        self.read(|chain| (first..=last).map_while(|number| chain.at(number).cloned()).collect())
    }

    /// The block that has this transaction.
    pub fn transaction(&self, hash: &TxHash) -> Option<Located> {
        self.read(|chain| {
            let (number, index) = *chain.transactions.get(hash)?;
            Some(Located { block: chain.at(number)?.clone(), index })
        })
    }

    /// How many transactions are committed.
    pub fn transaction_count(&self) -> usize {
        self.read(|chain| chain.transactions.len())
    }

    /// Hashes that `BLOCKHASH` sees in block `number`.
    pub fn ancestors(&self, number: u64) -> Ancestors {
        let mut ancestors = Ancestors::default();
        let first = number.saturating_sub(Ancestors::DEPTH);
        if let Some(last) = number.checked_sub(1) {
            for block in self.blocks(first, last) {
                ancestors.push(block.header.number, block.header.hash());
            }
        }
        ancestors
    }

    fn read<T>(&self, with: impl FnOnce(&Chain) -> T) -> T {
        // A writer that panicked has changed nothing: it indexes before it appends.
        with(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, with: impl FnOnce(&mut Chain) -> T) -> T {
        with(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}
