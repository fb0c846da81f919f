//! Codecs: round trips, golden bytes, and damage of every field.

use alloy_primitives::{Address, B256, Bytes, TxHash};
use proptest::prelude::*;

use super::{
    frame::{self, FrameError, HEADER_BYTES, Kind},
    record::{
        AttemptId, Body, Dropped, MintOrder, OrderRecord, OrderState, Pending, Record, RecordError,
        SlotContent, SlotEntry,
    },
};
use crate::chain::{Epoch, SlotNumber};

fn slot(content: SlotContent) -> SlotEntry {
    SlotEntry { slot: SlotNumber(7), epoch: Epoch(3), attempt: AttemptId(99), content }
}

fn pending() -> Pending {
    Pending {
        hash: TxHash::repeat_byte(1),
        sender: Address::repeat_byte(2),
        raw: Bytes::from_static(b"raw"),
        received_ms: 1_700_000_000_000,
        deposit_position: 5,
    }
}

fn round_trip<R: Record + PartialEq + core::fmt::Debug>(record: &R) {
    assert_eq!(R::from_frame(&record.to_frame()).as_ref(), Ok(record));
}

#[test]
fn records_round_trip() {
    let (number, hash) = (5, B256::repeat_byte(6));
    round_trip(&slot(SlotContent::Fence));
    round_trip(&slot(SlotContent::End { number, hash }));
    let inline = Body::Inline(Bytes::from_static(b"frame"));
    round_trip(&slot(SlotContent::Block { number, hash, body: inline }));
    let object = Body::Object("layers/x/blocks/1".to_owned());
    round_trip(&slot(SlotContent::Block { number, hash, body: object }));
    round_trip(&pending());
    round_trip(&Dropped { hash, reason: "nonce too low".to_owned(), dropped_ms: 3 });
    let order = MintOrder { key: "k".into(), recipient: Address::ZERO, received_ms: 1 };
    round_trip(&OrderRecord { order, transaction: hash, failure: String::new() });
}

/// The body of a frame as written by version 1. A change here is a change of the format: it needs a new
/// version and a reader for the old one. (zstd may compress differently from release to release, so
/// the golden part is the header and the raw body, not the compressed bytes.)
#[test]
fn golden_pending() {
    let raw = alloy_rlp::encode(pending());
    let expected = "f842a001010101010101010101010101010101010101010101010101010101010101019402\
                    0202020202020202020202020202020202020283726177860\
                    18bcfe5680005";
    assert_eq!(alloy_primitives::hex::encode(&raw), expected);
    let bytes = frame::encode(Kind::Pending, &raw);
    assert_eq!(&bytes[..8], b"MFLY\x01\x03\x00\x00");
    assert_eq!(&bytes[8..12], &68_u32.to_le_bytes());
}

/// A whole frame written by version 1 stays readable for ever.
#[test]
fn golden_frame_is_readable() {
    let golden = include_bytes!("golden/pending-v1.frame");
    assert_eq!(Pending::from_frame(golden), Ok(pending()));
}

#[test]
fn damage_is_named() {
    let good = pending().to_frame();
    let with = |at: usize, byte: u8| {
        let mut bad = good.clone();
        bad[at] = byte;
        Pending::from_frame(&bad)
    };
    let frame_error = |result: Result<Pending, RecordError>| match result {
        Err(RecordError::Frame(error)) => error,
        other => panic!("expected a frame error, got {other:?}"),
    };
    assert!(matches!(frame_error(with(0, b'X')), FrameError::Magic { .. }));
    assert!(matches!(frame_error(with(4, 9)), FrameError::Version { got: 9 }));
    assert!(matches!(
        frame_error(with(5, Kind::Slot as u8)),
        FrameError::Kind { expected: Kind::Pending, got: 2 }
    ));
    assert!(matches!(
        frame_error(with(HEADER_BYTES + 3, !good[HEADER_BYTES + 3])),
        FrameError::Checksum { .. }
    ));
    let cut = Pending::from_frame(&good[..good.len() - 1]);
    assert!(matches!(frame_error(cut), FrameError::Length { .. }));
    assert!(matches!(frame_error(Pending::from_frame(&good[..5])), FrameError::Length { .. }));
}

#[test]
fn a_whole_frame_with_another_body_is_an_error() {
    let bytes = frame::encode(Kind::Pending, b"not rlp of a pending");
    assert!(matches!(Pending::from_frame(&bytes), Err(RecordError::Body { .. })));
}

#[test]
fn an_order_is_decided_once() {
    let order = MintOrder { key: "k".into(), recipient: Address::ZERO, received_ms: 1 };
    let mut record = OrderRecord { order, transaction: TxHash::ZERO, failure: String::new() };
    let minted = OrderState::Minted { transaction: TxHash::repeat_byte(1) };
    record.apply(&minted);
    record.apply(&OrderState::Failed { reason: "late".into() });
    assert_eq!(record.state(), minted);
}

proptest! {
    #[test]
    fn any_body_round_trips(body in proptest::collection::vec(any::<u8>(), 0..5_000)) {
        let bytes = frame::encode(Kind::Pack, &body);
        prop_assert_eq!(frame::decode(Kind::Pack, &bytes), Ok(body));
    }

    #[test]
    fn any_flipped_bit_is_noticed(bit in 0_usize..8 * 60) {
        let mut bad = frame::encode(Kind::Pack, &[7; 4_000]);
        let bit = bit % (8 * bad.len());
        bad[bit / 8] ^= 1 << (bit % 8);
        // Bytes 6 and 7 are covered by the checksum as well.
        prop_assert!(frame::decode(Kind::Pack, &bad).is_err());
    }

    #[test]
    fn any_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Pending::from_frame(&bytes);
        let _ = SlotEntry::from_frame(&bytes);
    }
}
