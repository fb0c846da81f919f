use alloy_consensus::Header;
use alloy_primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{Kind, PageRef, Record};
use crate::{chain::Epoch, codec::run::RunRef};

/// What a checkpoint is made of.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Manifest {
    /// Header of the block whose state this is.
    pub header: Header,
    /// First slot after that block.
    pub next_slot: u64,
    /// Hashes of blocks before it, oldest first, at most 256; the last is the parent.
    pub ancestors: Vec<B256>,
    /// The topmost pages of the accounts, in order of their paths.
    pub accounts: Vec<PageRef>,
    /// The topmost pages of the codes, in order of their paths.
    pub codes: Vec<PageRef>,
    /// The index of all blocks up to this one, in order of blocks.
    pub runs: Vec<RunRef>,
    /// All checkpoints before this one, oldest first.
    pub earlier: Vec<CheckpointRef>,
}

/// Which checkpoint; its name follows from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct CheckpointRef {
    /// Its block.
    pub block: u64,
    /// Epoch of its writer.
    pub epoch: Epoch,
}

impl CheckpointRef {
    /// The one that was written when the layer was opened: the state of block 0.
    pub const GENESIS: Self = Self { block: 0, epoch: Epoch(0) };
}

impl Record for Manifest {
    const KIND: Kind = Kind::Manifest;
}
