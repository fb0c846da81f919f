use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use alloy_sol_types::{SolCall, sol};
use serde::{Deserialize, Serialize};

sol! {
    function set(uint64 number, uint64 timestamp, bytes32 hash) external;
}

/// An L1 block as the layer names it: all deposits up to it are on the layer.
///
/// Every header of a layer says on which L1 block it rests, in two fields that mean nothing else there:
///
/// ```text
/// extraData               number: 8 | time: 8, big-endian; empty while the layer rests on none
/// parentBeaconBlockRoot   hash; zero while it rests on none
/// ```
///
/// Where it is another one than in the block before, the layer itself calls `L1Info.set` before the first
/// transaction. So whoever has the headers, or the inputs of the blocks, executes the same.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
pub struct L1Origin {
    /// Number.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Unix seconds.
    pub timestamp_s: u64,
}

/// A header that names no L1 block in the way of [`L1Origin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("L1 block: expected 16 bytes of extra data with a hash, or neither")]
pub struct NoOrigin;

impl L1Origin {
    /// Reads on which L1 block a layer's block rests; `None` while it is none.
    ///
    /// # Errors
    /// [`NoOrigin`] for what is no header of a layer.
    pub fn of(header: &Header) -> Result<Option<Self>, NoOrigin> {
        let hash = header.parent_beacon_block_root.unwrap_or_default();
        Self::read(&header.extra_data, hash)
    }

    /// As [`Self::of`], from the two fields.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn read(extra_data: &[u8], hash: B256) -> Result<Option<Self>, NoOrigin> {
        match (extra_data.split_first_chunk(), hash.is_zero()) {
            (None, true) if extra_data.is_empty() => Ok(None),
            (Some((number, time)), false) => {
                let time = time.try_into().map_err(|_| NoOrigin)?;
                let (number, timestamp_s) = (u64::from_be_bytes(*number), u64::from_be_bytes(time));
                Ok(Some(Self { number, hash, timestamp_s }))
            }
            _ => Err(NoOrigin),
        }
    }

    /// Returns the extra data of a block that rests on this one.
    pub fn extra_data(&self) -> Bytes {
        [self.number.to_be_bytes(), self.timestamp_s.to_be_bytes()].concat().into()
    }

    /// Returns whether a block may rest on this one when the block before it rests on `before`: on the same, or
    /// on a later one.
    pub fn may_follow(&self, before: Option<&Self>) -> bool {
        before.is_none_or(|before| {
            let is_later = self.number > before.number && self.timestamp_s >= before.timestamp_s;
            self == before || is_later
        })
    }

    /// Returns the input of the call of `L1Info`.
    pub(crate) fn call(&self) -> Bytes {
        let Self { number, hash, timestamp_s: timestamp } = *self;
        setCall { number, timestamp, hash }.abi_encode().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: L1Origin =
        L1Origin { number: 9, hash: B256::repeat_byte(9), timestamp_s: 1_700_000_000 };

    fn header(extra_data: Bytes, hash: B256) -> Header {
        Header { extra_data, parent_beacon_block_root: Some(hash), ..Header::default() }
    }

    #[test]
    fn header_says_number_time_and_hash_or_nothing() {
        assert_eq!(L1Origin::of(&header(ORIGIN.extra_data(), ORIGIN.hash)), Ok(Some(ORIGIN)));
        assert_eq!(L1Origin::of(&header(Bytes::new(), B256::ZERO)), Ok(None));
        assert_eq!(L1Origin::of(&header(Bytes::new(), ORIGIN.hash)), Err(NoOrigin));
        assert_eq!(L1Origin::of(&header(ORIGIN.extra_data(), B256::ZERO)), Err(NoOrigin));
        for length in [1, 8, 15, 17, 32] {
            let extra_data = vec![1; length].into();
            assert_eq!(L1Origin::of(&header(extra_data, ORIGIN.hash)), Err(NoOrigin), "{length}");
        }
    }

    #[test]
    fn layer_rests_on_the_same_block_or_a_later_one() {
        let with = |number, timestamp_s| L1Origin { number, timestamp_s, ..ORIGIN };
        let time_s = ORIGIN.timestamp_s;
        assert!(ORIGIN.may_follow(None) && ORIGIN.may_follow(Some(&ORIGIN)));
        assert!(with(10, time_s).may_follow(Some(&ORIGIN)));
        assert!(!with(8, time_s).may_follow(Some(&ORIGIN)));
        assert!(!with(10, time_s - 1).may_follow(Some(&ORIGIN)), "an earlier time");
        assert!(!with(9, time_s + 1).may_follow(Some(&ORIGIN)), "another block 9");
    }
}
