//! What of the state is needed and not loaded.

use alloy_primitives::{Address, B256, U256, keccak256};

use super::world::slot_path;
use crate::trie::{Nibbles, TrieError};

/// One of the tries that a state is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrieId {
    /// The accounts, by hashed address.
    Accounts,
    /// The storage of the account with this hashed address, by hashed slot.
    Storage(B256),
    /// The codes, by their hash.
    Codes,
}

/// The way to a key, or to an inner node, that must be loaded before an answer is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    /// In which trie.
    pub of: TrieId,
    /// Up to where.
    pub path: Nibbles,
}

impl Need {
    /// An account.
    pub fn account(address: &Address) -> Self {
        Self::key(TrieId::Accounts, &keccak256(address))
    }

    /// A slot.
    pub fn slot(address: &Address, key: &U256) -> Self {
        Self::key(TrieId::Storage(keccak256(address)), &slot_path(key))
    }

    /// A code.
    pub const fn code(hash: &B256) -> Self {
        Self::key(TrieId::Codes, hash)
    }

    const fn key(of: TrieId, key: &B256) -> Self {
        Self { of, path: Nibbles::of_hash(key) }
    }
}

impl core::fmt::Display for Need {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.of {
            TrieId::Accounts => write!(f, "account at {}", self.path),
            TrieId::Storage(owner) => write!(f, "slot at {} of account {owner}", self.path),
            TrieId::Codes => write!(f, "code at {}", self.path),
        }
    }
}

/// Why a state could not answer or change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A part that is not loaded is needed: load it, then ask again.
    #[error("not loaded: {0}")]
    Missing(Need),
    /// A trie is wrong.
    #[error(transparent)]
    Trie(TrieError),
}

impl StateError {
    /// Says in which trie a node is missing, on the way to `key` when that is known.
    pub(super) fn of(of: TrieId, key: Option<&B256>) -> impl Fn(TrieError) -> Self {
        move |error| match error {
            TrieError::Blinded { path, .. } => {
                let path = key.map_or(path, Nibbles::of_hash);
                Self::Missing(Need { of, path })
            }
            other => Self::Trie(other),
        }
    }
}
