use std::sync::Arc;

use alloy_primitives::B256;

use super::{
    FlowError, checkpoint,
    pages::{PageCache, Pages, Written},
};
use crate::{
    chain::{Ancestors, Epoch, SealedHeader, SlotNumber, seal},
    codec::{
        record::{BlockRecord, Body, CheckpointRef, Manifest, Record, SlotContent, SlotEntry},
        run::RunRef,
    },
    execute::{CallOutcome, CallRequest, Rules, View, call},
    port::{PortError, Stores},
    state::WorldState,
};

/// Slots read from the log at a time. 256 blocks of a few kB are about a DynamoDB page (1 MB).
const PAGE: usize = 256;

/// Changed leaves after which memory is given back: less than a GiB of nodes.
const MOST_TOUCHED: usize = 2_000_000;

/// What a block body that is an object of its own counts for at least.
const OBJECT_BYTES: u64 = 256 * 1024;

/// The newest committed block with everything that the next one is built on.
#[derive(Debug, Clone)]
pub struct Tip {
    /// Header of the block.
    pub header: SealedHeader,
    /// State after the block.
    pub world: WorldState,
    /// Hashes that `BLOCKHASH` sees in the next block, this block's among them.
    pub ancestors: Ancestors,
    /// First slot after the block.
    pub next_slot: SlotNumber,
    /// Epoch of the newest slot.
    pub epoch: Epoch,
    /// The log has its end slot.
    pub ended: bool,
    /// Pages of the newest checkpoint, from which more of the state is loaded.
    pub pages: Pages,
    /// What came after that checkpoint.
    pub since: Since,
    /// The index of the blocks up to the newest checkpoint.
    pub runs: Arc<[RunRef]>,
    /// All checkpoints up to the newest, oldest first.
    pub checkpoints: Vec<CheckpointRef>,
    /// The last block needed something that was not loaded, or none was built yet.
    pub(super) is_cold: bool,
    /// Leaves that were changed since nothing was loaded, every time counted.
    pub(super) touched: usize,
}

/// What must be read again by whoever opens the newest checkpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Since {
    /// Blocks.
    pub blocks: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

/// One slot as read back: the block in it is decoded.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "few are held at a time, and most are blocks")]
pub enum Read {
    /// A fence or the end.
    Marker,
    /// A committed block.
    Block {
        /// Its header, sealed.
        header: SealedHeader,
        /// What the log holds.
        record: Arc<BlockRecord>,
    },
}

impl Tip {
    /// Opens the newest checkpoint and applies the deltas after it.
    ///
    /// # Errors
    /// [`FlowError::NoLayer`] when no layer was opened; [`PortError::Corrupt`] when what is stored is
    /// not what was written.
    pub async fn open(stores: &Stores) -> Result<Self, FlowError> {
        Self::open_with_blocks(stores, PageCache::default()).await.map(|(tip, _)| tip)
    }

