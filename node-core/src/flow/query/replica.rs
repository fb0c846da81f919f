use core::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use alloy_primitives::{B256, Bloom, TxHash};
use alloy_rlp::Encodable;
use futures::future::{BoxFuture, try_join_all};

use super::{
    Located, Snapshot,
    chain::{Behind, Chain},
    places::Places,
};
use crate::{
    chain::{Ancestors, Block, LayerId, SlotNumber, seal},
    codec::{record::BlockRecord, run::RunRef},
    flow::{
        FlowError, Tip, checkpoint,
        index::{Candidate, Index, LogQuery},
        lru::Lru,
        sequence::Committed,
        tip::{Read, read_slot},
    },
    port::{PortError, Stores},
    state::{Delta, Later, StateAt, WorldState},
};

/// Most bytes of older blocks that are kept.
const OLD_BLOCKS_BYTES: usize = 64 << 20;

/// Most bytes of the index that are kept.
const INDEX_BYTES: usize = 32 << 20;

/// States of older blocks that are kept, each with what happened since its checkpoint.
const OLD_STATES: usize = 4;

/// Blocks in memory above which a newer checkpoint is looked for.
const MANY_BLOCKS: usize = 512;

/// Blocks that are read from the log at once.
const READS: usize = 16;

/// Slots read from the log at a time.
const PAGE: usize = 256;

/// The committed blocks of one layer, for readers.
#[derive(Debug)]
pub struct Replica {
    stores: Stores,
    layer: LayerId,
    chain: RwLock<Chain>,
    index: Index,
    old: Mutex<Lru<u64, Arc<Committed>>>,
    old_states: Mutex<Lru<u64, Snapshot>>,
}

impl Replica {
    /// Opens a replica of the layer in `stores`: its newest checkpoint, and the log after it.
    ///
    /// # Errors
    /// As [`Tip::open`].
    pub async fn open(stores: &Stores, layer: LayerId) -> Result<Self, FlowError> {
        let tip = checkpoint::load(stores).await?;
        let runs = Arc::clone(&tip.runs);
        let replica = Self::start(stores.clone(), layer, tip, runs).await?;
        replica.follow(stores).await?;
        Ok(replica)
    }

    /// Starts at a checkpoint whose index is `runs`. Blocks that the index lacks are read once.
    ///
    /// # Errors
    /// [`PortError::Corrupt`], or the stores' errors.
    pub async fn start(
        stores: Stores,
        layer: LayerId,
        tip: Tip,
        runs: Arc<[RunRef]>,
    ) -> Result<Self, FlowError> {
        let index = Index::new(Arc::clone(&stores.objects), layer, INDEX_BYTES);
        let places = unindexed(&stores, &index, &runs, &tip).await?;
        let head = head_of(&stores, &tip).await?;
        Ok(Self {
            chain: RwLock::new(Chain::new(tip, head, runs, places)),
            index,
            old: Mutex::new(Lru::new(OLD_BLOCKS_BYTES)),
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
            let committed = Committed { header, record: Arc::new(record.clone()), next_slot };
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
        let checkpoint = checkpoint::load(stores).await?;
        let forgotten = self.write(|chain| chain.rebase(&checkpoint));
        forgotten.into_iter().for_each(|block| self.keep(&block));
        Ok(())
    }

    /// The newest block.
    pub fn head(&self) -> Arc<Committed> {
        self.read(|chain| Arc::clone(&chain.head))
    }

    /// Block `number`, if it is committed.
    ///
    /// # Errors
    /// [`PortError::Corrupt`], or the stores' errors.
    pub async fn block(&self, number: u64) -> Result<Option<Arc<Committed>>, FlowError> {
        if number > self.head().header.number {
            return Ok(None);
        }
        if let Some(block) = self.read(|chain| chain.block(number)).or_else(|| self.kept(number)) {
            return Ok(Some(block));
        }
        let block = match number {
            0 => Some(genesis(&checkpoint::load_genesis(&self.stores, self.layer).await?)),
            _ => self.read_log(number).await?,
        };
        let block = block.map(Arc::new);
        block.iter().for_each(|block| self.keep(block));
        Ok(block)
    }

    /// The block with this hash, if it is committed.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn block_by_hash(&self, hash: &B256) -> Result<Option<Arc<Committed>>, FlowError> {
        let head = self.head();
        if head.header.hash() == *hash {
            return Ok(Some(head));
        }
        let (number, runs) =
            self.read(|chain| (chain.places.number(hash), Arc::clone(&chain.runs)));
        let number = match number {
            Some(number) => number,
            // Block 0 is in no slot, and so in no index.
            None => self.index.block_number(&runs, hash).await?.unwrap_or_default(),
        };
        Ok(self.block(number).await?.filter(|block| block.header.hash() == *hash))
    }

    /// The blocks `numbers`, as far as they are committed, in that order.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn blocks(&self, numbers: &[u64]) -> Result<Vec<Arc<Committed>>, FlowError> {
        let mut blocks = Vec::with_capacity(numbers.len());
        for numbers in numbers.chunks(READS) {
            let read = |number: &u64| -> BoxFuture<'_, _> { Box::pin(self.block(*number)) };
            let read = try_join_all(numbers.iter().map(read)).await?;
            blocks.extend(read.into_iter().flatten());
        }
        Ok(blocks)
    }

