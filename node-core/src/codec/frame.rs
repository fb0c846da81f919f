//! The frame around every stored value.
//!
//! ```text
//! offset  size  field
//!      0     4  magic, "MFLY"
//!      4     1  version, 1
//!      5     1  kind, see Kind
//!      6     2  zero
//!      8     4  length of the raw body, little endian
//!     12     4  length of the stored body, little endian
//!     16     8  xxh3-64 of bytes 0..16 and the stored body, little endian
//!     24     -  stored body: zstd of the raw body
//! ```

use std::{cell::RefCell, io};

use xxhash_rust::xxh3::Xxh3;
use zstd::bulk::{Compressor, Decompressor};

/// First bytes of every frame.
pub const MAGIC: [u8; 4] = *b"MFLY";

/// Version of the format; readers refuse any other.
pub const VERSION: u8 = 1;

/// Bytes before the body.
pub const HEADER_BYTES: usize = 24;

/// Largest raw body, so that a damaged length cannot make a reader allocate without bound.
pub const MAX_RAW_BYTES: usize = 1 << 30;

/// How much time is spent on making a body small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// The fastest that zstd has, which does little more than copy: for what holds a frame, and would not get smaller.
    None,
    /// zstd level 1: blocks are written on the way of a transaction; higher levels gain 5-8 % in size for
    /// several times the time.
    Fast,
    /// zstd level 12: nobody waits for what is posted on the L1, and every byte of it is paid for.
    Small,
}

impl Effort {
    const fn level(self) -> i32 {
        match self {
            Self::None => -131_072,
            Self::Fast => 1,
            Self::Small => 12,
        }
    }
}

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A block with its senders, receipts and delta.
    Block = 1,
    /// An entry of the log.
    Slot = 2,
    /// An accepted transaction that waits.
    Pending = 3,
    /// Why a transaction was dropped.
    Dropped = 4,
    /// A mint order of a paid webhook.
    Order = 5,
    /// The whole state at one block.
    Pack = 6,
    /// What a checkpoint is made of.
    Manifest = 7,
    /// A small value of a register.
    Register = 8,
    /// What is left of a layer for auditors after it is gone.
    Bundle = 9,
    /// The inputs of consecutive blocks, for the L1.
    Batch = 10,
    /// A block with what its execution reads.
    Witness = 11,
    /// A page of the state: accounts.
    AccountPage = 16,
    /// A page of the state: slots of one account.
    SlotPage = 17,
    /// A page of the state: codes.
    CodePage = 18,
    /// A page of the state: references to the pages below.
    IndexPage = 19,
    /// Where everything in an index is.
    RunDirectory = 20,
    /// A page of an index.
    RunPage = 21,
    /// Slots and hashes of blocks in an index.
    RunBlocks = 22,
    /// What a part of an index cannot have.
    RunFilter = 23,
}

