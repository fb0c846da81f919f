//! Blobs: packing against EIP-4844's field, and every other way to write them refused.

use alloy_eips::eip4844::Blob;
use alloy_primitives::{U256, b256};
use proptest::prelude::*;

use super::{
    BLOBS_PER_BATCH, BlobError, CAPACITY, MAX_PAYLOAD_BYTES, Payload, from_blobs, to_blobs,
};
use crate::codec::{FrameError, Record, RecordError, frame};

/// Order of the scalar field of BLS12-381 (EIP-4844, `BLS_MODULUS`).
const MODULUS: U256 = U256::from_be_bytes(
    b256!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001").0,
);

/// Bytes of one blob that carry something, less the length.
const ONE: usize = 31 * 4_096 - 4;

#[test]
fn bytes_come_out_of_as_few_blobs_as_carry_them() {
    for (length, blobs) in
        [(0, 1), (1, 1), (ONE, 1), (ONE + 1, 2), (CAPACITY - 1, BLOBS_PER_BATCH), (CAPACITY, 6)]
    {
        let bytes: Vec<u8> = (0..=255_u8).rev().cycle().take(length).collect();
        let packed = to_blobs(&bytes).expect("fits");
        assert_eq!(packed.len(), blobs, "{length} bytes");
        assert_eq!(from_blobs(&packed), Ok(bytes), "{length} bytes");
    }
    assert_eq!(to_blobs(&vec![0; CAPACITY + 1]), Err(BlobError::TooLong { got: CAPACITY + 1 }));
}

#[test]
fn every_field_element_is_below_the_modulus() {
    let packed = to_blobs(&vec![0xff; ONE]).expect("fits");
    for element in packed[0].chunks_exact(32) {
        assert!(U256::from_be_slice(element) < MODULUS);
    }
}

#[test]
fn other_blobs_of_the_same_bytes_are_refused() {
    let good = to_blobs(&[7; 100]).expect("fits");
    let with = |at: usize, byte: u8| {
        let mut bad = good.clone();
        bad[0][at] = byte;
        from_blobs(&bad)
    };
    assert_eq!(with(64, 1), Err(BlobError::Element { blob: 0, element: 2, got: 1 }));
    // 104 bytes are carried: the last of them in the fourth element, at its byte 1 + 104 - 93 - 1.
    assert_eq!(with(3 * 32 + 12, 1), Err(BlobError::Padding { at: 104 }));
    assert_eq!(with(131_071, 1), Err(BlobError::Padding { at: 31 * 4_096 - 1 }));
    assert_eq!(with(4, 0xff), Err(BlobError::Count { expected: 0, got: 1 }), "4 GiB");
    assert_eq!(with(3, 0xff), Err(BlobError::Count { expected: 0, got: 1 }), "16 MiB");
    let more = [good.clone(), vec![Blob::ZERO]].concat();
    assert_eq!(from_blobs(&more), Err(BlobError::Count { expected: 1, got: 2 }));
    assert_eq!(from_blobs(&[]), Err(BlobError::Count { expected: 1, got: 0 }));
}

#[test]
fn a_payload_that_would_fill_memory_is_refused_unread() {
    let most = MAX_PAYLOAD_BYTES;
    let bomb = frame::encode(Payload::KIND, &vec![0; most + 1]);
    assert!(bomb.len() < CAPACITY, "it fits into a batch");
    let refused = Payload::from_frame(&bomb);
    assert_eq!(refused, Err(RecordError::Frame(FrameError::TooLarge { most, got: most + 1 })));
}

proptest! {
    #[test]
    fn any_bytes_come_out_of_their_blobs(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let packed = to_blobs(&bytes).expect("fits");
        prop_assert_eq!(from_blobs(&packed), Ok(bytes));
    }

    #[test]
    fn one_changed_byte_never_is_the_same_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..400, with in 1..=255_u8,
    ) {
        let mut packed = to_blobs(&bytes).expect("fits");
        packed[0][at] ^= with;
        prop_assert_ne!(from_blobs(&packed), Ok(bytes));
    }
}
