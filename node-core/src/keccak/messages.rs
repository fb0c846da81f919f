use alloy_primitives::B256;

use super::keccak256_many;

/// Many short messages in one buffer: none has an allocation of its own.
#[derive(Debug, Default)]
pub struct Messages {
    bytes: Vec<u8>,
    /// Where each message ends, which is where the next begins.
    ends: Vec<usize>,
}

impl Messages {
    /// Adds the message that `write` appends, and returns it.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
        &self.bytes[start..]
    }

    /// Adds a message.
    pub fn push(&mut self, message: &[u8]) {
        self.push_with(|bytes| bytes.extend_from_slice(message));
    }

    /// Takes the newest message away again.
    pub fn pop(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.ends.last().copied().unwrap_or_default());
    }

    /// Number of messages.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Removes all messages; the memory stays.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The messages, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// Hashes them in their order; what was in `hashes` is forgotten.
    pub fn hash_into(&self, hashes: &mut Vec<B256>) {
        hashes.clear();
        hashes.resize(self.len(), B256::ZERO);
        keccak256_many(self.iter(), hashes);
    }
}
