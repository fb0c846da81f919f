//! Codecs: round trips, golden bytes, and damage of every field.

use alloy_consensus::{Header, TransactionEnvelope};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, TxHash, U256, keccak256};
use proptest::prelude::*;

use super::{
    batch::{Payload, PostedBlock, PostedGenesis},
    frame::{self, FrameError, HEADER_BYTES, Kind},
    record::{
        AccountLeaf, AccountPage, AttemptId, BlockRecord, Body, CheckpointRef, CodePage, Dropped,
        Effect, IndexPage, Manifest, MintOrder, MintedOrder, OrderRecord, OrderState, Outcome,
        PackedAccount, PackedSlot, PageRef, Pending, Place, Record, RecordError, RefundCall,
        RefundNote, SaleRecord, SlotContent, SlotEntry, SlotPage, Sold, StatePack, StoredStorage,
        Witness,
    },
    run::{BlocksPage, Contents, Directory, EntryPage, Filter, Piece, RunRef, SortedPage, Table},
};
use crate::{
    chain::{
        Block, DepositEvent, Epoch, L1Origin, Receipt, SlotNumber, Transaction, recover_sender,
    },
    state::{AccountDelta, AccountInfo, Delta},
    trie::{Nibbles, StoredPage},
};

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
    round_trip(&order_record());
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

fn block_record() -> BlockRecord {
    let header = Header { number: 5, gas_limit: 30_000_000, ..Header::default() };
    let event = DepositEvent {
        index: 0,
        from: Address::repeat_byte(1),
        to: Address::repeat_byte(2),
        value: U256::from(7),
        gas_limit: 50_000,
        data: Bytes::from_static(b"data"),
    };
    let transaction = event.into_transaction(Address::repeat_byte(3));
    let mut account = AccountDelta::updated(AccountInfo { nonce: 1, ..AccountInfo::default() });
    account.slots.insert(U256::from(1), U256::from(2));
    let code = Bytes::from_static(b"code");
    let delta = Delta {
        accounts: [(Address::repeat_byte(2), account), (Address::ZERO, AccountDelta::default())]
            .into(),
        codes: [(keccak256(&code), code)].into(),
    };
    BlockRecord {
        senders: vec![event_sender(&transaction)],
        receipts: vec![Receipt {
            tx_type: transaction.tx_type(),
            success: true,
            cumulative_gas_used: 21_000,
            logs: Vec::new(),
        }],
        minted: vec![MintedOrder { key: "stripe/cs_1".into(), transaction: *transaction.hash() }],
        block: Block { header, transactions: vec![transaction] },
        delta,
    }
}

fn event_sender(transaction: &Transaction) -> Address {
    recover_sender(transaction).expect("a deposit names its sender")
}

fn state_pack() -> StatePack {
    let account = PackedAccount {
        address: Address::repeat_byte(1),
        nonce: 3,
        balance: U256::from(9),
        code_hash: keccak256(b"code"),
        storage: vec![PackedSlot { slot: U256::from(1), value: U256::from(2) }],
    };
    StatePack { accounts: vec![account], codes: vec![Bytes::from_static(b"code")] }
}

fn manifest() -> Manifest {
    Manifest {
        header: Header { number: 5, ..Header::default() },
        next_slot: 8,
        ancestors: vec![B256::repeat_byte(1), B256::repeat_byte(2)],
        accounts: vec![page_ref(&[])],
        codes: vec![page_ref(&[1, 2])],
        runs: vec![run_ref()],
        earlier: vec![CheckpointRef { block: 3, epoch: Epoch(1) }],
    }
}

fn run_ref() -> RunRef {
    let directory = Piece::of(7, b"frame");
    RunRef { first: 1, last: 3, epoch: 1, level: 0, transactions: 4, entries: 9, directory }
}

