use alloy_consensus::Header;
use alloy_primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{Kind, Record};

/// What a checkpoint is made of.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Manifest {
    /// Header of the block whose state this is.
    pub header: Header,
    /// First slot after that block.
    pub next_slot: u64,
    /// Hashes of blocks before it, oldest first, at most 256; the last is the parent.
    pub ancestors: Vec<B256>,
    /// Name of the pack.
    pub pack: String,
}

impl Record for Manifest {
    const KIND: Kind = Kind::Manifest;
}
