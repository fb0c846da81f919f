//! Makes the state at one block loadable, and loads it.
//!
//! Order of writes: pack, manifest, then the register that points at the manifest. A crash in between
//! leaves an object that nothing points at, which goes when the layer is erased.

use alloy_primitives::Bytes;
use serde::{Deserialize, Serialize};

use super::{FlowError, Tip, register};
use crate::{
    chain::{Epoch, LayerId},
    codec::{
        names,
        record::{Manifest, Record, StatePack},
    },
    port::{PortError, Put, Stores},
};

/// What the checkpoint register holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pointer {
    block: u64,
    manifest: String,
}

/// Writes a checkpoint of `tip`; an older one never replaces a newer one.
///
/// # Errors
/// The stores' errors. Nothing that was loadable before becomes unloadable.
pub async fn write(
    stores: &Stores,
    layer: LayerId,
    epoch: Epoch,
    tip: &Tip,
) -> Result<(), FlowError> {
    let number = tip.header.number;
    let held = register::load::<Pointer>(&*stores.registers, names::CHECKPOINT).await?;
    if held.as_ref().is_some_and(|held| held.value.block >= number) {
        return Ok(());
    }
    let pack = names::pack(layer, number, epoch);
    let state = Bytes::from(StatePack::pack(&tip.world)?.to_frame());
    stores.objects.put(&pack, state, Put::IfAbsent).await?;
    let manifest = names::manifest(layer, number, epoch);
    let frame = Bytes::from(tip.manifest(pack).to_frame());
    stores.objects.put(&manifest, frame, Put::IfAbsent).await?;
    let pointer = Pointer { block: number, manifest };
    let version = held.map(|held| held.version);
    match register::store(&*stores.registers, names::CHECKPOINT, version, &pointer).await {
        // Another writer pointed at its checkpoint meanwhile; either one opens.
        Ok(_) | Err(PortError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Loads the newest checkpoint, verified against the state root of its block.
///
/// # Errors
/// [`FlowError::NoLayer`] when there is none; [`PortError::Corrupt`].
pub async fn load(stores: &Stores) -> Result<Tip, FlowError> {
    let held = register::load::<Pointer>(&*stores.registers, names::CHECKPOINT).await?;
    let pointer = held.ok_or(FlowError::NoLayer)?.value;
    load_manifest(stores, &pointer.manifest).await
}

/// Loads the checkpoint that was written when the layer was opened: the state of block 0.
///
/// # Errors
/// As [`load`].
pub async fn load_genesis(stores: &Stores, layer: LayerId) -> Result<Tip, FlowError> {
    load_manifest(stores, &names::manifest(layer, 0, Epoch(0))).await
}

async fn load_manifest(stores: &Stores, name: &str) -> Result<Tip, FlowError> {
    let frame = stores.objects.get(name).await?;
    let manifest =
        Manifest::from_frame(&frame).map_err(|error| PortError::corrupt(name, &error))?;
    let frame = stores.objects.get(&manifest.pack).await?;
    let pack = StatePack::from_frame(&frame)
        .map_err(|error| PortError::corrupt(&manifest.pack, &error))?;
    Tip::from_manifest(manifest, &pack)
}
