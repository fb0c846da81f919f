//! Tests that reach below the ports: damaged rows, cut power, the order of syncs.

mod damage;
mod power;

use alloy_primitives::{Address, B256, Bytes};
use node_core::{chain::LayerId, codec::record::Pending};

const LAYER: LayerId = LayerId::new([7; 16]);

fn pending(number: u64) -> Pending {
    Pending {
        hash: B256::left_padding_from(&number.to_be_bytes()),
        sender: Address::repeat_byte(1),
        raw: Bytes::from(vec![number.to_le_bytes()[0]; 120]),
        received_ms: number,
        deposit_position: 0,
    }
}

/// `SplitMix64`: a printed seed repeats a run.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("usize fits u64");
        usize::try_from(self.next() % bound).expect("below a usize")
    }
}
