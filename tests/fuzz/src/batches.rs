use alloy_eips::eip4844::Blob;
use node_core::codec::{
    Record,
    batch::{Payload, from_blobs, to_blobs},
};

/// Any bytes as the beginning of one or two blobs, and as what blobs carry.
///
/// # Panics
/// When bytes come out of blobs that are packed in another way, or others than were packed.
pub fn batches(data: &[u8]) {
    let Some((count, data)) = crate::first(data) else { return };
    let mut blobs = vec![Blob::ZERO; 1 + usize::from(count % 2)];
    let length = data.len().min(blobs[0].len());
    blobs[0][..length].copy_from_slice(&data[..length]);
    if let Ok(bytes) = from_blobs(&blobs) {
        assert_eq!(to_blobs(&bytes), Ok(blobs), "packed in two ways");
        drop(Payload::from_frame(&bytes));
    }
    let packed = to_blobs(data).expect("libFuzzer gives less than a batch carries");
    assert_eq!(from_blobs(&packed).as_deref(), Ok(data), "other bytes");
}
