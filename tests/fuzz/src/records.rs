use core::fmt::Debug;

use node_core::{
    chain::SlotNumber,
    codec::{
        Record,
        batch::Payload,
        frame::{self, HEADER_BYTES, Kind},
        record::{
            AccountPage, BlockRecord, CodePage, Dropped, IndexPage, Manifest, OrderRecord, Pending,
            SlotEntry, SlotPage, StatePack, Witness,
        },
        run::{BlocksPage, Contents, Directory, Filter, SortedPage},
    },
    state::WorldState,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::first;

/// Whether a record has one encoding only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encodings {
    One,
    /// Readers accept more than writers write: what counts is verified by a hash elsewhere.
    Many,
}

/// Any bytes as the stored value that they say they are; then once more with the lengths and the
/// checksum put right, so that any body comes to zstd.
///
/// # Panics
/// When what was read is another value after it was stored again.
pub fn frames(data: &[u8]) {
    let Some(kind) = data.get(5) else { return };
    any_record(*kind, data);
    let Some((header, body)) = data.split_first_chunk::<HEADER_BYTES>() else { return };
    let Ok(length) = u32::try_from(body.len()) else { return };
    let mut header = *header;
    header[12..16].copy_from_slice(&length.to_le_bytes());
    let sum = xxh3_64(&[&header[..16], body].concat());
    header[16..].copy_from_slice(&sum.to_le_bytes());
    any_record(*kind, &[&header, body].concat());
}

/// Any body of each kind in a whole frame, so that it comes past the checksum.
///
/// # Panics
/// As [`frames`]; when a canonical format encodes to other bytes.
pub fn records(data: &[u8]) {
    let Some((kind, raw)) = first(data) else { return };
    let Some(sealed) = seal(kind, raw) else { return };
    if any_record(kind, &sealed) == Some(Encodings::One) {
        let again = reencoded(kind, &sealed);
        assert!(again.as_deref() == Some(raw), "kind {kind}: {raw:02x?} became {again:02x?}");
    }
}

/// A frame of a kind by its byte.
pub(crate) fn seal(kind: u8, raw: &[u8]) -> Option<Vec<u8>> {
    let kind = KINDS.into_iter().find(|one| *one as u8 == kind)?;
    Some(frame::encode(kind, raw))
}

/// All kinds that have a record.
pub(crate) const KINDS: [Kind; 17] = [
    Kind::Block,
    Kind::Slot,
    Kind::Pending,
    Kind::Dropped,
    Kind::Order,
    Kind::Pack,
    Kind::Manifest,
    Kind::Batch,
    Kind::Witness,
    Kind::AccountPage,
    Kind::SlotPage,
    Kind::CodePage,
    Kind::IndexPage,
    Kind::RunDirectory,
    Kind::RunPage,
    Kind::RunBlocks,
    Kind::RunFilter,
];

/// Reads, uses and reads again the record of a kind; `None` when it cannot be read.
fn any_record(kind: u8, bytes: &[u8]) -> Option<Encodings> {
    use Encodings::{Many, One};
    let kind = KINDS.into_iter().find(|one| *one as u8 == kind)?;
    match kind {
        Kind::Block => opened(bytes, use_block).map(|()| Many),
        Kind::Slot => opened::<SlotEntry>(bytes, |_| ()).map(|()| Many),
        Kind::Pending => opened::<Pending>(bytes, |_| ()).map(|()| One),
        Kind::Dropped => opened::<Dropped>(bytes, |_| ()).map(|()| One),
        Kind::Order => opened::<OrderRecord>(bytes, |one| drop(one.state())).map(|()| One),
        Kind::Pack => opened::<StatePack>(bytes, |one| drop(one.unpack())).map(|()| One),
        Kind::Manifest => opened::<Manifest>(bytes, |_| ()).map(|()| One),
        Kind::Batch => opened::<Payload>(bytes, |_| ()).map(|()| One),
        Kind::Witness => opened(bytes, use_witness).map(|()| Many),
        Kind::AccountPage => opened::<AccountPage>(bytes, |_| ()).map(|()| Many),
        Kind::SlotPage => opened::<SlotPage>(bytes, |_| ()).map(|()| One),
        Kind::CodePage => opened::<CodePage>(bytes, |_| ()).map(|()| One),
        Kind::IndexPage => opened::<IndexPage>(bytes, |_| ()).map(|()| One),
        Kind::RunDirectory => opened::<Directory>(bytes, |_| ()).map(|()| One),
        Kind::RunPage => opened::<SortedPage>(bytes, use_entries).map(|()| One),
        Kind::RunBlocks => {
            opened::<BlocksPage>(bytes, |page| drop(page.places(5, 1))).map(|()| One)
        }
        Kind::RunFilter => opened(bytes, use_filter).map(|()| One),
        Kind::Register | Kind::Bundle => None,
    }
}

fn reencoded(kind: u8, bytes: &[u8]) -> Option<Vec<u8>> {
    let kind = KINDS.into_iter().find(|one| *one as u8 == kind)?;
    let again = match kind {
        Kind::Pending => Pending::from_frame(bytes).map(alloy_rlp::encode),
        Kind::Dropped => Dropped::from_frame(bytes).map(alloy_rlp::encode),
        Kind::Order => OrderRecord::from_frame(bytes).map(alloy_rlp::encode),
        Kind::Pack => StatePack::from_frame(bytes).map(alloy_rlp::encode),
        Kind::Manifest => Manifest::from_frame(bytes).map(alloy_rlp::encode),
        Kind::Batch => Payload::from_frame(bytes).map(alloy_rlp::encode),
        Kind::SlotPage => SlotPage::from_frame(bytes).map(alloy_rlp::encode),
        Kind::CodePage => CodePage::from_frame(bytes).map(alloy_rlp::encode),
        Kind::IndexPage => IndexPage::from_frame(bytes).map(alloy_rlp::encode),
        Kind::RunDirectory => Directory::from_frame(bytes).map(alloy_rlp::encode),
        Kind::RunPage => SortedPage::from_frame(bytes).map(alloy_rlp::encode),
        Kind::RunBlocks => BlocksPage::from_frame(bytes).map(alloy_rlp::encode),
        Kind::RunFilter => Filter::from_frame(bytes).map(alloy_rlp::encode),
        _ => return None,
    };
    again.ok()
}

fn opened<R: Record + PartialEq + Debug>(bytes: &[u8], read: impl FnOnce(&R)) -> Option<()> {
    let record = R::from_frame(bytes).ok()?;
    let raw = alloy_rlp::encode(&record);
    let again = alloy_rlp::decode_exact::<R>(&raw);
    assert_eq!(again.as_ref(), Ok(&record), "stored and read again");
    read(&record);
    Some(())
}

/// What a reader that follows does with a block.
fn use_block(record: &BlockRecord) {
    let _ = WorldState::new().apply(&record.delta);
    let contents = Contents::of([(SlotNumber(7), record)]);
    assert_eq!(contents.blocks.len(), 1, "a block is one block");
}

/// What an attestor does before it executes.
fn use_witness(witness: &Witness) {
    let mut world = WorldState::from_root(witness.block.header.state_root);
    let _ = world.reveal_nodes(&witness.nodes.iter().cloned().collect());
    world.add_codes(witness.codes.iter().cloned());
}

fn use_entries(page: &SortedPage) {
    if let Some(entries) = page.entries() {
        assert_eq!(&SortedPage::of(&entries), page, "the same entries, another page");
    }
}

fn use_filter(filter: &Filter) {
    let bytes = filter.bytes();
    assert!(bytes > 0 || !filter.may_have(7), "an empty filter has something");
}
