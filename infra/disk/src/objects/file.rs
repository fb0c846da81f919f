//! The file of an object.
//!
//! ```text
//! offset      size  field
//! 0              n  the object, as given
//! n            8 c  xxh3-64 of each chunk of 16 KiB, little endian; c = n / 16 KiB, rounded up
//! n + 8 c        8  n, little endian
//!   + 8          8  xxh3-64 of name, checksums and n, little endian
//!   + 16         8  magic and version, "MFLYOBJ1"
//! ```
//! The object comes first, so that other tools read it with `head -c`; the trailer is small, so
//! that a range is verified without reading the rest.

use core::ops::Range;
use std::{
    fs::{File, Metadata},
    io::{self, Write},
    os::unix::fs::{FileExt, MetadataExt},
};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// What is read at least: a range of an object is mostly a page of the state, of some KiB.
const CHUNK_BYTES: usize = 16 << 10;
const SUM_BYTES: usize = 8;
const TAIL_BYTES: usize = 24;
const MAGIC: [u8; 8] = *b"MFLYOBJ1";

/// An object's file that cannot be read.
#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    Damaged(&'static str),
    /// The object ends before the part does.
    Short {
        offset: u64,
        length: usize,
        size: u64,
    },
}

/// What of an object is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Whole,
    Range { offset: u64, length: usize },
}

impl Part {
    /// Returns where the part is in an object of `size` bytes.
    fn within(self, size: usize) -> Result<Range<usize>, ReadError> {
        let Self::Range { offset, length } = self else { return Ok(0..size) };
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(length)).filter(|end| *end <= size);
        start.zip(end).map(|(start, end)| start..end).ok_or_else(|| ReadError::Short {
            offset,
            length,
            size: u64::try_from(size).expect("usize fits u64 on every target"),
        })
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes the object `name` into `out`.
pub(super) fn write(out: &mut impl Write, name: &str, value: &[u8]) -> io::Result<()> {
    out.write_all(value)?;
    out.write_all(&trailer(name, value))
}

fn trailer(name: &str, value: &[u8]) -> Vec<u8> {
    let sums = value.chunks(CHUNK_BYTES).flat_map(|chunk| xxh3_64(chunk).to_le_bytes());
    let mut trailer: Vec<u8> = sums.collect();
    let length = u64::try_from(value.len()).expect("usize fits u64 on every target");
    trailer.extend_from_slice(&length.to_le_bytes());
    trailer.extend_from_slice(&seal(name, &trailer).to_le_bytes());
    trailer.extend_from_slice(&MAGIC);
    trailer
}

fn seal(name: &str, sums_and_length: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(name.as_bytes());
    hash.update(sums_and_length);
    hash.digest()
}

/// An open file with its verified trailer, for reading parts of the object.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    trailer: Trailer,
    identity: Identity,
}

/// Which file a path led to: another one has its name after an object was written over or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Self { device: metadata.dev(), inode: metadata.ino(), changed }
    }
}

impl Opened {
    /// Verifies the trailer of the object `name`.
    pub(super) fn new(file: File, name: &str) -> Result<Self, ReadError> {
        let identity = Identity::of(&file.metadata()?);
        let trailer = Trailer::read(&file, name)?;
        Ok(Self { file, trailer, identity })
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    /// Reads and verifies a part of the object.
    pub(super) fn read(&self, part: Part) -> Result<Vec<u8>, ReadError> {
        let Self { file, trailer: Trailer { sums, length }, .. } = self;
        let Range { start, end } = part.within(*length)?;
        if start == end {
            return Ok(Vec::new());
        }
        let first = start / CHUNK_BYTES;
        let offset = first * CHUNK_BYTES;
        let chunks_end = end.next_multiple_of(CHUNK_BYTES).min(*length);
        let mut bytes = read_at(file, offset, chunks_end - offset)?;
        let expected = sums.chunks_exact(SUM_BYTES).skip(first);
        if !bytes
            .chunks(CHUNK_BYTES)
            .zip(expected)
            .all(|(chunk, sum)| xxh3_64(chunk).to_le_bytes() == sum)
        {
            return Err(ReadError::Damaged("a chunk does not match its checksum"));
        }
        bytes.truncate(end - offset);
        Ok(bytes.split_off(start - offset))
    }
}

/// What the end of the file says about the object.
#[derive(Debug)]
struct Trailer {
    sums: Vec<u8>,
    length: usize,
}

impl Trailer {
    fn read(file: &File, name: &str) -> Result<Self, ReadError> {
        let whole = usize::try_from(file.metadata()?.len())
            .map_err(|_| ReadError::Damaged("the file is larger than the address space"))?;
        let before = whole.checked_sub(TAIL_BYTES).ok_or(ReadError::Damaged("the file is cut"))?;
        let tail = read_at(file, before, TAIL_BYTES)?;
        let (numbers, magic) = tail.split_at(TAIL_BYTES - MAGIC.len());
        if magic != MAGIC {
            return Err(ReadError::Damaged("the file does not end in `MFLYOBJ1`: cut or foreign"));
        }
        let (length, expected) = numbers.split_at(SUM_BYTES);
        let mut sums = read_at(file, sums_at(length, before)?, before - sums_at(length, before)?)?;
        let object = before - sums.len();
        sums.extend_from_slice(length);
        if seal(name, &sums).to_le_bytes() != expected {
            return Err(ReadError::Damaged("the trailer does not match its checksum or its name"));
        }
        sums.truncate(sums.len() - SUM_BYTES);
        Ok(Self { sums, length: object })
    }
}

/// Returns where the checksums start, when an object of `length` and its checksums end at `end`.
fn sums_at(length: &[u8], end: usize) -> Result<usize, ReadError> {
    let length = length.try_into().map(u64::from_le_bytes).ok();
    length
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| {
            let sums = length.div_ceil(CHUNK_BYTES).checked_mul(SUM_BYTES);
            sums.and_then(|sums| sums.checked_add(*length)) == Some(end)
        })
        .ok_or(ReadError::Damaged("the length of the file is not the length in it"))
}

fn read_at(file: &File, offset: usize, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let offset = u64::try_from(offset).expect("usize fits u64 on every target");
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}
