//! Makes the state at one block loadable, and opens it.
//!
//! A checkpoint is a pack of the pages that changed since the one before, a run that indexes the blocks
//! since then, and a manifest that names the topmost pages and the runs. Opening one costs the manifest; everything else is loaded when it is needed.
//!
//! Order of writes: run, pack, manifest, then the register that points at the manifest. A crash in between
//! leaves an object that nothing points at, which goes when the layer is erased.

use std::sync::Arc;

use alloy_primitives::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    FlowError, Tip, index,
    pages::{Layout, PageCache, Pages, Written},
    register,
};
use crate::{
    chain::{Epoch, LayerId, SlotNumber},
    codec::{
        names,
        record::{BlockRecord, CheckpointRef, Manifest, Record},
    },
    port::{PortError, Put, Stores},
};

/// Blocks after a checkpoint, above which the next one is due. With [`MOST_BYTES`] it bounds what a
/// writer that takes over from a crashed one has to read again.
pub const MOST_BLOCKS: u64 = 256;

/// Bytes of block bodies after a checkpoint, above which the next one is due.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// What the checkpoint register holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pointer {
    layer: LayerId,
    block: u64,
    epoch: Epoch,
}

impl Pointer {
    const fn checkpoint(&self) -> CheckpointRef {
        CheckpointRef { block: self.block, epoch: self.epoch }
    }
}

/// Blocks with their slots, in order.
pub type SlottedBlocks = [(SlotNumber, Arc<BlockRecord>)];

/// Writes a checkpoint of `tip`, which goes on from it; an older one never replaces a newer one.
///
/// `blocks` are those after the newest checkpoint, for the index.
///
/// # Errors
/// The stores' errors. Nothing that was loadable before becomes unloadable.
pub async fn write(
    stores: &Stores,
    layer: LayerId,
    epoch: Epoch,
    tip: &mut Tip,
    blocks: &SlottedBlocks,
) -> Result<(), FlowError> {
    let number = tip.header.number;
    let held = register::load::<Pointer>(&*stores.registers, names::CHECKPOINT).await?;
    if held.is_some_and(|held| held.value.block >= number) {
        return Ok(());
    }
    let written = tip.pages.write(&tip.world, number, epoch).await?;
    tip.runs = index::extend(&*stores.objects, layer, epoch, &tip.runs, blocks).await?.into();
    publish(stores, layer, epoch, tip, written).await
}

/// Makes pages that lead to the state of `tip` its checkpoint.
///
/// # Errors
/// As [`write()`]; [`FlowError::StateRoot`] when they lead elsewhere.
pub async fn publish(
    stores: &Stores,
    layer: LayerId,
    epoch: Epoch,
    tip: &mut Tip,
    written: Written,
) -> Result<(), FlowError> {
    let number = tip.header.number;
    let held = register::load::<Pointer>(&*stores.registers, names::CHECKPOINT).await?;
    if held.as_ref().is_some_and(|held| held.value.block >= number) {
        return Ok(());
    }
    let pages = tip.pages.next(written.clone());
    // Nothing points at pages that do not lead to the state root.
    pages.check(&tip.header)?;
    let Written { pack, .. } = &written;
    if !pack.is_empty() {
        let name = names::pack(layer, number, epoch);
        stores.objects.put(&name, pack.clone(), Put::IfAbsent).await?;
    }
    let name = names::manifest(layer, number, epoch);
    let frame = Bytes::from(tip.manifest(&written).to_frame());
    stores.objects.put(&name, frame, Put::IfAbsent).await?;
    let pointer = Pointer { layer, block: number, epoch };
    let version = held.map(|held| held.version);
    match register::store(&*stores.registers, names::CHECKPOINT, version, &pointer).await {
        Ok(_) => {
            tip.checkpointed(pages, CheckpointRef { block: number, epoch });
            Ok(())
        }
        // Another writer pointed at its checkpoint meanwhile; either one opens.
        Err(PortError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens the newest checkpoint.
///
/// # Errors
/// [`FlowError::NoLayer`] when there is none; [`PortError::Corrupt`].
pub async fn load(stores: &Stores) -> Result<Tip, FlowError> {
    load_with(stores, PageCache::default()).await
}

/// As [`load`], with the pages that are in memory already.
pub(super) async fn load_with(stores: &Stores, cache: PageCache) -> Result<Tip, FlowError> {
    let held = register::load::<Pointer>(&*stores.registers, names::CHECKPOINT).await?;
    let pointer = held.ok_or(FlowError::NoLayer)?.value;
    load_at_with(stores, pointer.layer, pointer.checkpoint(), cache).await
}

/// Opens the checkpoint that was written when the layer was opened: the state of block 0.
///
/// # Errors
/// As [`load`].
pub async fn load_genesis(stores: &Stores, layer: LayerId) -> Result<Tip, FlowError> {
    load_at(stores, layer, CheckpointRef::GENESIS).await
}

/// Opens one checkpoint.
///
/// # Errors
/// As [`load`].
pub async fn load_at(
    stores: &Stores,
    layer: LayerId,
    checkpoint: CheckpointRef,
) -> Result<Tip, FlowError> {
    load_at_with(stores, layer, checkpoint, PageCache::default()).await
}

/// As [`load_at`], with the pages that are in memory already: those of other checkpoints of the layer are often
/// the same.
pub(super) async fn load_at_with(
    stores: &Stores,
    layer: LayerId,
    checkpoint: CheckpointRef,
    cache: PageCache,
) -> Result<Tip, FlowError> {
    let name = &names::manifest(layer, checkpoint.block, checkpoint.epoch);
    let frame = stores.objects.get(name).await?;
    let manifest =
        Manifest::from_frame(&frame).map_err(|error| PortError::corrupt(name, &error))?;
    let top = Written {
        accounts: manifest.accounts.clone(),
        codes: manifest.codes.clone(),
        pack: Bytes::new(),
    };
    let objects = stores.objects.clone();
    let pages = Pages::of(objects, layer, Layout::default(), cache, top);
    let mut tip = Tip::from_manifest(manifest, pages)?;
    tip.checkpoints.push(checkpoint);
    // Its writer had fenced before.
    tip.epoch = checkpoint.epoch;
    Ok(tip)
}
