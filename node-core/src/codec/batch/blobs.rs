use alloy_eips::{
    eip4844::{Blob, FIELD_ELEMENTS_PER_BLOB},
    eip7594::MAX_BLOBS_PER_TX_FUSAKA,
};

use crate::chain::Posting;

/// Most blobs in one batch: those of one L1 transaction (EIP-7594).
pub const BLOBS_PER_BATCH: usize = 6;

/// Most blobs in one L1 block (EIP-7691); more batches than fit wait for the next.
pub const BLOBS_PER_BLOCK: usize = 9;

/// Bytes of a field element that any value may have: the first stays zero, so that the element is below
/// the modulus of BLS12-381 (EIP-4844).
const USABLE: usize = 31;

/// Bytes of a field element.
const ELEMENT: usize = 32;

/// Bytes that one blob carries.
const PER_BLOB: usize = USABLE * ELEMENTS;

const ELEMENTS: usize = 4_096;

/// Bytes of the length at the front.
const LENGTH: usize = 4;

/// Most bytes that the blobs of one batch carry.
pub const CAPACITY: usize = BLOBS_PER_BATCH * PER_BLOB - LENGTH;

const _: () = assert!(ELEMENTS as u64 == FIELD_ELEMENTS_PER_BLOB);
const _: () = assert!(BLOBS_PER_BATCH as u64 == MAX_BLOBS_PER_TX_FUSAKA);
const _: () = assert!(matches!(Posting::Blobs.batch_bytes(), Some(CAPACITY)));

/// Blobs that carry nothing that was written here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// More than one batch can carry.
    #[error("blobs: expected at most {CAPACITY} bytes, got {got}")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// More or fewer blobs than the length at the front asks for.
    #[error("blobs: expected {expected}, got {got}")]
    Count {
        /// Blobs that carry so many bytes; 0 where no number does.
        expected: usize,
        /// Blobs given.
        got: usize,
    },
    /// The first byte of a field element is not zero.
    #[error("blob {blob}: field element {element} starts with {got:#04x}, not with 0")]
    Element {
        /// Position of the blob.
        blob: usize,
        /// Position in the blob.
        element: usize,
        /// Its first byte.
        got: u8,
    },
    /// Something follows the bytes that the length at the front counts.
    #[error("blobs: byte {at} follows the end and is not zero")]
    Padding {
        /// Position among the bytes carried.
        at: usize,
    },
}

/// Packs bytes into as few blobs as carry them.
///
/// ```text
/// length, little endian    4
/// bytes                    length
/// zeros                    to the end of the last blob
/// ```
/// Every 31 bytes of this are the low bytes of one field element.
///
/// # Errors
/// [`BlobError::TooLong`] above [`CAPACITY`].
pub fn to_blobs(bytes: &[u8]) -> Result<Vec<Blob>, BlobError> {
    let got = bytes.len();
    let length = u32::try_from(got).ok().filter(|_| got <= CAPACITY);
    let length = length.ok_or(BlobError::TooLong { got })?;
    let carried = [&length.to_le_bytes()[..], bytes].concat();
    let mut blobs = vec![Blob::ZERO; blobs_for(got)];
    for (blob, carried) in blobs.iter_mut().zip(carried.chunks(PER_BLOB)) {
        for (element, carried) in blob.chunks_exact_mut(ELEMENT).zip(carried.chunks(USABLE)) {
            element[1..=carried.len()].copy_from_slice(carried);
        }
    }
    Ok(blobs)
}

/// Unpacks what [`to_blobs`] packed; there is one way only to pack anything.
///
/// # Errors
/// [`BlobError`] for blobs that were not packed so.
pub fn from_blobs(blobs: &[Blob]) -> Result<Vec<u8>, BlobError> {
    let mut carried = Vec::with_capacity(blobs.len() * PER_BLOB);
    for (at, blob) in blobs.iter().enumerate() {
        for (element, bytes) in blob.chunks_exact(ELEMENT).enumerate() {
            if bytes[0] != 0 {
                return Err(BlobError::Element { blob: at, element, got: bytes[0] });
            }
            carried.extend_from_slice(&bytes[1..]);
        }
    }
    let got = blobs.len();
    let Some((length, rest)) = carried.split_first_chunk::<LENGTH>() else {
        return Err(BlobError::Count { expected: 1, got });
    };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > CAPACITY || blobs_for(length) != got {
        let expected = if length > CAPACITY { 0 } else { blobs_for(length) };
        return Err(BlobError::Count { expected, got });
    }
    let (bytes, zeros) = rest.split_at(length);
    match zeros.iter().position(|byte| *byte != 0) {
        Some(after) => Err(BlobError::Padding { at: LENGTH + length + after }),
        None => Ok(bytes.to_vec()),
    }
}

/// How many blobs carry `bytes` bytes and their length.
const fn blobs_for(bytes: usize) -> usize {
    (LENGTH + bytes).div_ceil(PER_BLOB)
}