    /// As [`Self::open`], with the pages in memory, and the blocks after the checkpoint and their slots.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) async fn open_with_blocks(
        stores: &Stores,
        cache: PageCache,
    ) -> Result<(Self, Vec<(SlotNumber, Arc<BlockRecord>)>), FlowError> {
        let mut tip = checkpoint::load_with(stores, cache).await?;
        let mut blocks = Vec::new();
        tip.follow(stores, |tip, record| {
            let slot = SlotNumber(tip.next_slot.0.saturating_sub(1));
            blocks.push((slot, Arc::clone(record)));
        })
        .await?;
        Ok((tip, blocks))
    }

    /// Applies every slot after this tip; `seen` gets each block and the tip after it.
    ///
    /// What the blocks changed is loaded for all blocks of a page of the log at once.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] when a block does not continue this one or its delta does not lead to
    /// its state root.
    pub async fn follow(
        &mut self,
        stores: &Stores,
        mut seen: impl FnMut(&Self, &Arc<BlockRecord>) + Send,
    ) -> Result<(), FlowError> {
        loop {
            let entries = stores.log.read_from(self.next_slot, PAGE).await?;
            if entries.is_empty() {
                return Ok(());
            }
            let mut reads = Vec::with_capacity(entries.len());
            let mut needs = Vec::new();
            for entry in entries {
                let read = read_slot(stores, &entry).await?;
                if let Read::Block { record, .. } = &read {
                    needs.extend(record.delta.needs());
                }
                reads.push((entry, read));
            }
            let pages = self.pages.clone();
            pages.load(&mut self.world, &needs).await?;
            for (entry, read) in reads {
                self.apply_loading(&entry, &read).await?;
                if let Read::Block { record, .. } = &read {
                    seen(self, record);
                }
            }
        }
    }

    /// As [`Self::apply`]; loads what is missing.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub async fn apply_loading(&mut self, entry: &SlotEntry, read: &Read) -> Result<(), FlowError> {
        loop {
            let Err(error) = self.apply(entry, read) else { return Ok(()) };
            self.load(error).await?;
        }
    }

    /// Reads the state, loading what that takes.
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
        let pages = self.pages.clone();
        pages.with(&mut self.world, read).await
    }

    /// Whether a checkpoint should be written now, to bound what is replayed.
    pub const fn is_checkpoint_due(&self) -> bool {
        self.since.blocks >= checkpoint::MOST_BLOCKS || self.since.bytes >= checkpoint::MOST_BYTES
    }

    /// Goes on from a checkpoint of this block. When much of the state has been touched, all of it is
    /// forgotten and loaded again as it is needed.
    pub(super) fn checkpointed(&mut self, pages: Pages, checkpoint: CheckpointRef) {
        if self.touched > MOST_TOUCHED
            && let Ok(world) = pages.world()
        {
            self.world = world;
            self.is_cold = true;
            self.touched = 0;
        }
        self.pages = pages;
        self.since = Since::default();
        self.checkpoints.push(checkpoint);
    }

    /// Moves over one slot.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub fn apply(&mut self, entry: &SlotEntry, read: &Read) -> Result<(), FlowError> {
        match read {
            Read::Marker => self.ended |= matches!(entry.content, SlotContent::End { .. }),
            Read::Block { header, record } => {
                check_follows(&self.header, header, entry)?;
                let world = self.world.clone().apply(&record.delta)?;
                check_root(header, world.root())?;
                self.advance(header.clone(), world, record.delta.leaves());
            }
        }
        self.count(entry);
        self.next_slot = entry.slot.next();
        self.epoch = entry.epoch;
        Ok(())
    }

    /// Runs a call at this block, loading what that takes.
    ///
    /// # Errors
    /// Those of [`call`] and those of loading.
    pub async fn call(
        &mut self,
        rules: &Rules,
        request: &CallRequest,
    ) -> Result<CallOutcome, FlowError> {
        loop {
            let error = match call(self.view(rules), request) {
                Ok(outcome) => return Ok(outcome),
                Err(error) => FlowError::from(error),
            };
            self.load(error).await?;
        }
    }

    /// Loads what a failure says is missing.
    ///
    /// # Errors
    /// The failure itself, when loading does not mend it; those of loading.
    pub(super) async fn load(&mut self, error: FlowError) -> Result<(), FlowError> {
        let needs = error.needs();
        if needs.is_empty() {
            return Err(error);
        }
        let pages = self.pages.clone();
        pages.load(&mut self.world, &needs).await
    }

    /// What a call at this block sees.
    pub fn view<'a>(&'a self, rules: &'a Rules) -> View<'a> {
        View {
            header: &self.header,
            world: &self.world,
            later: None,
            ancestors: &self.ancestors,
            rules,
            overrides: None,
            patience: None,
        }
    }

    /// Moves to a block, which changed `touched` leaves, and whose state is known already.
    pub(super) fn advance(&mut self, header: SealedHeader, world: WorldState, touched: usize) {
        self.touched += touched;
        self.ancestors.push(header.number, header.hash());
        self.header = header;
        self.world = world;
    }

    /// Counts a slot into what comes after the newest checkpoint.
    pub(super) fn count(&mut self, entry: &SlotEntry) {
        if let SlotContent::Block { body, .. } = &entry.content {
            self.since.blocks += 1;
            self.since.bytes += match body {
                Body::Inline(frame) => u64::try_from(frame.len()).unwrap_or(u64::MAX),
                // What is not inline is larger than what is.
                Body::Object(_) => OBJECT_BYTES,
            };
        }
    }

    /// Makes the manifest of a checkpoint of this tip.
    pub(super) fn manifest(&self, written: &Written) -> Manifest {
        // Who opens the checkpoint reads the end itself, which nothing follows.
        let end = u64::from(self.ended);
        Manifest {
            header: self.header.inner().clone(),
            next_slot: self.next_slot.0.saturating_sub(end),
            ancestors: self.ancestors.iter().map(|(_, hash)| hash).collect(),
            accounts: written.accounts.clone(),
            codes: written.codes.clone(),
            runs: self.runs.to_vec(),
            earlier: self.checkpoints.clone(),
        }
    }

    /// Makes the tip of a manifest, whose topmost pages are `pages`.
    pub(super) fn from_manifest(manifest: Manifest, pages: Pages) -> Result<Self, FlowError> {
        let header = seal(manifest.header);
        pages.check(&header)?;
        let mut ancestors = Ancestors::default();
        let newest_first = (0..=header.number).rev().zip(manifest.ancestors.into_iter().rev());
        let oldest_first: Vec<_> = newest_first.collect();
        for (number, hash) in oldest_first.into_iter().rev() {
            ancestors.push(number, hash);
        }
        Ok(Self {
            world: pages.world()?,
            header,
            ancestors,
            next_slot: SlotNumber(manifest.next_slot),
            epoch: Epoch(0),
            ended: false,
            pages,
            since: Since::default(),
            runs: manifest.runs.into(),
            checkpoints: manifest.earlier,
            is_cold: true,
            touched: 0,
        })
    }
}

