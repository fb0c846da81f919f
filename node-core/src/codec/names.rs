//! Names of all stored things, in one place.
//!
//! Every name starts with the layer's random id, so that erasing lists one prefix and a zombie of one
//! layer cannot write into another.

use alloy_primitives::B256;

use crate::chain::{Epoch, LayerId};

/// Prefix of everything that a layer stores in the object store.
pub fn layer_prefix(layer: LayerId) -> String {
    format!("layers/{layer}/")
}

/// Name of a block body. The hash keeps bodies of fenced writers apart from the committed one.
pub fn block(layer: LayerId, number: u64, hash: B256) -> String {
    format!("layers/{layer}/blocks/{number:012}-{hash:x}")
}

/// Name of the pack of a checkpoint.
pub fn pack(layer: LayerId, number: u64, epoch: Epoch) -> String {
    format!("layers/{layer}/packs/{number:012}-{:08}", epoch.0)
}

/// Name of the manifest of a checkpoint.
pub fn manifest(layer: LayerId, number: u64, epoch: Epoch) -> String {
    format!("layers/{layer}/manifests/{number:012}-{:08}", epoch.0)
}

/// Name of an index over blocks `first` to `last`.
pub fn run(layer: LayerId, first: u64, last: u64, epoch: Epoch) -> String {
    format!("layers/{layer}/runs/{first:012}-{last:012}-{:08}", epoch.0)
}

/// Register: a filter that a client polls.
pub fn filter(slot: u16) -> String {
    format!("filter-{slot:04}")
}

/// Register: the layer's configuration and genesis.
pub const LAYER: &str = "layer";
/// Register: the writer's lease.
pub const LEASE: &str = "lease";
/// Register: the phase of the layer's life.
pub const PHASE: &str = "phase";
/// Register: name of the newest manifest.
pub const CHECKPOINT: &str = "checkpoint";
/// Register: L1 block up to which deposits were read.
pub const L1_CURSOR: &str = "l1-cursor";
/// Register: the L1 transaction that settled the layer.
pub const SETTLEMENT: &str = "settlement";
/// Register: the contract that paid orders mint from.
pub const TICKET: &str = "ticket";
/// Register: the configuration of the box office, as the organiser wrote it.
pub const EVENT: &str = "event";
/// Register: who may ask for what.
pub const ACCESS: &str = "access";
/// Register: who is asked to sign the settlement.
pub const ATTESTORS: &str = "attestors";
/// Register: which blocks have their inputs on the L1.
pub const ANCHORED: &str = "anchored";
/// Register of an attestor: what it found right so far.
pub const ATTESTED: &str = "attested";