fn page_ref(path: &[u8]) -> PageRef {
    let path = Nibbles::from_nibbles(path).expect("nibbles");
    PageRef {
        page: StoredPage { path, hash: B256::repeat_byte(7), weight: 1_000, level: 1 },
        place: Place { block: 4, epoch: Epoch(2), offset: 100, length: 50 },
    }
}

fn account_page() -> AccountPage {
    let info = |nonce, balance: u64, code: &[u8]| AccountInfo {
        nonce,
        balance: U256::from(balance),
        code_hash: keccak256(code),
    };
    let leaf = |byte, info, storage| {
        let address = Address::repeat_byte(byte);
        AccountLeaf { address, info, storage }
    };
    let slots = vec![(U256::from(1), U256::MAX), (U256::MAX, U256::from(256))];
    AccountPage(vec![
        leaf(1, info(0, 0, b""), StoredStorage::Here(Vec::new())),
        leaf(2, info(u64::MAX, 1, b"code"), StoredStorage::Here(slots)),
        leaf(3, info(128, 255, b"code"), StoredStorage::Page(page_ref(&[]))),
        leaf(4, info(127, 256, b"other"), StoredStorage::Here(Vec::new())),
    ])
}

fn slot_page() -> SlotPage {
    SlotPage(vec![(U256::from(5), U256::from(1)), (U256::MAX, U256::MAX)])
}

fn code_page() -> CodePage {
    CodePage { codes: vec![Bytes::from_static(b"code"), Bytes::from_static(b"other")] }
}

fn index_page() -> IndexPage {
    IndexPage { pages: vec![page_ref(&[0]), page_ref(&[15, 1])] }
}

fn order_record() -> OrderRecord {
    let order = MintOrder { key: "k".into(), recipient: Address::ZERO, received_ms: 1, sold: None };
    OrderRecord { transaction: B256::repeat_byte(6), ..OrderRecord::new(order) }
}

/// An order that is paid back, with all that an order can know.
fn order_to_burn() -> OrderRecord {
    let call = Bytes::from_static(&[1]);
    let sold = Some(Sold { tier: "vip".into(), buyer: "a@b.c".into(), call });
    let order = MintOrder { key: "k".into(), recipient: Address::ZERO, received_ms: 1, sold };
    let mut record = OrderRecord::new(order);
    let transaction = TxHash::repeat_byte(6);
    record.apply(&Outcome::Done { transaction, token: Some(U256::from(5)) });
    let before = Bytes::from_static(&[2]);
    record.refund(Some(&RefundCall { before, after: Bytes::new(), effect: Effect::Burn }));
    record
}

/// An order that was paid back before it was minted, to be marked on its contract, of which the organiser took no message.
fn order_to_void() -> OrderRecord {
    let mut record = order_record();
    record.transaction = TxHash::ZERO;
    let before = Bytes::from_static(&[2]);
    record.refund(Some(&RefundCall { before, after: Bytes::new(), effect: Effect::Void }));
    record.put_off("void", 0, 5);
    record
}

#[test]
fn golden_order_to_burn() {
    let raw = alloy_rlp::encode(order_to_burn());
    let expected = "f86ee36b94000000000000000000000000000000000000000001cb83766970856140622e6301a006\
                    0606060606060606060606060606060606060606060606060606060606060680e70306c20280a000\
                    0000000000000000000000000000000000000000000000000000000000000080";
    assert_eq!(alloy_primitives::hex::encode(&raw), expected);
    round_trip(&order_to_burn());
    round_trip(&order_of_sale());
    round_trip(&order_to_void());
}

/// What was sold together, with a refund of a part.
fn order_of_sale() -> OrderRecord {
    let mut sale = SaleRecord::default();
    sale.sell(&["s/o/a/0".into()]);
    sale.refund(&[RefundNote { id: "r".into(), item: "a".into(), units: 1 }]);
    OrderRecord { sale: Some(sale), ..order_record() }
}

