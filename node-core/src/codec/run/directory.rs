use alloy_primitives::{B256, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{BLOCKS_PER_PAGE, BlockPlace, BlocksPage, Entry, PAGES_PER_FILTER, SortedPage};
use crate::{
    chain::{Epoch, LayerId},
    codec::{Kind, Record, RecordError, names},
};

/// A run that a checkpoint names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct RunRef {
    /// First block.
    pub first: u64,
    /// Last block.
    pub last: u64,
    /// Epoch of the writer.
    pub epoch: u64,
    /// How many times its oldest part was merged.
    pub level: u64,
    /// Transactions in its blocks.
    pub transactions: u64,
    /// Entries in its sorted tables.
    pub entries: u64,
    /// Its directory.
    pub directory: Piece,
}

impl RunRef {
    /// Name of the object.
    pub fn name(&self, layer: LayerId) -> String {
        names::run(layer, self.first, self.last, Epoch(self.epoch))
    }
}

/// A frame in the object of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Piece {
    /// Where it starts.
    pub offset: u64,
    /// Bytes.
    pub length: usize,
    /// Keccak-256 of its bytes.
    pub hash: B256,
}

/// A piece that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// The bytes changed, or are another piece.
    #[error("at offset {offset}: expected hash {expected}, got {got}")]
    Hash {
        /// Where the piece starts.
        offset: u64,
        /// Its hash as its directory, or the manifest, says.
        expected: B256,
        /// Hash of the bytes.
        got: B256,
    },
    /// The bytes are those that were written, but no writer writes such.
    #[error("at offset {offset}: {source}")]
    Record {
        /// Where the piece starts.
        offset: u64,
        /// What is wrong.
        source: RecordError,
    },
    /// The piece is whole but says something else than its directory, or the manifest, does.
    #[error("at offset {offset}: expected {expected}")]
    Other {
        /// Where the piece starts.
        offset: u64,
        /// What it should hold.
        expected: String,
    },
}

impl Piece {
    /// Describes the frame `bytes` at `offset`.
    pub fn of(offset: u64, bytes: &[u8]) -> Self {
        Self { offset, length: bytes.len(), hash: keccak256(bytes) }
    }

    /// Verifies and decodes the bytes of this piece.
    ///
    /// # Errors
    /// [`PieceError`], which names the offset and both hashes.
    pub fn open<R: Record>(&self, bytes: &[u8]) -> Result<R, PieceError> {
        let (offset, expected, got) = (self.offset, self.hash, keccak256(bytes));
        if got != expected {
            return Err(PieceError::Hash { offset, expected, got });
        }
        R::from_frame(bytes).map_err(|source| PieceError::Record { offset, source })
    }

    fn other(&self, expected: impl Into<String>) -> PieceError {
        PieceError::Other { offset: self.offset, expected: expected.into() }
    }
}

/// Where everything in a run is.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Directory {
    /// First block.
    pub first: u64,
    /// Last block.
    pub last: u64,
    /// Pages of [`BLOCKS_PER_PAGE`] blocks each, the last one of what is left.
    pub blocks: Vec<Piece>,
    /// Blocks and transactions by hash.
    pub hashes: Table,
    /// Blocks by the addresses and topics of their logs.
    pub logs: Table,
}

impl Record for Directory {
    const KIND: Kind = Kind::RunDirectory;
}

impl Directory {
    /// Verifies and decodes the directory of `run`.
    ///
    /// # Errors
    /// [`PieceError`].
    pub fn open(run: &RunRef, bytes: &[u8]) -> Result<Self, PieceError> {
        let directory: Self = run.directory.open(bytes)?;
        let pages = directory.blocks_before(run.last.saturating_add(1)).div_ceil(BLOCKS_PER_PAGE);
        let whole = (directory.first, directory.last) == (run.first, run.last)
            && directory.blocks.len() == pages
            && directory.hashes.is_whole()
            && directory.logs.is_whole();
        if whole {
            return Ok(directory);
        }
        let expected = format!("the directory of blocks {} to {}", run.first, run.last);
        Err(run.directory.other(expected))
    }

