//! What the tests of the disk share.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

use alloy_primitives::{Address, B256, Bytes, TxHash};
use futures::executor::block_on;
use mayfly_disk::Disk;
use node_core::{
    chain::{Epoch, LayerId, SlotNumber},
    codec::record::{AttemptId, MintOrder, Pending, SlotContent, SlotEntry},
    port::Stores,
};

/// The layer of most tests.
pub const LAYER: LayerId = LayerId::new([7; 16]);

/// Opens `dir` and runs `test` on the stores of [`LAYER`]; the directory is closed when this
/// returns.
pub fn with_stores<T>(dir: &std::path::Path, test: impl AsyncFnOnce(Stores) -> T) -> T {
    let disk = Disk::open(dir).expect("the directory opens");
    let stores = disk.stores(LAYER);
    block_on(test(stores))
}

/// A transaction told by its number.
pub fn pending(number: u64) -> Pending {
    Pending {
        hash: hash(number),
        sender: Address::with_last_byte(number.to_le_bytes()[0] % 8),
        raw: Bytes::from(vec![number.to_le_bytes()[0]; 150]),
        received_ms: number,
        deposit_position: 0,
    }
}

/// Hash of [`pending`].
pub fn hash(number: u64) -> TxHash {
    B256::left_padding_from(&number.to_be_bytes())
}

/// A fence in `slot`.
pub const fn fence(slot: u64, attempt: u128) -> SlotEntry {
    SlotEntry {
        slot: SlotNumber(slot),
        epoch: Epoch(1),
        attempt: AttemptId(attempt),
        content: SlotContent::Fence,
    }
}

/// An order told by its key.
pub fn order(key: &str) -> MintOrder {
    MintOrder {
        key: key.to_owned(),
        recipient: Address::repeat_byte(1),
        received_ms: 1,
        sold: None,
    }
}

/// `SplitMix64`: a printed seed repeats a run.
pub struct Random(pub u64);

impl Random {
    /// Returns the next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
