//! Paths in the trie, packed two nibbles to a byte.

use std::fmt;

use super::{NodeError, TrieError};

/// Longest key in bytes: the trie holds hashes and shorter keys, as every Ethereum trie does.
pub const MAX_KEY_LEN: usize = 32;

/// Most nibbles in a path.
const MAX_NIBBLES: usize = 2 * MAX_KEY_LEN;

/// Flag in the first hex-prefix nibble: the path has an odd length.
const ODD: u8 = 0x10;

/// Flag in the first hex-prefix nibble: the path ends at a value.
const TERMINATOR: u8 = 0x20;

/// A path of at most 64 nibbles, stored inline.
///
/// Sorts as the trie iterates: by nibbles, a prefix before what it is a prefix of. The order of
/// the fields makes the derived `Ord` say so, because unused nibbles are zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nibbles {
    packed: [u8; MAX_KEY_LEN],
    len: u8,
}

impl Nibbles {
    /// The empty path, that of the root.
    pub const EMPTY: Self = Self { packed: [0; MAX_KEY_LEN], len: 0 };

    /// Unpacks a key into its path.
    ///
    /// # Errors
    /// [`TrieError::KeyTooLong`] above [`MAX_KEY_LEN`] bytes.
    pub fn from_key(key: &[u8]) -> Result<Self, TrieError> {
        let too_long = || TrieError::KeyTooLong { got: key.len(), limit: MAX_KEY_LEN };
        let mut packed = [0; MAX_KEY_LEN];
        packed.get_mut(..key.len()).ok_or_else(too_long)?.copy_from_slice(key);
        let len = u8::try_from(2 * key.len()).map_err(|_| too_long())?;
        Ok(Self { packed, len })
    }

    /// The path of a hash.
    pub const fn of_hash(hash: &alloy_primitives::B256) -> Self {
        Self { packed: hash.0, len: 64 }
    }

    /// The path of these nibbles; `None` for too many, or for a byte that is no nibble.
    pub fn from_nibbles(nibbles: &[u8]) -> Option<Self> {
        let fits = nibbles.len() <= MAX_NIBBLES && nibbles.iter().all(|nibble| *nibble < 16);
        fits.then(|| {
            let mut path = Self::EMPTY;
            nibbles.iter().for_each(|nibble| path.push(*nibble));
            path
        })
    }

    /// The nibbles, one to a byte.
    pub fn to_vec(&self) -> Vec<u8> {
        (0..self.len()).map(|index| self.at(index)).collect()
    }

    /// The path of one nibble.
    pub(crate) const fn of(nibble: u8) -> Self {
        let mut packed = [0; MAX_KEY_LEN];
        packed[0] = nibble << 4;
        Self { packed, len: 1 }
    }

    /// Number of nibbles.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether this is the path of the root.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Nibble at `index`.
    ///
    /// # Panics
    /// When `index` is outside of the path.
    pub fn at(&self, index: usize) -> u8 {
        assert!(index < self.len(), "nibble {index} of a path of {}", self.len());
        let byte = self.packed[index / 2];
        if index.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
    }

    /// The key as bytes, when the path has whole bytes.
    pub fn as_key(&self) -> Option<&[u8]> {
        self.len.is_multiple_of(2).then(|| &self.packed[..self.len() / 2])
    }

    /// Number of leading nibbles that both paths share.
    pub fn common_prefix_len(&self, other: &Self) -> usize {
        let longest = self.len.min(other.len) as usize;
        let Some(byte) = self.packed.iter().zip(&other.packed).position(|(a, b)| a != b) else {
            return longest;
        };
        let high_differs = (self.packed[byte] ^ other.packed[byte]) & 0xf0 != 0;
        longest.min(2 * byte + usize::from(!high_differs))
    }

