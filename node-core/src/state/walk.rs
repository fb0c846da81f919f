//! All accounts, all slots: for snapshots, dumps, and finding who holds ETH at the end.

use alloy_primitives::{Address, B256, U256};

use super::{Account, Slot, StateError, WorldState};
use crate::trie::{self, Nibbles, TrieError};

impl WorldState {
    /// All accounts with their hashed addresses, in ascending order of these. The address itself is
    /// in [`Account::address`].
    pub fn iter_accounts(&self) -> Accounts<'_> {
        Accounts(self.accounts.iter())
    }

    /// All slots of an account, in the order of their hashed keys. Nothing without the account.
    ///
    /// # Errors
    /// [`StateError::Missing`] when the account is not loaded.
    pub fn storage_entries(&self, address: &Address) -> Result<StorageEntries<'_>, StateError> {
        Ok(self.account(address)?.map_or(StorageEntries(None), Account::slots))
    }
}

impl Account {
    /// All slots, in the order of their hashed keys.
    pub fn slots(&self) -> StorageEntries<'_> {
        StorageEntries(Some(self.storage.iter()))
    }
}

/// Iterator over accounts.
#[derive(Debug)]
pub struct Accounts<'a>(trie::Iter<'a, Account>);

/// Iterator over slots.
#[derive(Debug)]
pub struct StorageEntries<'a>(Option<trie::Iter<'a, Slot>>);

impl<'a> Iterator for Accounts<'a> {
    type Item = Result<(B256, &'a Account), TrieError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map(|(path, account)| (hashed(path), account)))
    }
}

impl Iterator for StorageEntries<'_> {
    type Item = Result<(B256, Slot), TrieError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.as_mut()?.next()?.map(|(path, slot)| (hashed(path), *slot)))
    }
}

impl Slot {
    /// The slot's number and value, where the number is known.
    pub fn entry(&self) -> Option<(U256, U256)> {
        self.key.map(|key| (key, self.value))
    }
}

/// Paths of state tries are hashes. A shorter one, which only a made-up trie has, is padded.
fn hashed(path: &Nibbles) -> B256 {
    B256::right_padding_from(path.as_key().unwrap_or_default())
}
