use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256,
    map::{AddressMap, B256Map, U256Map, hash_map::Entry as MapEntry},
};
use revm::{
    Database,
    bytecode::Bytecode,
    state::{Account as EvmAccount, AccountInfo as EvmInfo, EvmState},
};

use super::error::Unreadable;
use crate::{
    chain::Ancestors,
    state::{Account, AccountInfo, TrieError, WorldState},
};

/// What a block changed so far, over the world before it; revm reads through it.
///
/// Every account and slot that was read stays here, so the trie is walked once per block for each.
/// Iteration order of the maps never reaches a hash: [`super::seal`] sorts.
#[derive(Debug)]
pub(super) struct Overlay {
    world: WorldState,
    ancestors: Ancestors,
    accounts: AddressMap<Cached>,
    codes: B256Map<Bytecode>,
}

/// An account as it was before the block and as it is now.
#[derive(Debug, Default)]
pub(super) struct Cached {
    /// In the world before the block; with its storage trie, so that slots are found from here.
    before: Option<Account>,
    /// After the transactions so far.
    pub(super) now: Option<AccountInfo>,
    /// Whether slots that are not here are zero, whatever the world says.
    pub(super) storage: Storage,
    /// Slots that were read or written.
    pub(super) slots: U256Map<Slot>,
}

/// What is known of slots that are not cached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Storage {
    /// They are in the world.
    #[default]
    Kept,
    /// They are zero: the account was created or destroyed in this block.
    Cleared,
}

/// A slot as it was before the block and as it is now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// In the world before the block; zero when storage was cleared since.
    pub(super) before: U256,
    /// After the transactions so far.
    pub(super) now: U256,
}

/// Sum of the balances that a transaction touched, in wei.
///
/// Wraps: on a layer no sum comes near 2^256, on Ethereum nobody looks at it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Touched {
    /// Before the transaction.
    pub(super) before: U256,
    /// After it.
    pub(super) after: U256,
}

impl Overlay {
    /// Starts from `world`, with nothing changed.
    pub(super) fn new(world: WorldState, ancestors: Ancestors) -> Self {
        Self { world, ancestors, accounts: AddressMap::default(), codes: B256Map::default() }
    }

    /// Returns the world before the block.
    pub(super) const fn world(&self) -> &WorldState {
        &self.world
    }

    /// Goes on with the same world in which more is loaded.
    pub(super) fn reveal(&mut self, world: WorldState) {
        debug_assert_eq!(world.root(), self.world.root(), "the same world");
        self.world = world;
    }

    /// Returns everything that was read or changed.
    pub(super) const fn accounts(&self) -> &AddressMap<Cached> {
        &self.accounts
    }

    /// Returns a code that was read or stored in this block.
    pub(super) fn known_code(&self, hash: &B256) -> Option<Bytes> {
        self.codes.get(hash).map(Bytecode::original_bytes)
    }

    /// Returns an account as it is now.
    pub(super) fn account(&mut self, address: Address) -> Result<Option<AccountInfo>, TrieError> {
        Ok(self.cached(address)?.now)
    }

    /// Returns whether an account has code now.
    pub(super) fn has_code(&mut self, address: Address) -> Result<bool, TrieError> {
        Ok(self.account(address)?.is_some_and(|it| it.code_hash != KECCAK256_EMPTY))
    }

    /// Returns a slot as it is now.
    pub(super) fn slot(&mut self, address: Address, key: U256) -> Result<U256, TrieError> {
        Ok(self.cached_slot(address, key)?.now)
    }

    /// Writes a slot of an account that exists.
    pub(super) fn set_slot(
        &mut self,
        address: Address,
        key: U256,
        value: U256,
    ) -> Result<(), TrieError> {
        self.cached_slot(address, key)?.now = value;
        Ok(())
    }

    /// Changes nonce or balance of an account; one that does not exist begins empty, one that ends
    /// empty does not exist (EIP-161).
    pub(super) fn update(
        &mut self,
        address: Address,
        change: impl FnOnce(&mut AccountInfo),
    ) -> Result<(), TrieError> {
        let cached = self.cached(address)?;
        let mut account = cached.now.unwrap_or_default();
        change(&mut account);
        if account.is_empty() {
            cached.destroy();
        } else {
            cached.now = Some(account);
        }
        Ok(())
    }

    /// Puts an account back as it was after an earlier transaction; its storage is not touched.
    pub(super) fn put_back(
        &mut self,
        address: Address,
        account: Option<AccountInfo>,
    ) -> Result<(), TrieError> {
        self.cached(address)?.now = account;
        Ok(())
    }

