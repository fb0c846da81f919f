//! What remains of a block once its last transaction is executed: delta, world, roots.

use alloy_consensus::{Header, ReceiptWithBloom, proofs::calculate_withdrawals_root};
use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Bloom, KECCAK256_EMPTY};

use super::{
    blooms::blooms,
    env::NextBlock,
    overlay::{Cached, Overlay, Storage},
};
use crate::{
    chain::{Fork, Receipt, Transaction},
    keccak::Messages,
    state::{AccountChange, AccountDelta, Delta},
    trie::ordered_root,
};

/// Returns the header of a block as far as its author decides it; the rest is that of an empty block.
pub(super) fn header(env: &NextBlock, parent_hash: B256, fork: Fork) -> Header {
    let since = |first: Fork| fork >= first;
    let withdrawals_root = calculate_withdrawals_root(&env.withdrawals);
    Header {
        parent_hash,
        beneficiary: env.beneficiary,
        number: env.number,
        gas_limit: env.gas_limit,
        timestamp: env.timestamp,
        extra_data: env.extra_data.clone(),
        mix_hash: env.prev_randao,
        difficulty: env.difficulty,
        base_fee_per_gas: since(Fork::London).then_some(env.base_fee),
        withdrawals_root: since(Fork::Shanghai).then_some(withdrawals_root),
        excess_blob_gas: since(Fork::Cancun).then_some(env.excess_blob_gas),
        parent_beacon_block_root: since(Fork::Cancun).then_some(env.parent_beacon_block_root),
        ..Header::default()
    }
}

/// What the receipts of a block add to its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Root of the receipts trie.
    pub receipts_root: B256,
    /// Union of the receipts' blooms.
    pub logs_bloom: Bloom,
}

/// Returns the root and the bloom of a block's receipts (Yellow Paper 4.4.1; EIP-2718).
pub fn summarize(receipts: &[Receipt]) -> Summary {
    let mut logs_bloom = Bloom::ZERO;
    let mut encoded = Messages::default();
    for (receipt, bloom) in receipts.iter().zip(blooms(receipts)) {
        logs_bloom.accrue_bloom(&bloom);
        let with_bloom = ReceiptWithBloom { receipt, logs_bloom: bloom };
        encoded.push_with(|out| with_bloom.encode_2718(out));
    }
    Summary { receipts_root: root_of(&encoded), logs_bloom }
}

/// Returns the root of the transactions trie (Yellow Paper 4.4.1; EIP-2718).
pub fn transactions_root(transactions: &[Transaction]) -> B256 {
    let mut encoded = Messages::default();
    for transaction in transactions {
        encoded.push_with(|out| transaction.encode_2718(out));
    }
    root_of(&encoded)
}

fn root_of(items: &Messages) -> B256 {
    ordered_root(&items.iter().collect::<Vec<_>>())
}

/// Returns what the block changed: only what is different now, and only codes that accounts have now.
pub(super) fn delta(overlay: &Overlay) -> Delta {
    let changes = overlay.accounts().iter().filter_map(|(address, cached)| {
        let change = change(cached)?;
        Some((address, cached, change))
    });
    let (mut accounts, mut codes) = (Vec::new(), Vec::new());
    for (address, cached, change) in changes {
        let code = new_code(cached).and_then(|hash| Some((hash, overlay.known_code(&hash)?)));
        codes.extend(code);
        accounts.push((*address, change));
    }
    // Maps of what is all there are built in one go, not key by key.
    Delta { accounts: accounts.into_iter().collect(), codes: codes.into_iter().collect() }
}

fn change(cached: &Cached) -> Option<AccountDelta> {
    let before = cached.before();
    let Some(now) = cached.now else { return before.map(|_| AccountDelta::default()) };
    let slots = cached.slots.iter().filter(|(_, slot)| slot.before != slot.now);
    let change = AccountDelta {
        change: AccountChange::Updated(now),
        storage_cleared: cached.storage == Storage::Cleared && before.is_some(),
        slots: slots.map(|(key, slot)| (*key, slot.now)).collect(),
    };
    let different = before != Some(now) || change.storage_cleared || !change.slots.is_empty();
    different.then_some(change)
}

fn new_code(cached: &Cached) -> Option<B256> {
    let hash = cached.now?.code_hash;
    let old = cached.before().map_or(KECCAK256_EMPTY, |account| account.code_hash);
    (hash != old && hash != KECCAK256_EMPTY).then_some(hash)
}
