use std::collections::BTreeMap;

use alloy_consensus::Header;
use alloy_primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::Transaction;

/// A header with its hash.
pub type SealedHeader = alloy_consensus::Sealed<Header>;

/// Hashes a header.
pub fn seal(header: Header) -> SealedHeader {
    use alloy_consensus::Sealable;
    header.seal_slow()
}

/// A block of the layer: header and transactions. A layer has no ommers and no withdrawals.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Block {
    /// The header; its hash is the block's hash.
    pub header: Header,
    /// Transactions in order of execution.
    pub transactions: Vec<Transaction>,
}

/// Hashes of the last 256 blocks, what `BLOCKHASH` can see (Yellow Paper 9.4, H.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ancestors(BTreeMap<u64, B256>);

impl Ancestors {
    /// How far back `BLOCKHASH` sees.
    pub const DEPTH: u64 = 256;

    /// Remembers the hash of block `number` and forgets what no later block can see.
    pub fn push(&mut self, number: u64, hash: B256) {
        self.0.insert(number, hash);
        let oldest = (number + 1).saturating_sub(Self::DEPTH);
        self.0 = self.0.split_off(&oldest);
    }

    /// Returns the hash of block `number`, if it is among the last 256.
    pub fn get(&self, number: u64) -> Option<B256> {
        self.0.get(&number).copied()
    }

    /// Returns numbers and hashes, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, B256)> + '_ {
        self.0.iter().map(|(number, hash)| (*number, *hash))
    }
}