/// A whole frame written by version 1 stays readable for ever.
fn stays_readable<R: Record + PartialEq + core::fmt::Debug>(name: &str, record: &R) {
    let path = format!("{}/src/codec/golden/{name}-v1.frame", env!("CARGO_MANIFEST_DIR"));
    if option_env!("BLESS").is_some() {
        std::fs::write(&path, record.to_frame()).expect("the folder is there");
    }
    let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(R::from_frame(&golden).as_ref(), Ok(record), "{name}");
}

/// `BLESS=1 cargo test` writes the files again, after a change of the format and of its version.
#[test]
fn golden_frames_are_readable() {
    let (number, hash) = (5, B256::repeat_byte(6));
    stays_readable("pending", &pending());
    stays_readable("slot-fence", &slot(SlotContent::Fence));
    let body = Body::Inline(Bytes::from_static(b"frame"));
    stays_readable("slot-block", &slot(SlotContent::Block { number, hash, body }));
    stays_readable("slot-end", &slot(SlotContent::End { number, hash }));
    stays_readable("dropped", &Dropped { hash, reason: "nonce too low".into(), dropped_ms: 3 });
    stays_readable("order", &order_record());
    stays_readable("order-to-burn", &order_to_burn());
    stays_readable("order-to-void", &order_to_void());
    stays_readable("order-sale", &order_of_sale());
    stays_readable("block", &block_record());
    stays_readable("pack", &state_pack());
    stays_readable("manifest", &manifest());
    stays_readable("account-page", &account_page());
    stays_readable("slot-page", &slot_page());
    stays_readable("code-page", &code_page());
    stays_readable("index-page", &index_page());
    stays_readable("run-page", &SortedPage::of(&run_contents().hashes));
    stays_readable("run-filter", &Filter::of(&[1, u64::MAX]));
    stays_readable("run-blocks", &BlocksPage::of(5, &run_contents().blocks));
    stays_readable("run-directory", &run_directory());
    stays_readable("witness", &witness());
    stays_readable("batch-first", &payload(Some(posted_genesis())));
    stays_readable("batch-next", &payload(None));
}

fn payload(genesis: Option<PostedGenesis>) -> Payload {
    let block = |deposits, l1| PostedBlock {
        after_s: 2,
        deposits,
        check: FixedBytes([1, 2, 3, 4]),
        transactions: vec![Bytes::from_static(b"raw"), Bytes::from_static(b"raw as well")],
        l1,
    };
    let l1 = L1Origin { number: 9, hash: B256::repeat_byte(9), timestamp_s: 1_700_000_000 };
    Payload { first_block: 5, blocks: vec![block(0, None), block(3, Some(l1))], genesis }
}

fn posted_genesis() -> PostedGenesis {
    let StatePack { accounts, codes } = state_pack();
    PostedGenesis {
        timestamp_s: 1_700_000_000,
        gas_limit: 60_000_000,
        base_fee_wei: 0,
        fee_recipient: Address::repeat_byte(0xfe),
        accounts,
        codes,
    }
}

fn witness() -> Witness {
    let nodes = vec![Bytes::from_static(b"node")];
    Witness { block: block_record().block, nodes, codes: vec![Bytes::from_static(b"code")] }
}

fn run_contents() -> Contents {
    Contents::of([(SlotNumber(7), &block_record())])
}

fn run_directory() -> Directory {
    let piece = Piece::of(7, b"frame");
    // Written out, not by the writer: zstd's lengths differ from release to release.
    let page = |entries: &[_]| EntryPage::of(entries, piece).expect("there are entries");
    let hashes = Table { pages: vec![page(&run_contents().hashes)], filters: vec![piece] };
    Directory { first: 5, last: 5, blocks: vec![piece], hashes, logs: Table::default() }
}

#[test]
fn blocks_packs_and_manifests_round_trip() {
    round_trip(&block_record());
    round_trip(&state_pack());
    round_trip(&manifest());
}