/// Returns what a slot holds, its block fetched and decoded.
///
/// # Errors
/// [`PortError::Corrupt`], or the store's error.
pub(super) async fn read_slot(stores: &Stores, entry: &SlotEntry) -> Result<Read, PortError> {
    let SlotContent::Block { body, hash, .. } = &entry.content else { return Ok(Read::Marker) };
    let (name, frame) = match body {
        Body::Inline(frame) => (entry.slot.to_string(), frame.clone()),
        Body::Object(name) => (name.clone(), stores.objects.get(name).await?),
    };
    let record =
        BlockRecord::from_frame(&frame).map_err(|error| PortError::corrupt(&name, &error))?;
    let header = seal(record.block.header.clone());
    let got = header.hash();
    if got != *hash {
        let reason = format!("expected block hash {hash}, got {got}");
        return Err(PortError::Corrupt { name, reason });
    }
    Ok(Read::Block { header, record: Arc::new(record) })
}

fn check_follows(
    parent: &SealedHeader,
    header: &SealedHeader,
    entry: &SlotEntry,
) -> Result<(), PortError> {
    if header.parent_hash == parent.hash() && header.number == parent.number + 1 {
        return Ok(());
    }
    let reason = format!(
        "block {} with parent {} does not follow block {} with hash {}",
        header.number,
        header.parent_hash,
        parent.number,
        parent.hash()
    );
    Err(PortError::Corrupt { name: entry.slot.to_string(), reason })
}

fn check_root(header: &SealedHeader, got: B256) -> Result<(), FlowError> {
    let expected = header.state_root;
    if got == expected {
        return Ok(());
    }
    Err(FlowError::StateRoot { number: header.number, expected, got })
}