    /// Returns the page that has block `number`, when the run has it.
    pub fn page_of_block(&self, number: u64) -> Option<usize> {
        let within = (self.first..=self.last).contains(&number);
        within.then(|| self.blocks_before(number) / BLOCKS_PER_PAGE)
    }

    /// Verifies and decodes page `page` of the blocks; returns them with the number of the first.
    ///
    /// # Errors
    /// [`PieceError`].
    ///
    /// # Panics
    /// When there is no such page.
    pub fn open_blocks(
        &self,
        page: usize,
        bytes: &[u8],
    ) -> Result<(u64, Vec<BlockPlace>), PieceError> {
        let piece = &self.blocks[page];
        let skipped = page * BLOCKS_PER_PAGE;
        let first = self.first + u64::try_from(skipped).expect("a run of fewer blocks");
        let all = self.blocks_before(self.last.saturating_add(1));
        let count = all.saturating_sub(skipped).min(BLOCKS_PER_PAGE);
        let places = piece.open::<BlocksPage>(bytes)?.places(first, count);
        let expected = || piece.other(format!("{count} blocks from block {first} on"));
        places.map(|places| (first, places)).ok_or_else(expected)
    }

    fn blocks_before(&self, number: u64) -> usize {
        usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX)
    }
}

/// A sorted table in pages, with a filter for every [`PAGES_PER_FILTER`] of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Table {
    /// Pages in the order of their entries.
    pub pages: Vec<EntryPage>,
    /// Filter n covers the pages from n times [`PAGES_PER_FILTER`] on.
    pub filters: Vec<Piece>,
}

/// A page of a sorted table and its fences.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct EntryPage {
    /// First entry: key and block.
    first_key: u64,
    first_number: u64,
    /// Last entry.
    last_key: u64,
    last_number: u64,
    /// Where it is.
    pub piece: Piece,
}

impl Table {
    /// Returns the pages that may have `key` with a block from `first` to `last`.
    pub fn pages_of(&self, key: u64, first: u64, last: u64) -> core::ops::Range<usize> {
        let start = self.pages.partition_point(|page| page.last() < (key, first));
        let end = self.pages.partition_point(|page| page.first() <= (key, last));
        start..end.max(start)
    }

    /// Returns the filter that covers page `page`.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn filter_of(&self, page: usize) -> &Piece {
        &self.filters[page / PAGES_PER_FILTER]
    }

    fn is_whole(&self) -> bool {
        let ascending = self.pages.is_sorted_by(|a, b| a.last() <= b.first());
        let straight = self.pages.iter().all(|page| page.first() <= page.last());
        ascending && straight && self.filters.len() == self.pages.len().div_ceil(PAGES_PER_FILTER)
    }
}

impl EntryPage {
    /// Describes the page of `entries` in `piece`; nothing without entries.
    pub(in crate::codec) fn of(entries: &[Entry], piece: Piece) -> Option<Self> {
        let (first, last) = (entries.first()?, entries.last()?);
        Some(Self {
            first_key: first.key,
            first_number: first.number,
            last_key: last.key,
            last_number: last.number,
            piece,
        })
    }

    /// Verifies and decodes the page.
    ///
    /// # Errors
    /// [`PieceError`].
    pub fn open(&self, bytes: &[u8]) -> Result<Vec<Entry>, PieceError> {
        let entries = self.piece.open::<SortedPage>(bytes)?.entries();
        let fenced = |entries: &Vec<Entry>| {
            let place = |entry: &Entry| (entry.key, entry.number);
            entries.first().map(place) == Some(self.first())
                && entries.last().map(place) == Some(self.last())
        };
        entries.filter(fenced).ok_or_else(|| {
            let (first, last) = (self.first(), self.last());
            self.piece.other(format!("sorted entries from {first:x?} to {last:x?}"))
        })
    }

    const fn first(&self) -> (u64, u64) {
        (self.first_key, self.first_number)
    }

    const fn last(&self) -> (u64, u64) {
        (self.last_key, self.last_number)
    }
}
