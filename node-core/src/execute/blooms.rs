//! Blooms of receipts (Yellow Paper 4.4.1).

use alloy_primitives::{
    Address, B256, Bloom,
    map::{AddressMap, B256Map},
};

use crate::{chain::Receipt, keccak::Messages};

/// Returns the bloom of each receipt.
///
/// Addresses and topics come again and again in a block: each is hashed once, all of them together.
pub(super) fn blooms(receipts: &[Receipt]) -> Vec<Bloom> {
    let mut entries = Entries::default();
    let mut ends = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        for log in &receipt.logs {
            entries.address(log.address);
            log.topics().iter().for_each(|topic| entries.topic(*topic));
        }
        ends.push(entries.found.len());
    }
    let mut hashes = Vec::new();
    entries.distinct.hash_into(&mut hashes);
    let starts = core::iter::once(0).chain(ends.iter().copied());
    let found = starts.zip(&ends).map(|(start, end)| &entries.found[start..*end]);
    found.map(|found| bloom(found.iter().map(|index| &hashes[*index]))).collect()
}

fn bloom<'a>(hashes: impl Iterator<Item = &'a B256>) -> Bloom {
    let mut bloom = Bloom::ZERO;
    hashes.for_each(|hash| bloom.m3_2048_hashed(hash));
    bloom
}

/// What logs put into blooms. The maps are never iterated.
#[derive(Default)]
struct Entries {
    distinct: Messages,
    /// In the order of the logs, as index in `distinct`.
    found: Vec<usize>,
    addresses: AddressMap<usize>,
    topics: B256Map<usize>,
}

impl Entries {
    fn address(&mut self, address: Address) {
        let Self { distinct, found, addresses, .. } = self;
        found.push(*addresses.entry(address).or_insert_with(|| add(distinct, address.as_slice())));
    }

    fn topic(&mut self, topic: B256) {
        let Self { distinct, found, topics, .. } = self;
        found.push(*topics.entry(topic).or_insert_with(|| add(distinct, topic.as_slice())));
    }
}

/// Returns the index of the new entry.
fn add(distinct: &mut Messages, entry: &[u8]) -> usize {
    distinct.push(entry);
    distinct.len() - 1
}
