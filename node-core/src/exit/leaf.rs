use alloy_primitives::{Address, B256, U256, keccak256};
use serde::{Deserialize, Serialize};

/// One exit: somebody receives an amount or a token on the L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExitLeaf {
    /// Position in the exit tree.
    pub index: u32,
    /// Index in the asset list; 0 is ETH.
    pub asset: u32,
    /// Who receives it.
    pub recipient: Address,
    /// Token id for ERC-721 and ERC-1155; zero for ETH and ERC-20.
    pub id: U256,
    /// Amount, for ETH in wei; one for ERC-721.
    pub value: U256,
}

impl ExitLeaf {
    /// Hashes the leaf's 92 bytes, which cannot be the 64 bytes of an inner node.
    ///
    /// ```text
    /// index: 4 | asset: 4 | recipient: 20 | id: 32 | value: 32      big-endian
    /// ```
    #[must_use]
    pub fn hash(&self) -> B256 {
        let mut bytes = [0; 92];
        bytes[..4].copy_from_slice(&self.index.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.asset.to_be_bytes());
        bytes[8..28].copy_from_slice(self.recipient.as_slice());
        bytes[28..60].copy_from_slice(&self.id.to_be_bytes::<32>());
        bytes[60..].copy_from_slice(&self.value.to_be_bytes::<32>());
        keccak256(bytes)
    }
}

/// Hashes an inner node: 64 bytes, left child first.
pub(super) fn node(left: B256, right: B256) -> B256 {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(left.as_slice());
    bytes[32..].copy_from_slice(right.as_slice());
    keccak256(bytes)
}