    /// Adds wei to a balance; nothing is created for nothing.
    pub(super) fn credit(&mut self, address: Address, wei: U256) -> Result<(), TrieError> {
        if wei.is_zero() {
            return Ok(());
        }
        // Saturates: all ETH there is fits into 128 bits.
        self.update(address, |account| account.balance = account.balance.saturating_add(wei))
    }

    /// Forgets all slots of an account: those that are not written after this are zero.
    pub(super) fn clear_storage(&mut self, address: Address) -> Result<(), TrieError> {
        self.cached(address)?.clear_storage();
        Ok(())
    }

    /// Gives an account code.
    pub(super) fn set_code(&mut self, address: Address, code: Bytes) -> Result<(), TrieError> {
        let code = Bytecode::new_raw(code);
        let hash = code.hash_slow();
        self.codes.insert(hash, code);
        self.update(address, |account| account.code_hash = hash)
    }

    /// Takes over what one transaction did.
    pub(super) fn commit(&mut self, changes: EvmState) -> Result<Touched, TrieError> {
        let mut touched = Touched::default();
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            self.keep_code(&changed.info);
            let cached = self.cached(address)?;
            touched.before = touched.before.wrapping_add(cached.balance());
            cached.take_over(&changed);
            touched.after = touched.after.wrapping_add(cached.balance());
        }
        Ok(touched)
    }

    fn cached(&mut self, address: Address) -> Result<&mut Cached, TrieError> {
        Ok(match self.accounts.entry(address) {
            MapEntry::Occupied(entry) => entry.into_mut(),
            MapEntry::Vacant(entry) => {
                let before = self.world.account(&address)?.cloned();
                let now = before.as_ref().map(|account| account.info);
                entry.insert(Cached { before, now, ..Cached::default() })
            }
        })
    }

    fn cached_slot(&mut self, address: Address, key: U256) -> Result<&mut Slot, TrieError> {
        self.cached(address)?;
        let Self { world, accounts, .. } = self;
        let cached = accounts.entry(address).or_default();
        Ok(match cached.slots.entry(key) {
            MapEntry::Occupied(entry) => entry.into_mut(),
            MapEntry::Vacant(entry) => {
                let before = match (&cached.before, cached.storage) {
                    // The second way finds what was loaded after the account was.
                    (Some(account), Storage::Kept) => {
                        account.slot(&key).or_else(|_| world.storage(&address, &key))?
                    }
                    _ => U256::ZERO,
                };
                entry.insert(Slot { before, now: before })
            }
        })
    }

    fn keep_code(&mut self, info: &EvmInfo) {
        let Some(code) = &info.code else { return };
        if info.code_hash != KECCAK256_EMPTY {
            self.codes.entry(info.code_hash).or_insert_with(|| code.clone());
        }
    }
}

impl Cached {
    /// The account in the world before the block.
    pub(super) fn before(&self) -> Option<AccountInfo> {
        self.before.as_ref().map(|account| account.info)
    }

    fn balance(&self) -> U256 {
        self.now.map_or(U256::ZERO, |account| account.balance)
    }

    fn clear_storage(&mut self) {
        self.storage = Storage::Cleared;
        self.slots.clear();
    }

    fn destroy(&mut self) {
        self.now = None;
        self.clear_storage();
    }

    /// `changed` was touched: it is destroyed (EIP-6780), or empty and so gone (EIP-161), or created
    /// and so without old storage, or just different.
    fn take_over(&mut self, changed: &EvmAccount) {
        if changed.is_selfdestructed() || changed.is_empty() {
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

impl Database for Overlay {
    type Error = Unreadable;

    fn basic(&mut self, address: Address) -> Result<Option<EvmInfo>, Unreadable> {
        Ok(self.account(address)?.map(|it| EvmInfo {
            balance: it.balance,
            nonce: it.nonce,
            code_hash: it.code_hash,
            account_id: None,
            code: None,
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Unreadable> {
        if hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        Ok(match self.codes.entry(hash) {
            MapEntry::Occupied(entry) => entry.get().clone(),
            MapEntry::Vacant(entry) => {
                let code = self.world.code(&hash).ok_or(Unreadable::Code { hash })?;
                entry.insert(Bytecode::new_raw(code)).clone()
            }
        })
    }

    fn storage(&mut self, address: Address, key: U256) -> Result<U256, Unreadable> {
        Ok(self.slot(address, key)?)
    }

    /// A number out of reach hashes to zero (Yellow Paper H.2).
    fn block_hash(&mut self, number: u64) -> Result<B256, Unreadable> {
        Ok(self.ancestors.get(number).unwrap_or_default())
    }
}