    /// Whether the path begins with `prefix`.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.len >= prefix.len && self.common_prefix_len(prefix) == prefix.len()
    }

    /// The nibbles from `from` up to, not including, `to`.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Self {
        let mut out = Self::EMPTY;
        (from..to).for_each(|index| out.push(self.at(index)));
        out
    }

    /// The first `len` nibbles.
    pub fn prefix(&self, len: usize) -> Self {
        let mut out = *self;
        out.len = u8::try_from(len.min(self.len())).unwrap_or(self.len);
        let bytes = out.len().div_ceil(2);
        out.packed[bytes..].fill(0);
        if out.len % 2 == 1 {
            out.packed[bytes - 1] &= 0xf0;
        }
        out
    }

    /// Appends one nibble.
    ///
    /// # Panics
    /// Above 64 nibbles. Nodes from outside are measured before they get here.
    pub(crate) fn push(&mut self, nibble: u8) {
        assert!(self.len() < MAX_NIBBLES, "a path holds {MAX_NIBBLES} nibbles");
        let shift = if self.len.is_multiple_of(2) { 4 } else { 0 };
        self.packed[self.len() / 2] |= (nibble & 0x0f) << shift;
        self.len += 1;
    }

    /// This path followed by `rest`; `None` when longer than a path may be.
    pub(crate) fn join(&self, rest: &Self) -> Option<Self> {
        if self.len() + rest.len() > MAX_NIBBLES {
            return None;
        }
        let mut out = *self;
        (0..rest.len()).for_each(|index| out.push(rest.at(index)));
        Some(out)
    }

    /// The path of what is reached over `rest` from here, in loaded nodes.
    pub(crate) fn below(&self, rest: &Self) -> Self {
        self.join(rest).expect("paths of loaded nodes were measured when they were made")
    }

    /// Number of nibbles of `path` that this path goes on with after `depth`.
    pub(crate) fn follows(&self, depth: usize, path: &Self) -> usize {
        let longest = path.len().min(self.len() - depth);
        (0..longest).take_while(|i| self.at(depth + i) == path.at(*i)).count()
    }

    /// Bytes that [`Self::encode_compact`] writes for the nibbles after `from`.
    pub(crate) const fn compact_len(&self, from: usize) -> usize {
        (self.len() - from) / 2 + 1
    }

    /// First byte that [`Self::encode_compact`] writes.
    pub(crate) fn compact_first(&self, from: usize, end: PathEnd) -> u8 {
        let flag = if matches!(end, PathEnd::Value) { TERMINATOR } else { 0 };
        if (self.len() - from).is_multiple_of(2) { flag } else { flag | ODD | self.at(from) }
    }

    /// Writes the nibbles after `from` in hex-prefix encoding (Yellow Paper, appendix C).
    ///
    /// What is left after an odd nibble moved into the flag byte is whole bytes; they are aligned
    /// with the packed ones when the path itself has an even length, as every key has.
    pub(crate) fn encode_compact(&self, from: usize, end: PathEnd, out: &mut Vec<u8>) {
        out.push(self.compact_first(from, end));
        let from = from + (self.len() - from) % 2;
        if from.is_multiple_of(2) {
            out.extend_from_slice(&self.packed[from / 2..self.len() / 2]);
        } else {
            out.extend((from..self.len()).step_by(2).map(|i| self.at(i) << 4 | self.at(i + 1)));
        }
    }

    /// Reads a hex-prefix encoding.
    ///
    /// # Errors
    /// [`NodeError::Path`] when it is empty, too long or not the one canonical encoding.
    pub(crate) fn decode_compact(bytes: &[u8]) -> Result<(Self, PathEnd), NodeError> {
        let (&first, rest) = bytes.split_first().ok_or(NodeError::Path)?;
        let odd = first & ODD != 0;
        if first & 0xc0 != 0
            || (!odd && first & 0x0f != 0)
            || rest.len() > MAX_KEY_LEN - usize::from(odd)
        {
            return Err(NodeError::Path);
        }
        let mut path = Self::EMPTY;
        if odd {
            path.push(first);
        }
        for byte in rest {
            path.push(byte >> 4);
            path.push(*byte);
        }
        Ok((path, if first & TERMINATOR == 0 { PathEnd::Node } else { PathEnd::Value }))
    }
}

/// What a hex-prefix path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathEnd {
    /// Another node: the path of an extension.
    Node,
    /// A value: the path of a leaf.
    Value,
}

impl fmt::Display for Nibbles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        (0..self.len()).try_for_each(|index| write!(f, "{:x}", self.at(index)))
    }
}

impl fmt::Debug for Nibbles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
