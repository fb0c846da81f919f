//! Reading a state and making the next one.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};

use super::{Account, AccountChange, AccountDelta, AccountInfo, Delta, Slot};
use crate::chain::GenesisAccount;
use crate::keccak::keccak256_many;
use crate::trie::{Trie, TrieError};

/// The state after one block; a clone is O(1).
#[derive(Debug, Clone, Default)]
pub struct WorldState {
    pub(super) accounts: Trie<Account>,
    /// Codes by their hash. A trie because it is the persistent map at hand; its root means nothing.
    codes: Trie<Bytes>,
}

impl WorldState {
    /// The state without accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of which only the root is known.
    pub fn from_root(root: B256) -> Self {
        Self { accounts: Trie::from_root(root), codes: Trie::new() }
    }

    /// The state of block 0.
    ///
    /// # Panics
    /// Never: a state that starts empty has no blinded nodes.
    pub fn from_genesis<'a>(
        alloc: impl IntoIterator<Item = (&'a Address, &'a GenesisAccount)>,
    ) -> Self {
        let mut delta = Delta::default();
        for (address, GenesisAccount { nonce, balance, code }) in alloc {
            let info = AccountInfo { nonce: *nonce, balance: *balance, code_hash: keccak256(code) };
            delta.accounts.insert(*address, AccountDelta::updated(info));
            if !code.is_empty() {
                delta.codes.insert(info.code_hash, code.clone());
            }
        }
        Self::new().apply(&delta).expect("a state that starts empty has no blinded nodes")
    }

    /// The state root.
    pub fn root(&self) -> B256 {
        self.accounts.root()
    }

    /// The account at an address.
    ///
    /// # Errors
    /// [`TrieError::Blinded`] when it is not loaded.
    pub fn account(&self, address: &Address) -> Result<Option<&Account>, TrieError> {
        self.accounts.get(keccak256(address).as_slice())
    }

    /// The value of a slot; zero when slot or account do not exist.
    ///
    /// # Errors
    /// [`TrieError::Blinded`] when it is not loaded.
    pub fn storage(&self, address: &Address, key: &U256) -> Result<U256, TrieError> {
        self.account(address)?.map_or(Ok(U256::ZERO), |account| account.slot(key))
    }

    /// The code with a hash, when this state has it; empty for the hash of nothing.
    pub fn code(&self, hash: &B256) -> Option<Bytes> {
        if *hash == KECCAK256_EMPTY {
            return Some(Bytes::new());
        }
        self.codes.get(hash.as_slice()).ok().flatten().cloned()
    }

    /// Adds codes to those that are known, each under its own hash.
    ///
    /// # Panics
    /// Never: the map of codes is whole.
    pub fn add_codes(&mut self, codes: impl IntoIterator<Item = Bytes>) {
        self.insert_codes(codes.into_iter().map(|code| (keccak256(&code), code)).collect());
    }

    /// The state after a delta. The parent, when a clone of it is kept, stays as it is; when none is,
    /// its nodes are changed in place.
    ///
    /// Keys of `delta.codes` are believed.
    ///
    /// # Errors
    /// [`TrieError::Blinded`] when an account, a slot, or the neighbour of a removed one is not
    /// loaded.
    pub fn apply(mut self, delta: &Delta) -> Result<Self, TrieError> {
        let mut updates = Vec::new();
        for (key, (address, change)) in sorted(&delta.accounts, |address| *address) {
            if let Step::Put(account) = self.step(&key, *address, change)? {
                updates.push((key, account));
            }
        }
        self.accounts.apply(updates)?;
        self.insert_codes(delta.codes.iter().map(|(hash, code)| (*hash, code.clone())).collect());
        Ok(self)
    }

    /// Changes an account that stays in place; says what to put for one that comes or goes.
    fn step(
        &mut self,
        key: &B256,
        address: Address,
        delta: &AccountDelta,
    ) -> Result<Step, TrieError> {
        let AccountChange::Updated(info) = delta.change else { return Ok(Step::Put(None)) };
        if info.is_empty() {
            return Ok(Step::Put(None));
        }
        match self.accounts.get_mut(key.as_slice())? {
            Some(account) => {
                account.change(info, address, delta)?;
                Ok(Step::InPlace)
            }
            None => {
                let mut account = Account::default();
                account.change(info, address, delta)?;
                Ok(Step::Put(Some(account)))
            }
        }
    }

    fn insert_codes(&mut self, codes: BTreeMap<B256, Bytes>) {
        let codes = codes.into_iter().filter(|(_, code)| !code.is_empty());
        self.codes
            .apply(codes.map(|(hash, code)| (hash, Some(code))))
            .expect("the map of codes is whole, its keys are sorted hashes");
    }
}

/// How an account's change reaches the trie.
enum Step {
    /// It did already.
    InPlace,
    /// By the batch: a new account, or a removal.
    Put(Option<Account>),
}

impl Account {
    /// The value of a slot.
    ///
    /// # Errors
    /// [`TrieError::Blinded`] when it is not loaded.
    pub fn slot(&self, key: &U256) -> Result<U256, TrieError> {
        Ok(self.storage.get(slot_path(key).as_slice())?.map_or(U256::ZERO, |slot| slot.value))
    }

    fn change(
        &mut self,
        info: AccountInfo,
        address: Address,
        delta: &AccountDelta,
    ) -> Result<(), TrieError> {
        self.info = info;
        self.address = Some(address);
        if delta.storage_cleared {
            self.storage = Trie::new();
        }
        let slot = |key, value: U256| (!value.is_zero()).then_some(Slot { value, key: Some(key) });
        let slots = sorted(&delta.slots, U256::to_be_bytes::<32>).into_iter();
        self.storage.apply(slots.map(|(path, (key, value))| (path, slot(*key, *value))))
    }
}

/// The entries of a map by the hash of their keys, hashed many at once.
fn sorted<K, V, B: AsRef<[u8]>>(
    map: &BTreeMap<K, V>,
    bytes: impl Fn(&K) -> B,
) -> Vec<(B256, (&K, &V))> {
    let keys: Vec<B> = map.keys().map(bytes).collect();
    let mut hashes = vec![B256::ZERO; keys.len()];
    keccak256_many(keys.iter().map(B::as_ref), &mut hashes);
    let mut sorted: Vec<_> = hashes.into_iter().zip(map).collect();
    sorted.sort_unstable_by_key(|(hash, _)| *hash);
    sorted
}

/// Where a slot is in the storage trie.
pub(super) fn slot_path(key: &U256) -> B256 {
    keccak256(key.to_be_bytes::<32>())
}
