use alloy_primitives::{
    Address, U256,
    map::{U256Map, hash_map::Entry},
};
use revm::state::{Account as EvmAccount, AccountInfo as EvmInfo};

use super::block::noted;
use crate::state::{Account, AccountInfo, Later, Need, StateError, WorldState};

/// An account as it was before the block and as it is now.
#[derive(Debug)]
pub(in crate::execute) struct Cached {
    /// In the world before the block; with its storage trie, so that slots are found from here.
    before: Option<Account>,
    /// After the transactions so far.
    pub(in crate::execute) now: Option<AccountInfo>,
    /// Whether slots that are not here are zero, whatever the world says.
    pub(in crate::execute) storage: Storage,
    /// Slots that were read or written.
    pub(in crate::execute) slots: U256Map<Slot>,
}

/// What becomes of accounts that are touched and empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::execute) enum Hollow {
    /// They are deleted (EIP-161).
    Deleted,
    /// They exist: before that rule.
    Kept,
}

/// What is known of slots that are not cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::execute) enum Storage {
    /// They are in the world.
    Kept,
    /// They are zero: the account was created or destroyed in this block.
    Cleared,
}

/// A slot as it was before the block and as it is now.
#[derive(Debug, Clone, Copy)]
pub(in crate::execute) struct Slot {
    /// In the world before the block; zero when storage was cleared since.
    pub(in crate::execute) before: U256,
    /// After the transactions so far.
    pub(in crate::execute) now: U256,
}

impl Cached {
    /// Returns an account as the world has it, of which no slot was read.
    pub(super) fn new(before: Option<Account>) -> Self {
        let now = before.as_ref().map(|account| account.info);
        Self { before, now, storage: Storage::Kept, slots: U256Map::default() }
    }

    /// The account in the world before the block.
    pub(in crate::execute) fn before(&self) -> Option<AccountInfo> {
        self.before.as_ref().map(|account| account.info)
    }

    /// The slot `key`, read from the world when it was not before.
    pub(super) fn slot(
        &mut self,
        (world, later): (&WorldState, &Later),
        missed: &mut Option<Vec<Need>>,
        address: &Address,
        key: U256,
    ) -> Result<&mut Slot, StateError> {
        Ok(match self.slots.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let before = match (&self.before, self.storage) {
                    // The second way finds what was loaded after the account was.
                    (Some(account), Storage::Kept) => match later.slot(address, &key) {
                        Some(value) => value,
                        None => {
                            let read = account.slot(&key).or_else(|_| world.storage(address, &key));
                            noted(missed, read)?.unwrap_or_default()
                        }
                    },
                    _ => U256::ZERO,
                };
                entry.insert(Slot { before, now: before })
            }
        })
    }

    /// The balance now.
    pub(super) fn balance(&self) -> U256 {
        self.now.map_or(U256::ZERO, |account| account.balance)
    }

    /// Forgets all slots.
    pub(super) fn clear_storage(&mut self) {
        self.storage = Storage::Cleared;
        self.slots.clear();
    }

    /// Leaves nothing.
    pub(super) fn destroy(&mut self) {
        self.now = None;
        self.clear_storage();
    }

    /// Takes over what a transaction did. `changed` was touched: it is destroyed (EIP-6780), or empty and so gone (EIP-161), or created
    /// and so without old storage, or just different.
    pub(super) fn take_over(&mut self, changed: &EvmAccount, hollow: Hollow) {
        let is_gone = changed.is_empty() && hollow == Hollow::Deleted;
        if changed.is_selfdestructed() || is_gone {
            return self.destroy();
        }
        if changed.is_created() {
            self.clear_storage();
        }
        self.now = Some(info(&changed.info));
        for (key, slot) in changed.changed_storage_slots() {
            let fresh = Slot { before: U256::ZERO, now: slot.present_value };
            self.slots.entry(*key).or_insert(fresh).now = slot.present_value;
        }
    }
}

const fn info(it: &EvmInfo) -> AccountInfo {
    AccountInfo { nonce: it.nonce, balance: it.balance, code_hash: it.code_hash }
}
