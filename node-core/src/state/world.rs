//! Reading a state and making the next one.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};

use super::{
    Account, AccountChange, AccountDelta, AccountInfo, Delta, Need, Slot, StateError, TrieId,
    recent::Recent,
};
use crate::chain::GenesisAccount;
use crate::keccak::keccak256_many;
use crate::trie::{Grafted, Nibbles, Trie, TrieError};

/// The state after one block; a clone is O(1).
///
/// A state that is moved from block to block can [keep what is used](Self::keep_recent) in a flat cache. Clones
/// start without: they read the tries.
#[derive(Debug, Default)]
pub struct WorldState {
    pub(super) accounts: Trie<Account>,
    /// Codes by their hash. A trie because it is the persistent map at hand; its root means nothing.
    pub(super) codes: Trie<Bytes>,
    pub(super) recent: Option<Box<Recent>>,
}

impl Clone for WorldState {
    fn clone(&self) -> Self {
        Self { accounts: self.accounts.clone(), codes: self.codes.clone(), recent: None }
    }
}

impl WorldState {
    /// The state without accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of which only the root is known.
    pub fn from_root(root: B256) -> Self {
        Self { accounts: Trie::from_root(root), ..Self::default() }
    }

    /// The state of block 0.
    ///
    /// # Panics
    /// Never: a state that starts empty has no blinded nodes.
    pub fn from_genesis<'a>(
        alloc: impl IntoIterator<Item = (&'a Address, &'a GenesisAccount)>,
    ) -> Self {
        let mut delta = Delta::default();
        for (address, GenesisAccount { nonce, balance, code, storage }) in alloc {
            let info = AccountInfo { nonce: *nonce, balance: *balance, code_hash: keccak256(code) };
            let change = AccountDelta { slots: storage.clone(), ..AccountDelta::updated(info) };
            if !info.is_empty() {
                delta.accounts.insert(*address, change);
            }
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

    /// From now on keeps what is used in a flat cache: for a writer, whose blocks use the same accounts again and again.
    pub fn keep_recent(&mut self) {
        self.recent.get_or_insert_default();
    }

    /// An account, if the flat cache knows whether it exists.
    pub fn recent_account(&self, address: &Address) -> Option<Option<AccountInfo>> {
        self.recent.as_ref()?.account(address)
    }

    /// The value of a slot, if the flat cache knows it.
    pub fn recent_slot(&self, address: &Address, key: &U256) -> Option<U256> {
        self.recent.as_ref()?.slot(address, key)
    }

    /// Puts what was read from this state into the flat cache, where there is one.
    pub fn note_read(
        &mut self,
        address: Address,
        info: Option<AccountInfo>,
        slots: impl Iterator<Item = (U256, U256)>,
    ) {
        if let Some(recent) = &mut self.recent {
            recent.note(address, info, slots);
        }
    }

    /// The account at an address.
    ///
    /// # Errors
    /// [`StateError::Missing`] when it is not loaded.
    pub fn account(&self, address: &Address) -> Result<Option<&Account>, StateError> {
        let key = keccak256(address);
        self.accounts.get(key.as_slice()).map_err(StateError::of(TrieId::Accounts, Some(&key)))
    }

    /// The accounts at some addresses, each as [`Self::account`] says, in the order of the addresses.
    pub fn accounts<'a>(
        &'a self,
        addresses: &[Address],
    ) -> impl Iterator<Item = Result<Option<&'a Account>, StateError>> + use<'a> {
        let mut keys = vec![B256::ZERO; addresses.len()];
        keccak256_many(addresses.iter().map(|address| address.as_slice()), &mut keys);
        self.accounts.read_ahead(&keys);
        keys.into_iter().map(|key| {
            let missing = StateError::of(TrieId::Accounts, Some(&key));
            self.accounts.get(key.as_slice()).map_err(missing)
        })
    }

    /// The value of a slot; zero when slot or account do not exist.
    ///
    /// # Errors
    /// [`StateError::Missing`] when it is not loaded.
    pub fn storage(&self, address: &Address, key: &U256) -> Result<U256, StateError> {
        let Some(account) = self.account(address)? else { return Ok(U256::ZERO) };
        account.slot(key).map_err(|error| match error {
            TrieError::Blinded { .. } => StateError::Missing(Need::slot(address, key)),
            other => StateError::Trie(other),
        })
    }

    /// The code with a hash, when this state has it; empty for the hash of nothing.
    pub fn code(&self, hash: &B256) -> Option<Bytes> {
        if *hash == KECCAK256_EMPTY {
            return Some(Bytes::new());
        }
        self.codes.get(hash.as_slice()).ok().flatten().cloned()
    }

    /// The code with a hash that an account of this state has.
    ///
    /// # Errors
    /// [`StateError::Missing`] when it is not loaded.
    pub fn code_with(&self, hash: &B256) -> Result<Bytes, StateError> {
        self.code(hash).ok_or_else(|| StateError::Missing(Need::code(hash)))
    }

    /// Adds codes to those that are known, each under its own hash.
    ///
    /// # Panics
    /// Never: the map of codes is whole.
    pub fn add_codes(&mut self, codes: impl IntoIterator<Item = Bytes>) {
        let codes = codes.into_iter().map(|code| (keccak256(&code), code)).collect();
        self.add_known_codes(&codes);
    }

    /// As [`Self::add_codes`], of codes by their hashes, which are believed.
    pub(crate) fn add_known_codes(&mut self, codes: &BTreeMap<B256, Bytes>) {
        self.insert_codes(codes).expect("a state made of proofs has all codes in memory");
    }

    /// The state after a delta. The parent, when a clone of it is kept, stays as it is; when none is,
    /// its nodes are changed in place.
    ///
    /// Keys of `delta.codes` are believed.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn apply(mut self, delta: &Delta) -> Result<Self, StateError> {
        self.advance(delta)?;
        Ok(self)
    }

    /// Moves on by a delta, in place where nobody holds a clone.
    ///
    /// # Errors
    /// [`StateError::Missing`] when an account, a slot, or the neighbour of a removed one is not
    /// loaded. The state is unchanged then.
    pub fn advance(&mut self, delta: &Delta) -> Result<(), StateError> {
        if let Some(need) = self.first_missing(delta) {
            return Err(StateError::Missing(need));
        }
        // The neighbours of what goes are only known on the way: keep what was, to be able to give up.
        if self.accounts.is_partial() && delta.removes() {
            let mut next = self.clone();
            next.change(delta)?;
            next.recent = self.recent.take();
            *self = next;
        } else {
            self.change(delta)?;
        }
        if let Some(recent) = &mut self.recent {
            recent.advance(delta);
        }
        Ok(())
    }

    /// The first way that is not loaded, of those that a delta changes. Walks each way once, which also
    /// brings into the processor's cache what is changed next.
    fn first_missing(&self, delta: &Delta) -> Option<Need> {
        if !self.accounts.is_partial() && !self.codes.is_partial() {
            return None;
        }
        let code = delta.codes.keys().map(Need::code);
        let code = code.into_iter().find(|need| self.first_blinded(need).is_some());
        code.or_else(|| {
            let mut accounts = sorted(&delta.accounts, |address| *address).into_iter();
            accounts.find_map(|(key, (_, change))| self.first_missing_of(key, change))
        })
    }

    fn first_missing_of(&self, key: B256, change: &AccountDelta) -> Option<Need> {
        let path = Nibbles::of_hash(&key);
        let Ok(account) = self.accounts.get(key.as_slice()) else {
            return Some(Need { of: TrieId::Accounts, path });
        };
        let storage = &account?.storage;
        if change.storage_cleared || change.is_deleted() || !storage.is_partial() {
            return None;
        }
        let slots = sorted(&change.slots, U256::to_be_bytes::<32>).into_iter();
        let mut paths = slots.map(|(slot, _)| Nibbles::of_hash(&slot));
        let path = paths.find(|path| storage.way_ends(path) != Grafted::Whole)?;
        Some(Need { of: TrieId::Storage(key), path })
    }

    fn change(&mut self, delta: &Delta) -> Result<(), StateError> {
        self.insert_codes(&delta.codes)?;
        let mut updates = Vec::new();
        for (key, (address, change)) in sorted(&delta.accounts, |address| *address) {
            if let Step::Put(account) = self.step(&key, *address, change)? {
                updates.push((key, account));
            }
        }
        self.accounts.apply_loaded(updates).map_err(StateError::of(TrieId::Accounts, None))
    }

    /// Changes an account that stays in place; says what to put for one that comes or goes.
    fn step(
        &mut self,
        key: &B256,
        address: Address,
        delta: &AccountDelta,
    ) -> Result<Step, StateError> {
        let AccountChange::Updated(info) = delta.change else { return Ok(Step::Put(None)) };
        let missing = StateError::of(TrieId::Accounts, Some(key));
        match self.accounts.get_mut(key.as_slice()).map_err(missing)? {
            Some(account) => {
                let missing = StateError::of(TrieId::Storage(*key), None);
                account.change(info, address, delta).map_err(missing)?;
                Ok(Step::InPlace)
            }
            None => {
                let mut account = Account::default();
                let missing = StateError::of(TrieId::Storage(*key), None);
                account.change(info, address, delta).map_err(missing)?;
                Ok(Step::Put(Some(account)))
            }
        }
    }

    fn insert_codes(&mut self, codes: &BTreeMap<B256, Bytes>) -> Result<(), StateError> {
        let codes = codes.iter().filter(|(_, code)| !code.is_empty());
        let updates = codes.map(|(hash, code)| (hash, Some(code.clone())));
        self.codes.apply(updates).map_err(StateError::of(TrieId::Codes, None))
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
        self.storage.apply_loaded(slots.map(|(path, (key, value))| (path, slot(*key, *value))))
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
