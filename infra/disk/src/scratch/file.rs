//! The file of a range.
//!
//! ```text
//! offset  size  field
//!      0     8  magic and version, "MFLYRNG1"
//!      8     8  xxh3-64 of the object's name, a zero byte, offset and length, and the bytes
//!     16     -  the bytes
//! ```
//! Its name is `<xxh3-64 of the object's name>-<offset>-<length>.range`, in hex: all ranges of an object
//! are found without opening them.

use alloy_primitives::Bytes;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

const MAGIC: [u8; 8] = *b"MFLYRNG1";
const HEADER_BYTES: usize = 16;
const SUFFIX: &str = ".range";
const TEMPORARY: &str = ".range-tmp";

/// Which range of which object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Hash of the object's name.
    pub(super) object: u64,
    offset: u64,
    length: u64,
}

/// Hash of an object's name, by which its ranges are found.
pub(super) fn object(name: &str) -> u64 {
    xxh3_64(name.as_bytes())
}

impl Key {
    pub(super) fn new(name: &str, offset: u64, length: usize) -> Self {
        let length = u64::try_from(length).expect("usize fits u64 on every target");
        Self { object: object(name), offset, length }
    }

    /// Name of the file.
    pub(super) fn file(&self) -> String {
        let Self { object, offset, length } = self;
        format!("{object:016x}-{offset:x}-{length:x}{SUFFIX}")
    }

    /// The range that a file is named after; `None` for a file of somebody else.
    pub(super) fn of_file(file: &str) -> Option<Self> {
        let mut parts = file.strip_suffix(SUFFIX)?.split('-');
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let key = Self { object: number()?, offset: number()?, length: number()? };
        (key.file() == file).then_some(key)
    }

    /// Bytes of the file.
    pub(super) const fn size(&self) -> u64 {
        self.length.saturating_add(HEADER_BYTES as u64)
    }

    /// The file of a range that holds `bytes`.
    pub(super) fn encode(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut file = Vec::with_capacity(HEADER_BYTES + bytes.len());
        file.extend_from_slice(&MAGIC);
        file.extend_from_slice(&self.sum(name, bytes).to_le_bytes());
        file.extend_from_slice(bytes);
        file
    }

    /// What a file holds, if it is whole and of this range.
    pub(super) fn decode(&self, name: &str, file: Vec<u8>) -> Option<Bytes> {
        let (header, bytes) = file.split_first_chunk::<HEADER_BYTES>()?;
        let (magic, sum) = header.split_at(MAGIC.len());
        let whole = magic == MAGIC
            && u64::try_from(bytes.len()) == Ok(self.length)
            && sum == self.sum(name, bytes).to_le_bytes();
        whole.then(|| Bytes::from(file).slice(HEADER_BYTES..))
    }

    fn sum(&self, name: &str, bytes: &[u8]) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(name.as_bytes());
        hash.update(&[0]);
        hash.update(&self.offset.to_le_bytes());
        hash.update(&self.length.to_le_bytes());
        hash.update(bytes);
        hash.digest()
    }
}

/// Name of a file that is being written.
pub(super) fn temporary(number: u64) -> String {
    format!("{number}{TEMPORARY}")
}

/// Whether a file was being written when a process ended.
pub(super) fn is_temporary(file: &str) -> bool {
    let number = file.strip_suffix(TEMPORARY).and_then(|number| number.parse().ok());
    number.is_some_and(|number| temporary(number) == file)
}
