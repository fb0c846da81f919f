//! Keys of rows, ranges of keys, and sealed values.

use core::ops::Bound;

use node_core::chain::LayerId;
use xxhash_rust::xxh3::Xxh3;

use crate::error::RowError;

const SEAL_BYTES: usize = 8;

/// Key of a row: the layer, then `parts`.
pub(crate) fn row(layer: LayerId, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = layer.as_bytes().to_vec();
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// A range of keys.
pub(crate) struct Span {
    start: Vec<u8>,
    end: Option<Vec<u8>>,
}

impl Span {
    /// All keys that start with the layer and `parts`.
    pub(crate) fn under(layer: LayerId, parts: &[&[u8]]) -> Self {
        let start = row(layer, parts);
        Self { end: after(&start), start }
    }

    /// All keys of the layer from `part` on.
    pub(crate) fn from(layer: LayerId, part: &[u8]) -> Self {
        Self { start: row(layer, &[part]), end: after(layer.as_bytes()) }
    }

    /// The range as redb takes it.
    pub(crate) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let end = self.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        (Bound::Included(&self.start), end)
    }
}

/// First key after all that start with `prefix`; none after a prefix of `ff` bytes.
fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Appends the checksum of key and value.
pub(crate) fn seal(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut value = parts.concat();
    value.extend_from_slice(&checksum(key, &value).to_le_bytes());
    value
}

/// Returns the value before the checksum.
pub(crate) fn unseal<'a>(name: &str, key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], RowError> {
    match sealed.split_last_chunk::<SEAL_BYTES>() {
        Some((value, seal)) if u64::from_le_bytes(*seal) == checksum(key, value) => Ok(value),
        _ => Err(RowError::corrupt(name, "the checksum of the row does not match")),
    }
}

/// Reads a big-endian number that fills `bytes`.
pub(crate) fn number(name: &str, bytes: &[u8]) -> Result<u64, RowError> {
    let whole = bytes.try_into().map(u64::from_be_bytes);
    whole.map_err(|_| RowError::corrupt(name, "expected a number of 8 bytes"))
}

fn checksum(key: &[u8], value: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(key);
    hash.update(value);
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_of_the_last_layer_has_no_end() {
        let last = Span::under(LayerId::new([0xff; 16]), &[]);
        assert_eq!(last.bounds().1, Bound::Unbounded);
        assert_eq!(after(&[1, 0xff]), Some(vec![2]));
    }

    #[test]
    fn a_sealed_value_is_bound_to_its_key() {
        let sealed = seal(b"a", &[b"value"]);
        assert_eq!(unseal("x", b"a", &sealed).expect("as written"), b"value");
        assert!(unseal("x", b"b", &sealed).is_err());
        assert!(unseal("x", b"a", &sealed[..5]).is_err());
    }
}