impl Kind {
    const ALL: [Self; 19] = [
        Self::Block,
        Self::Slot,
        Self::Pending,
        Self::Dropped,
        Self::Order,
        Self::Pack,
        Self::Manifest,
        Self::Register,
        Self::Bundle,
        Self::Batch,
        Self::Witness,
        Self::AccountPage,
        Self::SlotPage,
        Self::CodePage,
        Self::IndexPage,
        Self::RunDirectory,
        Self::RunPage,
        Self::RunBlocks,
        Self::RunFilter,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A frame that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Fewer bytes than the header or the lengths in it say.
    #[error("frame: expected {expected} bytes, got {got}")]
    Length {
        /// Bytes that the frame should have.
        expected: usize,
        /// Bytes that it has.
        got: usize,
    },
    /// Not a frame.
    #[error("frame: expected magic `MFLY`, got {got:02x?}")]
    Magic {
        /// First four bytes.
        got: [u8; 4],
    },
    /// Written by another version.
    #[error("frame: expected version {VERSION}, got {got}")]
    Version {
        /// Version byte.
        got: u8,
    },
    /// Another kind of value than the name promised.
    #[error("frame: expected kind {expected:?}, got kind byte {got}")]
    Kind {
        /// What the reader asked for.
        expected: Kind,
        /// Kind byte.
        got: u8,
    },
    /// The bytes changed since they were written.
    #[error("frame: expected checksum {expected:016x}, got {got:016x}")]
    Checksum {
        /// Checksum in the header.
        expected: u64,
        /// Checksum of the bytes.
        got: u64,
    },
    /// The lengths in the header are beyond what any writer writes.
    #[error("frame: raw length {got} is above the limit {most}")]
    TooLarge {
        /// The limit.
        most: usize,
        /// Raw length in the header.
        got: usize,
    },
    /// zstd refused the body or it has another length than the header says.
    #[error("frame: the body does not decompress to {expected} bytes")]
    Body {
        /// Raw length in the header.
        expected: usize,
    },
}

/// Wraps `raw` into a frame of `kind`.
///
/// # Panics
/// When `raw` is above [`MAX_RAW_BYTES`]: writers bound what they write long before.
pub fn encode(kind: Kind, raw: &[u8]) -> Vec<u8> {
    encode_with(kind, raw, Effort::Fast)
}

/// As [`encode`], with the effort of choice.
///
/// # Panics
/// As [`encode`].
pub fn encode_with(kind: Kind, raw: &[u8], effort: Effort) -> Vec<u8> {
    assert!(raw.len() <= MAX_RAW_BYTES, "a stored value above 1 GiB");
    let body = compress(raw, effort).expect("zstd compresses any bytes in memory");
    let mut out = Vec::with_capacity(HEADER_BYTES + body.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[VERSION, kind as u8, 0, 0]);
    out.extend_from_slice(&length(raw.len()).to_le_bytes());
    out.extend_from_slice(&length(body.len()).to_le_bytes());
    out.extend_from_slice(&checksum(&out, &body).to_le_bytes());
    out.extend_from_slice(&body);
    out
}

/// Returns the raw body of a frame of `kind`.
///
/// # Errors
/// [`FrameError`], which names the field that is wrong.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, FrameError> {
    decode_at_most(kind, bytes, MAX_RAW_BYTES)
}

/// As [`decode`], for what strangers wrote: a raw body above `most` bytes is refused unread.
///
/// # Errors
/// As [`decode`].
pub fn decode_at_most(kind: Kind, bytes: &[u8], most: usize) -> Result<Vec<u8>, FrameError> {
    let Some((header, body)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(FrameError::Length { expected: HEADER_BYTES, got: bytes.len() });
    };
    check_header(kind, header)?;
    let raw_len = read_u32(header, 8);
    let body_len = read_u32(header, 12);
    if body.len() != body_len {
        return Err(FrameError::Length { expected: HEADER_BYTES + body_len, got: bytes.len() });
    }
    let expected = u64::from_le_bytes(field(header, 16));
    let got = checksum(&header[..16], body);
    if got != expected {
        return Err(FrameError::Checksum { expected, got });
    }
    if raw_len > most {
        return Err(FrameError::TooLarge { most, got: raw_len });
    }
    match decompress(body, raw_len) {
        Ok(raw) if raw.len() == raw_len => Ok(raw),
        _ => Err(FrameError::Body { expected: raw_len }),
    }
}

// Making a context costs several times what a page of a few kilobytes does in it, so each thread keeps one of each kind.
thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn compress(raw: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    // A context for this takes megabytes, and is wanted once in a while.
    if effort == Effort::Small {
        return zstd::bulk::compress(raw, effort.level());
    }
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(effort.level())?),
        };
        compressor.set_compression_level(effort.level())?;
        compressor.compress(raw)
    })
}

fn decompress(body: &[u8], raw_len: usize) -> io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new()?),
        };
        decompressor.decompress(body, raw_len)
    })
}

fn check_header(kind: Kind, header: &[u8]) -> Result<(), FrameError> {
    let magic: [u8; 4] = field(header, 0);
    if magic != MAGIC {
        return Err(FrameError::Magic { got: magic });
    }
    if header[4] != VERSION {
        return Err(FrameError::Version { got: header[4] });
    }
    if Kind::from_byte(header[5]) != Some(kind) {
        return Err(FrameError::Kind { expected: kind, got: header[5] });
    }
    Ok(())
}

fn checksum(header: &[u8], body: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&header[..16]);
    hash.update(body);
    hash.digest()
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("bounded by MAX_RAW_BYTES and zstd's bound on it")
}

fn read_u32(header: &[u8], at: usize) -> usize {
    usize::try_from(u32::from_le_bytes(field(header, at))).expect("usize holds 32 bits")
}

fn field<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    header[at..at + N].try_into().expect("the header has been split off whole")
}