    /// Numbers of the blocks in `range` that may have logs of `query`; `bloom` says what the query sees
    /// in the bloom of a header.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn blocks_with_logs(
        &self,
        range: RangeInclusive<u64>,
        query: &LogQuery,
        bloom: impl Fn(&Bloom) -> bool + Send,
    ) -> Result<Vec<u64>, FlowError> {
        let (runs, in_memory) = self.read(|chain| {
            let last = (*range.end()).min(chain.head.header.number);
            let uncovered = (*range.start()).max(chain.places.first())..=last;
            let may = |number: &u64| chain.places.bloom(*number, &bloom);
            (Arc::clone(&chain.runs), uncovered.filter(may).collect::<Vec<_>>())
        });
        let mut numbers = self.index.blocks_with_logs(&runs, range, query).await?;
        numbers.extend(in_memory);
        Ok(numbers)
    }

    /// The block that has this transaction.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn transaction(&self, hash: &TxHash) -> Result<Option<Located>, FlowError> {
        let (place, runs) =
            self.read(|chain| (chain.places.transaction(hash), Arc::clone(&chain.runs)));
        let places = match place {
            Some(place) => vec![place],
            None => self.index.transaction(&runs, hash).await?,
        };
        for Candidate { number, index } in places {
            let Some(block) = self.block(number).await? else { continue };
            let found = block.record.block.transactions.get(index);
            if found.is_some_and(|tx| tx.hash() == hash) {
                return Ok(Some(Located { block, index }));
            }
        }
        Ok(None)
    }

    /// The block that has this transaction, when it is in memory.
    pub fn recent(&self, hash: &TxHash) -> Option<Located> {
        self.read(|chain| {
            let Candidate { number, index } = chain.places.transaction(hash)?;
            Some(Located { block: chain.block(number)?, index })
        })
    }

    /// How many transactions are committed.
    pub fn transaction_count(&self) -> u64 {
        self.read(|chain| {
            let indexed: u64 = chain.runs.iter().map(|run| run.transactions).sum();
            indexed + u64::try_from(chain.places.transaction_count()).unwrap_or(u64::MAX)
        })
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
        let Self { stores, layer, .. } = self;
        match self.read(|chain| chain.checkpoint_before(number)) {
            Some(checkpoint) => checkpoint::load_at(stores, *layer, checkpoint).await,
            None => checkpoint::load_genesis(stores, *layer).await,
        }
    }

    /// Where a block is that has a slot.
    async fn place(&self, number: u64) -> Result<Option<crate::codec::run::BlockPlace>, PortError> {
        let (place, runs) =
            self.read(|chain| (chain.places.block(number), Arc::clone(&chain.runs)));
        match place {
            Some(place) => Ok(Some(place)),
            None => self.index.block(&runs, number).await,
        }
    }

    async fn read_log(&self, number: u64) -> Result<Option<Committed>, FlowError> {
        let Some(place) = self.place(number).await? else { return Ok(None) };
        let entry = self.stores.log.read(place.slot).await?;
        let missing = || PortError::NotFound { name: place.slot.to_string() };
        let read = read_slot(&self.stores, &entry.ok_or_else(missing)?).await?;
        let Read::Block(record) = read else { return Err(not_there(place.slot, number).into()) };
        let header = seal(record.block.header.clone());
        if header.hash() != place.hash {
            return Err(not_there(place.slot, number).into());
        }
        Ok(Some(Committed { header, record: Arc::new(*record), next_slot: place.slot.next() }))
    }

    fn kept(&self, number: u64) -> Option<Arc<Committed>> {
        self.lock(&self.old, |old| old.get(&number))
    }

    fn keep(&self, block: &Arc<Committed>) {
        // In memory maps and vectors take about three times what the encoding does.
        let bytes = 3 * block.record.length();
        self.lock(&self.old, |old| old.put(block.header.number, Arc::clone(block), bytes));
    }

    fn lock<V, T>(&self, held: &Mutex<V>, with: impl FnOnce(&mut V) -> T) -> T {
        with(&mut held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read<T>(&self, with: impl FnOnce(&Chain) -> T) -> T {
        // A writer that panicked has changed nothing that is read before the head.
        with(&self.chain.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, with: impl FnOnce(&mut Chain) -> T) -> T {
        with(&mut self.chain.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Indexes the blocks up to `tip` that `runs` lack.
async fn unindexed(
    stores: &Stores,
    index: &Index,
    runs: &[RunRef],
    tip: &Tip,
) -> Result<Places, FlowError> {
    let covered = runs.last().map_or(0, |run| run.last);
    let mut places = Places::from(covered + 1);
    let mut next = match index.block(runs, covered).await? {
        Some(place) => place.slot.next(),
        None => SlotNumber(0),
    };
    while next < tip.next_slot {
        let entries = stores.log.read_from(next, PAGE).await?;
        let Some(last) = entries.last() else { break };
        next = last.slot.next();
        for entry in entries.iter().filter(|entry| entry.slot < tip.next_slot) {
            if let Read::Block(record) = read_slot(stores, entry).await? {
                places.push(entry.slot, record.block.header.hash_slow(), &record);
            }
        }
    }
    Ok(places)
}

/// Reads the block of a checkpoint.
async fn head_of(stores: &Stores, tip: &Tip) -> Result<Committed, FlowError> {
    if tip.header.number == 0 {
        return Ok(genesis(tip));
    }
    let mut slot = tip.next_slot.0;
    while let Some(before) = slot.checked_sub(1) {
        slot = before;
        let entry = stores.log.read(SlotNumber(slot)).await?;
        let missing = || PortError::NotFound { name: SlotNumber(slot).to_string() };
        if let Read::Block(record) = read_slot(stores, &entry.ok_or_else(missing)?).await? {
            let header = seal(record.block.header.clone());
            if header.hash() == tip.header.hash() {
                let next_slot = SlotNumber(slot).next();
                return Ok(Committed { header, record: Arc::new(*record), next_slot });
            }
            break;
        }
    }
    Err(not_there(SlotNumber(slot), tip.header.number).into())
}

/// Block 0, which no slot holds.
fn genesis(tip: &Tip) -> Committed {
    let record = BlockRecord {
        block: Block { header: tip.header.inner().clone(), transactions: Vec::new() },
        senders: Vec::new(),
        receipts: Vec::new(),
        delta: Delta::default(),
        minted: Vec::new(),
    };
    Committed { header: tip.header.clone(), record: Arc::new(record), next_slot: SlotNumber(0) }
}

fn not_there(slot: SlotNumber, number: u64) -> PortError {
    PortError::Corrupt { name: slot.to_string(), reason: format!("expected block {number}") }
}