#[test]
fn pages_round_trip() {
    round_trip(&account_page());
    round_trip(&AccountPage::default());
    round_trip(&slot_page());
    round_trip(&code_page());
    round_trip(&index_page());
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
    let order = MintOrder { key: "k".into(), recipient: Address::ZERO, received_ms: 1, sold: None };
    let mut record = OrderRecord::new(order);
    let transaction = TxHash::repeat_byte(1);
    record.apply(&Outcome::Done { transaction, token: None });
    record.apply(&Outcome::Failed { reason: "late".into() });
    assert_eq!(record.state(), OrderState::Minted { transaction });
}

#[test]
fn a_sale_has_each_order_once_and_each_refund_once_for_each_line_item() {
    let mut sale = SaleRecord::default();
    let note = |item: &str, units| RefundNote { id: "r".to_owned(), item: item.to_owned(), units };
    for _ in 0..2 {
        sale.sell(&["s/o/a/0", "s/o/a/1", "s/o/b/0"].map(str::to_owned));
        sale.refund(&[note("a", 1), note("b", 0)]);
    }
    assert_eq!((sale.orders.len(), sale.refunds.len()), (3, 2));
    assert_eq!(sale.refunded().into_iter().collect::<Vec<_>>(), ["s/o/a/0", "s/o/b/0"]);
}

#[test]
fn a_refund_that_comes_again_changes_nothing() {
    let mut record = order_to_burn();
    record.apply(&Outcome::Failed { reason: "it cannot be burned".into() });
    let failed = record.clone();
    let before = Bytes::from_static(b"void");
    record.refund(Some(&RefundCall { before, after: Bytes::new(), effect: Effect::Void }));
    assert_eq!(record, failed);
}

#[test]
fn a_failure_is_told_again_after_a_retry_and_a_success_is_not() {
    let mut record = OrderRecord { transaction: TxHash::ZERO, ..order_record() };
    record.apply(&Outcome::Failed { reason: "sold out".into() });
    record.tell("failed");
    record.retry();
    assert_eq!(record.state(), OrderState::Waiting);
    record.apply(&Outcome::Failed { reason: "sold out".into() });
    assert_eq!(record.untold(), Some("failed"), "it failed again");
    record.put_off("failed", 0, 5_000);
    record.retry();
    record.apply(&Outcome::Failed { reason: "sold out".into() });
    assert_eq!(record.untold_by(0), Some("failed"), "at once");
    record.retry();
    record.apply(&Outcome::Done { transaction: B256::repeat_byte(1), token: None });
    record.tell("minted");
    record.retry();
    assert_eq!(record.untold(), None);
}

#[test]
fn what_has_no_token_or_is_a_sale_is_not_burned() {
    let before = Bytes::from_static(b"burn");
    let burn = RefundCall { before, after: Bytes::new(), effect: Effect::Burn };
    let mut minted = order_record();
    minted.refund(Some(&burn));
    assert_eq!(minted.state(), OrderState::Void);
    let mut sale = order_of_sale();
    sale.refund(Some(&burn));
    assert_eq!(sale, order_of_sale());
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

    /// Whole frames around any body: what the checksum cannot keep away from the decoders.
    #[test]
    fn any_body_of_a_page_is_no_panic(at in 0_usize..1_000, with in any::<u8>(), cut in 0_usize..1_000) {
        fn damaged<R: Record>(record: &R, at: usize, with: u8, cut: usize) {
            let mut raw = alloy_rlp::encode(record);
            let (at, cut) = (at % raw.len(), raw.len() - cut % raw.len());
            raw[at] = with;
            let _ = R::from_frame(&frame::encode(R::KIND, &raw[..cut]));
            let _ = R::from_frame(&frame::encode(R::KIND, &raw));
        }
        damaged(&account_page(), at, with, cut);
        damaged(&slot_page(), at, with, cut);
        damaged(&index_page(), at, with, cut);
        damaged(&manifest(), at, with, cut);
        damaged(&payload(Some(posted_genesis())), at, with, cut);
    }
}
