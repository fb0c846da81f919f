use alloy_primitives::Bytes;

use super::{
    BlocksPage, Contents, Directory, Entry, EntryPage, Filter, Piece, RunRef, SortedPage, Table,
};
use crate::{chain::Epoch, codec::Record};

/// Blocks in one page: 32 kB of hashes, of which an answer needs one, and `BLOCKHASH` 256 in a row.
pub const BLOCKS_PER_PAGE: usize = 1_024;

/// Entries in one page: about 40 kB of a table of a million hashes.
pub const ENTRIES_PER_PAGE: usize = 4_096;

/// Pages that share a filter, which then has at most 80 kB: read as fast as a page, and a run that has
/// no more pages needs one.
pub const PAGES_PER_FILTER: usize = 16;

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRun {
    /// What a checkpoint says of it.
    pub run: RunRef,
    /// The object.
    pub object: Bytes,
}

/// Encodes a run; nothing without blocks. Same contents, same object.
///
/// # Panics
/// When a page is above what a frame holds: pages are bounded far below.
pub fn write(contents: &Contents, epoch: Epoch, level: u64) -> Option<WrittenRun> {
    let count = |items: usize| u64::try_from(items).expect("usize fits u64 on every target");
    let blocks = count(contents.blocks.len());
    let last = contents.first + blocks.checked_sub(1)?;
    let mut object = Object::default();
    let directory = Directory {
        first: contents.first,
        last,
        blocks: object.blocks(contents),
        hashes: object.table(&contents.hashes),
        logs: object.table(&contents.logs),
    };
    let run = RunRef {
        first: contents.first,
        last,
        epoch: epoch.0,
        level,
        transactions: count(contents.hashes.len()).saturating_sub(blocks),
        entries: count(contents.entries()),
        directory: object.push(&directory),
    };
    Some(WrittenRun { run, object: object.0.into() })
}

/// The object so far.
#[derive(Debug, Default)]
struct Object(Vec<u8>);

impl Object {
    fn push(&mut self, record: &impl Record) -> Piece {
        let frame = record.to_frame();
        let offset = u64::try_from(self.0.len()).expect("usize fits u64 on every target");
        self.0.extend_from_slice(&frame);
        Piece::of(offset, &frame)
    }

    fn blocks(&mut self, contents: &Contents) -> Vec<Piece> {
        let mut first = contents.first;
        let mut page = |blocks: &[_]| {
            let piece = self.push(&BlocksPage::of(first, blocks));
            first += u64::try_from(blocks.len()).expect("usize fits u64 on every target");
            piece
        };
        contents.blocks.chunks(BLOCKS_PER_PAGE).map(&mut page).collect()
    }

    fn table(&mut self, entries: &[Entry]) -> Table {
        let mut page = |entries: &[Entry]| {
            let piece = self.push(&SortedPage::of(entries));
            EntryPage::of(entries, piece)
        };
        let pages = entries.chunks(ENTRIES_PER_PAGE).filter_map(&mut page).collect();
        let filtered = entries.chunks(ENTRIES_PER_PAGE * PAGES_PER_FILTER);
        let filters = filtered.map(|entries| self.push(&Filter::of(&keys(entries)))).collect();
        Table { pages, filters }
    }
}

/// Keys of sorted entries, each once.
fn keys(entries: &[Entry]) -> Vec<u64> {
    let mut keys: Vec<u64> = entries.iter().map(|entry| entry.key).collect();
    keys.dedup();
    keys
}
