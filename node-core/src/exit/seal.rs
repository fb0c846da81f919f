use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use super::Asset;
use crate::chain::{BridgedToken, Metadata};

/// Kind of asset 0, ETH.
pub const KIND_ETH: u8 = 0;

/// Kind of an ERC-20 token of the L1: held by the layer's contract there, wrapped at the same address here.
pub const KIND_ERC20: u8 = 1;

/// Kind of an ERC-721 collection of the L1, held and wrapped likewise.
pub const KIND_ERC721: u8 = 2;

/// Kind of an ERC-20 token that was born on the layer and gets a twin on the L1.
pub const KIND_TWIN20: u8 = 3;

/// Kind of an ERC-721 collection that was born on the layer and gets a twin on the L1.
pub const KIND_TWIN721: u8 = 4;

/// Kind of an ERC-721 collection that was born on the layer and whose twin keeps its owners in chunks.
pub const KIND_BULK721: u8 = 5;

/// Kind of an ERC-1155 contract of the L1, held and wrapped likewise.
pub const KIND_ERC1155: u8 = 6;

/// Kind of an ERC-1155 contract that was born on the layer and gets a twin on the L1.
pub const KIND_TWIN1155: u8 = 7;

impl BridgedToken {
    /// Returns the kind in the layer's asset list.
    pub const fn kind(&self) -> u8 {
        match self.metadata {
            Metadata::Coin { .. } => KIND_ERC20,
            Metadata::Collection { .. } => KIND_ERC721,
            Metadata::Items { .. } => KIND_ERC1155,
        }
    }
}

/// Most assets of a layer, ETH included: `settle` deploys all twins in one L1 transaction.
pub const MAX_ASSETS: usize = 64;

/// Sealer's slot of the seal: what the L1 proves.
pub const SLOT_SEAL_HASH: U256 = U256::ZERO;

/// Sealer's slot of what tells that user transactions have ended: zero until then. The number of exits stands in it
/// as well.
pub const SLOT_FROZEN: U256 = U256::from_limbs([4, 0, 0, 0]);

/// What the sealer sealed; its hash stands in [`SLOT_SEAL_HASH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedOutput {
    /// Root of the exit tree.
    pub exit_root: B256,
    /// Number of exits.
    pub leaf_count: u32,
    /// Height of the exit tree.
    pub depth: u8,
    /// Number of deposits that the layer took in.
    pub deposit_count: u64,
    /// Rolling hash of the asset list, see [`assets_hash`].
    pub assets_hash: B256,
}

impl SealedOutput {
    /// Hashes the fields as the sealer and the L1 do: `keccak256(abi.encode(..))`.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let fields = (
            self.exit_root,
            U256::from(self.leaf_count),
            U256::from(self.depth),
            U256::from(self.deposit_count),
            self.assets_hash,
        );
        keccak256(fields.abi_encode())
    }
}

/// Folds an asset list, ETH first, into the hash that the sealer keeps.
///
/// ```text
/// hash 0       zero
/// hash i + 1   keccak256(abi.encode(hash i, i, kind, l2, decimals, keccak256(name), keccak256(symbol), total))
/// ```
#[must_use]
pub fn assets_hash<'a>(assets: impl IntoIterator<Item = &'a Asset>) -> B256 {
    assets.into_iter().enumerate().fold(B256::ZERO, |hash, (index, asset)| {
        let fields = (
            hash,
            U256::from(index),
            U256::from(asset.kind),
            asset.l2,
            U256::from(asset.decimals),
            keccak256(&asset.name),
            keccak256(&asset.symbol),
            asset.total,
        );
        keccak256(fields.abi_encode())
    })
}
