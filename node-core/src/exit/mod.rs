//! Floor 2: what leaves a layer at its end, and what came in: the mirror of the L1 contracts.
//!
//! At the end of a layer the `ExitSealer` predeploy turns everything that its accounts own into the leaves of
//! one positional keccak tree. The L1 contract stores the root, pays each leaf once, and takes proofs of
//! single leaves and of whole ranges. Everything here is pure and agrees with Solidity bit for bit:
//! `golden/vectors.json` is written by these types and read by the contracts' tests.

mod abi;
mod deposit;
mod error;
mod leaf;
mod packed;
mod seal;
mod tree;

pub use abi::{Asset, IExitRecipient, IExitSealer, IL2Bridge};
pub use deposit::{DEPOSIT_TREE_DEPTH, DepositLeaf, DepositTree};
pub use error::{PackError, ProofError};
pub use leaf::ExitLeaf;
pub use packed::{MAX_SEGMENT, pack, unpack};
pub use seal::{
    KIND_BULK721, KIND_ERC20, KIND_ERC721, KIND_ERC1155, KIND_ETH, KIND_TWIN20, KIND_TWIN721,
    KIND_TWIN1155, MAX_ASSETS, SLOT_FROZEN, SLOT_SEAL_HASH, SealedOutput, assets_hash,
};
pub use tree::{ExitTree, depth_of, range_root, verify};

pub use crate::chain::{EXIT_SEALER, L1_INFO, L2_BRIDGE, SYSTEM_SENDER};

#[cfg(test)]
mod tests;
