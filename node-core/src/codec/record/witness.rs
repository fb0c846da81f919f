use alloy_primitives::Bytes;
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{Kind, Record};
use crate::chain::Block;

/// A block with what of the state before it its execution reads: enough to execute it again without any
/// store.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Witness {
    /// Header and transactions.
    pub block: Block,
    /// Nodes of the account trie and of storage tries, each once, in order of hash.
    pub nodes: Vec<Bytes>,
    /// Codes, each once, in order of hash.
    pub codes: Vec<Bytes>,
}

impl Record for Witness {
    const KIND: Kind = Kind::Witness;

    /// 256 MiB: a block touches what 60 million gas pay for, some 30,000 slots of 4 KiB of nodes each.
    const MOST_BYTES: usize = 256 << 20;
}
