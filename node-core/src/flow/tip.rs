use alloy_primitives::B256;

use super::FlowError;
use crate::{
    chain::{Ancestors, Epoch, SealedHeader, SlotNumber, seal},
    codec::record::{BlockRecord, Body, Manifest, Record, SlotContent, SlotEntry, StatePack},
    execute::{Rules, View},
    port::{PortError, Stores},
    state::WorldState,
};

/// Slots read from the log at a time. 256 blocks of a few kB are about a DynamoDB page (1 MB).
const PAGE: usize = 256;

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
}

/// One slot as read back: the block in it is decoded.
#[derive(Debug, Clone)]
pub enum Read {
    /// A fence or the end.
    Marker,
    /// A committed block.
    Block(Box<BlockRecord>),
}

impl Tip {
    /// Opens the newest checkpoint and applies the deltas after it.
    ///
    /// # Errors
    /// [`FlowError::NoLayer`] when no layer was opened; [`PortError::Corrupt`] when what is stored is
    /// not what was written.
    pub async fn load(stores: &Stores) -> Result<Self, FlowError> {
        let mut tip = super::checkpoint::load(stores).await?;
        tip.follow(stores, |_, _| {}).await?;
        Ok(tip)
    }

    /// Applies every slot after this tip; `seen` gets each block and the tip after it.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] when a block does not continue this one or its delta does not lead to
    /// its state root.
    pub async fn follow(
        &mut self,
        stores: &Stores,
        mut seen: impl FnMut(&Self, &BlockRecord) + Send,
    ) -> Result<(), FlowError> {
        loop {
            let entries = stores.log.read_from(self.next_slot, PAGE).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                let read = read_slot(stores, &entry).await?;
                self.apply(&entry, &read)?;
                if let Read::Block(record) = read {
                    seen(self, &record);
                }
            }
        }
    }

    /// Moves over one slot.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub fn apply(&mut self, entry: &SlotEntry, read: &Read) -> Result<(), FlowError> {
        match read {
            Read::Marker => self.ended |= matches!(entry.content, SlotContent::End { .. }),
            Read::Block(record) => {
                let header = seal(record.block.header.clone());
                check_follows(&self.header, &header, entry)?;
                let world = self.world.clone().apply(&record.delta)?;
                check_root(&header, world.root())?;
                self.advance(header, world);
            }
        }
        self.next_slot = entry.slot.next();
        self.epoch = entry.epoch;
        Ok(())
    }

    /// What a call at this block sees.
    pub fn view<'a>(&'a self, rules: &'a Rules) -> View<'a> {
        View {
            header: &self.header,
            world: &self.world,
            ancestors: &self.ancestors,
            rules,
            overrides: None,
        }
    }

    /// Moves to a block whose state is known already.
    pub(super) fn advance(&mut self, header: SealedHeader, world: WorldState) {
        self.ancestors.push(header.number, header.hash());
        self.header = header;
        self.world = world;
    }

    /// Makes the manifest of a checkpoint of this tip.
    pub(super) fn manifest(&self, pack: String) -> Manifest {
        Manifest {
            header: self.header.inner().clone(),
            next_slot: self.next_slot.0,
            ancestors: self.ancestors.iter().map(|(_, hash)| hash).collect(),
            pack,
        }
    }

    /// Makes the tip of a manifest and its pack.
    pub(super) fn from_manifest(manifest: Manifest, pack: &StatePack) -> Result<Self, FlowError> {
        let header = seal(manifest.header);
        let world = pack.unpack()?;
        check_root(&header, world.root())?;
        let mut ancestors = Ancestors::default();
        let newest_first = (0..=header.number).rev().zip(manifest.ancestors.into_iter().rev());
        let oldest_first: Vec<_> = newest_first.collect();
        for (number, hash) in oldest_first.into_iter().rev() {
            ancestors.push(number, hash);
        }
        let next_slot = SlotNumber(manifest.next_slot);
        Ok(Self { header, world, ancestors, next_slot, epoch: Epoch(0), ended: false })
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
    let got = record.block.header.hash_slow();
    if got != *hash {
        let reason = format!("expected block hash {hash}, got {got}");
        return Err(PortError::Corrupt { name, reason });
    }
    Ok(Read::Block(Box::new(record)))
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
