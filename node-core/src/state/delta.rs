//! What one block, or any run of transactions, changed.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256};

use super::{AccountInfo, Need};

/// The difference between two states.
///
/// Values are those after the change, so applying a delta twice is the same as once, and deltas
/// compose. Maps are sorted: two deltas with the same content are the same, byte for byte, once
/// encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Changed accounts, by address.
    pub accounts: BTreeMap<Address, AccountDelta>,
    /// Codes that appeared, by their hash.
    pub codes: BTreeMap<B256, Bytes>,
}

/// What changed in one account. Applied in the order of the fields: storage is cleared first, then
/// slots are set; of a deleted account nothing is left, whatever the slots say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountDelta {
    /// The account itself.
    pub change: AccountChange,
    /// Whether all slots of before are gone: the account was destroyed and made again.
    pub storage_cleared: bool,
    /// Changed slots with their new values; zero removes the slot.
    pub slots: BTreeMap<U256, U256>,
}

/// What became of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountChange {
    /// It is gone, with its storage.
    #[default]
    Deleted,
    /// It exists and holds this. The executor deletes what is empty (EIP-161), but on imported chains there are
    /// accounts that are empty and older than that rule.
    Updated(AccountInfo),
}

impl Delta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.codes.is_empty()
    }

    /// What must be loaded to apply this; the neighbours of what is removed may come on top.
    pub fn needs(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        for (address, delta) in &self.accounts {
            needs.push(Need::account(address));
            if !delta.storage_cleared && !delta.is_deleted() {
                needs.extend(delta.slots.keys().map(|key| Need::slot(address, key)));
            }
        }
        needs.extend(self.codes.keys().map(Need::code));
        needs
    }

    /// How many leaves are changed.
    pub fn leaves(&self) -> usize {
        self.accounts.values().map(|delta| 1 + delta.slots.len()).sum()
    }

    /// Whether an account or a slot goes, so that what is beside it may move.
    pub fn removes(&self) -> bool {
        let goes = |delta: &AccountDelta| {
            delta.is_deleted() || delta.slots.values().any(|value| value.is_zero())
        };
        self.accounts.values().any(goes)
    }

    /// Adds what happened later, so that applying the sum is the same as applying one after the
    /// other.
    pub fn then(&mut self, later: &Self) {
        for (address, delta) in &later.accounts {
            self.accounts
                .entry(*address)
                .and_modify(|earlier| earlier.then(delta))
                .or_insert_with(|| delta.clone());
        }
        self.codes.extend(later.codes.iter().map(|(hash, code)| (*hash, code.clone())));
    }
}

impl AccountDelta {
    /// An account that holds `info` and whose storage did not change.
    pub const fn updated(info: AccountInfo) -> Self {
        Self {
            change: AccountChange::Updated(info),
            storage_cleared: false,
            slots: BTreeMap::new(),
        }
    }

    /// Adds what happened later to the same account.
    fn then(&mut self, later: &Self) {
        if later.storage_cleared || self.is_deleted() || later.is_deleted() {
            self.slots.clear();
            self.storage_cleared = true;
        }
        self.change = later.change;
        self.slots.extend(&later.slots);
    }

    /// Whether no account is left.
    pub fn is_deleted(&self) -> bool {
        self.change == AccountChange::Deleted
    }
}
