use alloy_primitives::Bytes;
use alloy_rlp::{RlpDecodable, RlpEncodable};

use crate::codec::{Kind, Record};

/// Bits for each key: one key in 120 that is not there seems to be (measured by
/// `a_filter_rules_out_most_keys`).
const BITS_PER_KEY: usize = 10;

/// Bits that one key sets: ln 2 times the above.
const PROBES: u64 = 7;

/// A Bloom filter over keys.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Filter {
    bits: Bytes,
}

impl Record for Filter {
    const KIND: Kind = Kind::RunFilter;
}

impl Filter {
    /// Makes the filter of `keys`.
    pub fn of(keys: &[u64]) -> Self {
        let mut bits = vec![0_u8; (keys.len() * BITS_PER_KEY).div_ceil(8).max(8)];
        for key in keys {
            for (byte, mask) in probes(*key, bits.len()) {
                bits[byte] |= mask;
            }
        }
        Self { bits: bits.into() }
    }

    /// Bytes of its bits.
    pub fn bytes(&self) -> usize {
        self.bits.len()
    }

    /// Whether the key may be among those that the filter was made of. A key that was is never missed.
    pub fn may_have(&self, key: u64) -> bool {
        !self.bits.is_empty()
            && probes(key, self.bits.len()).all(|(byte, mask)| self.bits[byte] & mask != 0)
    }
}

/// Bytes and bits of a key in a filter of `length` bytes.
fn probes(key: u64, length: usize) -> impl Iterator<Item = (usize, u8)> {
    let bits = u64::try_from(length).expect("usize fits u64 on every target") * 8;
    let (start, step) = (mix(key), mix(!key) | 1);
    (0..PROBES).map(move |probe| {
        let bit = start.wrapping_add(step.wrapping_mul(probe)) % bits;
        let byte = usize::try_from(bit / 8).expect("below a length in memory");
        (byte, 1 << (bit % 8))
    })
}

/// The finalizer of `SplitMix64`: keys of one filter share their leading bits.
const fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}
