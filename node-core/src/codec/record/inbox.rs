use alloy_primitives::{Address, Bytes, TxHash};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{Kind, Record};

/// An accepted transaction that waits in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Pending {
    /// Hash of the transaction.
    pub hash: TxHash,
    /// Who sent it, recovered when it was accepted.
    pub sender: Address,
    /// EIP-2718 encoding.
    pub raw: Bytes,
    /// When it was accepted, Unix milliseconds.
    pub received_ms: u64,
    /// Position in the L1's deposit tree plus one; zero for a transaction of a wallet.
    pub deposit_position: u64,
}

impl Pending {
    /// Position in the L1's deposit tree, when this is a deposit.
    pub const fn deposit_index(&self) -> Option<u64> {
        self.deposit_position.checked_sub(1)
    }
}

impl Record for Pending {
    const KIND: Kind = Kind::Pending;
}

/// Why an accepted transaction was dropped; shown to its sender.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Dropped {
    /// Hash of the transaction.
    pub hash: TxHash,
    /// The reason, for a person.
    pub reason: String,
    /// When it was dropped, Unix milliseconds.
    pub dropped_ms: u64,
}

impl Record for Dropped {
    const KIND: Kind = Kind::Dropped;
}
