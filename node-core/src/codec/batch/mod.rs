//! What a layer puts on the L1 so that anyone can rebuild it: payloads, and the blobs that carry them.
//!
//! ```text
//! blocks -> Payload -> frame (zstd, checksum) -> calldata, or blobs of 31 bytes per field element
//! ```

mod blobs;
mod payload;

#[cfg(test)]
mod tests;

pub use blobs::{BLOBS_PER_BATCH, BLOBS_PER_BLOCK, BlobError, CAPACITY, from_blobs, to_blobs};
pub use payload::{MAX_PAYLOAD_BYTES, Payload, PostedBlock, PostedGenesis};
