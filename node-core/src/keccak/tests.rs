use alloy_primitives::{B256, keccak256};
use proptest::prelude::*;

use super::{Messages, keccak256_many, lanes::Width};

/// Every width that this processor has.
fn widths() -> Vec<Width> {
    let mut widths = vec![Width::One];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") {
            widths.push(Width::Four);
        }
        if is_x86_feature_detected!("avx512f") {
            widths.push(Width::Eight);
        }
    }
    widths
}

fn message(len: usize, seed: u8) -> Vec<u8> {
    let mut byte = seed;
    let next = || {
        byte = byte.wrapping_mul(167).wrapping_add(13);
        byte
    };
    core::iter::repeat_with(next).take(len).collect()
}

/// Lengths on both sides of where a block ends, and any.
fn len() -> impl Strategy<Value = usize> {
    let edge =
        (0..=8_usize, 0..=2_usize).prop_map(|(blocks, off)| (136 * blocks + off).saturating_sub(1));
    prop_oneof![edge, 0..1_100_usize, 0..140_usize]
}

fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec((len(), any::<u8>()).prop_map(|(len, seed)| message(len, seed)), 0..40)
}

fn expected(messages: &[Vec<u8>]) -> Vec<B256> {
    messages.iter().map(keccak256).collect()
}

proptest! {
    #[test]
    fn every_width_hashes_as_alloy_does(messages in messages()) {
        for width in widths() {
            let mut hashes = vec![B256::repeat_byte(0xee); messages.len()];
            width.hash(messages.iter().map(Vec::as_slice), &mut hashes);
            prop_assert_eq!(&hashes, &expected(&messages), "{:?}", width);
        }
    }

    #[test]
    fn messages_in_one_buffer_are_hashed_in_their_order(messages in messages()) {
        let mut all = Messages::default();
        let mut hashes = vec![B256::ZERO; 3];
        for message in &messages {
            prop_assert_eq!(all.push_with(|out| out.extend_from_slice(message)), message);
            all.push(b"a mistake");
            all.pop();
        }
        all.hash_into(&mut hashes);
        prop_assert_eq!(all.len(), messages.len());
        prop_assert_eq!(hashes, expected(&messages));
    }
}

#[test]
fn every_length_of_a_few_blocks_is_padded_right() {
    let messages: Vec<_> = (0..=3 * 136 + 1).map(|len| message(len, 7)).collect();
    for width in widths() {
        let mut hashes = vec![B256::ZERO; messages.len()];
        width.hash(messages.iter().map(Vec::as_slice), &mut hashes);
        assert_eq!(hashes, expected(&messages), "{width:?}");
    }
}

#[test]
fn as_many_are_hashed_as_there_is_room_for() {
    let messages: Vec<_> = (0..20).map(|len| message(len, 1)).collect();
    let mut hashes = [B256::ZERO; 11];
    keccak256_many(messages.iter().map(Vec::as_slice), &mut hashes);
    assert_eq!(hashes, expected(&messages)[..11]);

    let mut hashes = [B256::ZERO; 30];
    keccak256_many(messages.iter().map(Vec::as_slice), &mut hashes);
    assert_eq!(hashes[..20], expected(&messages));
    assert_eq!(hashes[20..], [B256::ZERO; 10]);
}
