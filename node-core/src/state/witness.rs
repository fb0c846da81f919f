//! The nodes on the way to what is needed: taken from one state, and put into another of the same root.

use alloy_primitives::{B256, Bytes};

use super::{Need, NodeSet, StateError, TrieId, WorldState};
use crate::trie::{Nibbles, TrieError};

impl WorldState {
    /// The nodes on the way to what is needed, from the root of its trie down to where it is or would be;
    /// for a slot those of its account come first. Of a code there are none: see [`Self::code_with`].
    ///
    /// # Errors
    /// [`StateError::Missing`] when not all of the way is loaded.
    pub fn way(&self, need: &Need) -> Result<Vec<Bytes>, StateError> {
        let key = key_below(&need.path);
        match need.of {
            TrieId::Codes => Ok(Vec::new()),
            TrieId::Accounts => self.account_way(&key),
            TrieId::Storage(owner) => {
                let mut nodes = self.account_way(&owner)?;
                let missing = StateError::of(TrieId::Accounts, Some(&owner));
                if let Some(account) = self.accounts.get(owner.as_slice()).map_err(missing)? {
                    let missing = StateError::of(need.of, Some(&key));
                    nodes.extend(account.storage.prove(key.as_slice()).map_err(missing)?);
                }
                Ok(nodes)
            }
        }
    }

    fn account_way(&self, key: &B256) -> Result<Vec<Bytes>, StateError> {
        let missing = StateError::of(TrieId::Accounts, Some(key));
        self.accounts.prove(key.as_slice()).map_err(missing)
    }

    /// Loads every node of `nodes` that has its place below this state's root, which stays what it is.
    /// Nodes that have none are ignored.
    ///
    /// # Errors
    /// [`TrieError::Malformed`] for a node that has the right hash and is no node.
    pub fn reveal_nodes(&mut self, nodes: &NodeSet) -> Result<(), TrieError> {
        self.accounts.reveal(nodes)?;
        let loaded = self.accounts.iter().filter_map(Result::ok);
        let wanted = loaded.filter(|(_, account)| nodes.get(&account.storage.root()).is_some());
        let keys: Vec<Nibbles> = wanted.map(|(path, _)| *path).collect();
        for path in keys {
            let key = path.as_key().unwrap_or_default();
            if let Some(account) = self.accounts.load_mut(key)? {
                account.storage.reveal(nodes)?;
            }
        }
        Ok(())
    }
}

impl Need {
    /// The hash of a code that is needed.
    pub fn code_hash(&self) -> Option<B256> {
        let is_code = self.of == TrieId::Codes;
        is_code.then(|| self.path.as_key().and_then(|key| B256::try_from(key).ok())).flatten()
    }
}

/// A key whose way leads to `path`, or ends above it.
fn key_below(path: &Nibbles) -> B256 {
    let mut nibbles = path.to_vec();
    nibbles.resize(64, 0);
    let bytes: Vec<u8> = nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    B256::from_slice(&bytes)
}
