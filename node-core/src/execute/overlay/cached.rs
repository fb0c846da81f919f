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
    /// In the world before the block.
    before: Option<AccountInfo>,
    /// Its leaf in the world, from which slots are found, once that was looked up.
    leaf: Option<Account>,
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
    /// Returns an account of which no slot was read, and whose leaf was not looked up.
    pub(super) fn new(before: Option<AccountInfo>) -> Self {
        let slots = U256Map::default();
        Self { before, leaf: None, now: before, storage: Storage::Kept, slots }
    }

    /// Returns an account as the world has it, of which no slot was read.
    pub(super) fn found(leaf: Option<Account>) -> Self {
        let before = leaf.as_ref().map(|leaf| leaf.info);
        Self { leaf, ..Self::new(before) }
    }

    /// The account in the world before the block.
    pub(in crate::execute) const fn before(&self) -> Option<AccountInfo> {
        self.before
    }

    /// What the world before the block says, as far as a delta does not say it again: the account, and slots that are
    /// what they were. `None` where there is nothing of that kind.
    pub(super) fn into_read(
        self,
    ) -> Option<(Option<AccountInfo>, impl Iterator<Item = (U256, U256)>)> {
        let is_news = self.before == self.now || !self.slots.is_empty();
        let same = self.slots.into_iter().filter(|(_, slot)| slot.before == slot.now);
        (is_news && self.storage == Storage::Kept)
            .then(|| (self.before, same.map(|(key, slot)| (key, slot.now))))
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
                let before = match (self.before, self.storage) {
                    (Some(_), Storage::Kept) => {
                        let known = later.slot(address, &key);
                        match known.or_else(|| world.recent_slot(address, &key)) {
                            Some(value) => value,
                            None => {
                                let read = read(&mut self.leaf, world, address, &key);
                                noted(missed, read)?.unwrap_or_default()
                            }
                        }
                    }
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

/// Reads a slot by way of the account's leaf.
fn read(
    leaf: &mut Option<Account>,
    world: &WorldState,
    address: &Address,
    key: &U256,
) -> Result<U256, StateError> {
    if leaf.is_none() {
        *leaf = world.account(address)?.cloned();
    }
    let Some(leaf) = leaf else { return Ok(U256::ZERO) };
    // The second way finds what was loaded after the account was.
    leaf.slot(key).or_else(|_| world.storage(address, key))
}

const fn info(it: &EvmInfo) -> AccountInfo {
    AccountInfo { nonce: it.nonce, balance: it.balance, code_hash: it.code_hash }
}
