//! What remains of a block once its last transaction is executed: delta, world, roots.

use alloy_consensus::{
    Header, TxReceipt,
    proofs::{calculate_receipt_root, calculate_withdrawals_root},
};
use alloy_primitives::{B256, Bloom, KECCAK256_EMPTY};

use super::{
    env::NextBlock,
    overlay::{Cached, Overlay, Storage},
};
use crate::{
    chain::Receipt,
    state::{AccountChange, AccountDelta, Delta},
};

/// Returns the header of a block as far as its author decides it; the rest is that of an empty block.
pub(super) fn header(env: &NextBlock, parent_hash: B256) -> Header {
    Header {
        parent_hash,
        beneficiary: env.beneficiary,
        number: env.number,
        gas_limit: env.gas_limit,
        timestamp: env.timestamp,
        extra_data: env.extra_data.clone(),
        mix_hash: env.prev_randao,
        base_fee_per_gas: Some(env.base_fee),
        withdrawals_root: Some(calculate_withdrawals_root(&env.withdrawals)),
        excess_blob_gas: Some(env.excess_blob_gas),
        parent_beacon_block_root: Some(env.parent_beacon_block_root),
        ..Header::default()
    }
}

/// What the receipts of a block add to its header.
pub(super) struct Summary {
    /// Root of the receipts trie.
    pub(super) receipts_root: B256,
    /// Union of the receipts' blooms.
    pub(super) logs_bloom: Bloom,
}

/// Hashes every log once, for the root and for the bloom.
pub(super) fn summarize(receipts: &[Receipt]) -> Summary {
    let with_bloom: Vec<_> = receipts.iter().map(TxReceipt::with_bloom_ref).collect();
    let logs_bloom = with_bloom.iter().fold(Bloom::ZERO, |all, it| all | it.logs_bloom);
    Summary { receipts_root: calculate_receipt_root(&with_bloom), logs_bloom }
}

/// Returns what the block changed: only what is different now, and only codes that accounts have now.
pub(super) fn delta(overlay: &Overlay) -> Delta {
    let mut delta = Delta::default();
    for (address, cached) in overlay.accounts() {
        let Some(change) = change(cached) else { continue };
        if let Some(hash) = new_code(cached) {
            delta.codes.extend(overlay.known_code(&hash).map(|code| (hash, code)));
        }
        delta.accounts.insert(*address, change);
    }
    delta
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
