use alloy_primitives::B256;
use node_core::codec::{
    Record,
    frame::{self, Kind},
    run::{BlocksPage, Directory, Filter, Piece, RunRef, SortedPage, Table},
};

use crate::first;

/// Any bodies as the directory and a page of an index.
///
/// # Panics
/// When a directory that opens leads to a page that it does not have.
pub fn runs(data: &[u8]) {
    let Some((length, data)) = data.split_first_chunk::<2>() else { return };
    let length = usize::from(u16::from_le_bytes(*length));
    let Some((raw, data)) = data.split_at_checked(length) else { return };
    let Some((kind, page)) = first(data) else { return };
    let page = match kind % 3 {
        0 => frame::encode(Kind::RunPage, page),
        1 => frame::encode(Kind::RunBlocks, page),
        _ => frame::encode(Kind::RunFilter, page),
    };
    if let Some(directory) = open(&frame::encode(Kind::RunDirectory, raw)) {
        read_blocks(directory.clone(), &page);
        read_table(directory.hashes, &page);
        read_table(directory.logs, &page);
    }
}

/// Opens a directory as the one of the blocks that it says.
fn open(frame: &[u8]) -> Option<Directory> {
    let Directory { first, last, .. } = Directory::from_frame(frame).ok()?;
    let directory = Piece::of(0, frame);
    let run = RunRef { first, last, epoch: 1, level: 0, entries: 3, transactions: 2, directory };
    let other = RunRef { last: last.wrapping_add(1), ..run };
    assert!(Directory::open(&other, frame).is_err(), "the directory of other blocks");
    let hash = B256::repeat_byte(1);
    let altered = RunRef { directory: Piece { hash, ..directory }, ..run };
    assert!(Directory::open(&altered, frame).is_err(), "another hash");
    Directory::open(&run, frame).ok()
}

fn read_blocks(mut directory: Directory, frame: &[u8]) {
    directory.blocks.iter_mut().for_each(|piece| *piece = Piece::of(piece.offset, frame));
    let Directory { first, last, .. } = directory;
    for number in [0, first, first / 2 + last / 2, last, last.saturating_add(1), u64::MAX] {
        let Some(page) = directory.page_of_block(number) else { continue };
        let Ok((from, blocks)) = directory.open_blocks(page, frame) else { continue };
        let after = usize::try_from(number - from).expect("within a page");
        assert!(after < blocks.len(), "block {number} is not among {} from {from}", blocks.len());
    }
    let _ = BlocksPage::from_frame(frame);
}

fn read_table(mut table: Table, frame: &[u8]) {
    let page = SortedPage::from_frame(frame).ok().and_then(|page| page.entries());
    let entries = page.unwrap_or_default();
    let keys = entries.iter().map(|entry| (entry.key, entry.number)).take(9);
    for (key, number) in keys.chain([(0, 0), (7, 5), (u64::MAX, u64::MAX)]) {
        for page in table.pages_of(key, number, u64::MAX) {
            let _ = table.filter_of(page).open::<Filter>(frame).map(|filter| filter.may_have(key));
            let page = &mut table.pages[page];
            page.piece = Piece::of(page.piece.offset, frame);
            let Ok(opened) = page.open(frame) else { continue };
            assert!(opened.is_sorted() && opened == entries, "other entries");
        }
    }
}
