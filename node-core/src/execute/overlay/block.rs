use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256,
    map::{AddressMap, B256Map, hash_map::Entry},
};
use revm::{
    bytecode::Bytecode,
    state::{AccountInfo as EvmInfo, EvmState},
};

use super::{
    super::patience::{Patience, Stopwatch},
    cached::{Cached, Hollow, Slot},
};
use crate::{
    chain::Ancestors,
    state::{AccountInfo, Later, Need, StateError, WorldState},
};

/// What a block changed so far, over the world before it; revm reads through it.
///
/// Every account and slot that was read stays here, so the trie is walked at most once per block for each; not at all
/// for what the world has in its flat cache.
/// Iteration order of the maps never reaches a hash: `seal` sorts.
#[derive(Debug)]
pub(in crate::execute) struct Overlay {
    pub(super) world: WorldState,
    /// What happened after `world`, and is not in it.
    pub(super) later: Later,
    pub(super) ancestors: Ancestors,
    accounts: AddressMap<Cached>,
    pub(super) codes: B256Map<Bytecode>,
    /// What was read and is not loaded; `None` when that is an error at once.
    pub(super) missed: Option<Vec<Need>>,
    hollow: Hollow,
    stopwatch: Option<Stopwatch>,
}

/// Accounts that are read at once: the ways to them fit into the second level of the cache.
const EXPECTED: usize = 256;

/// Sum of the balances that a transaction touched, in wei.
///
/// Wraps: on a layer no sum comes near 2^256, on Ethereum nobody looks at it.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::execute) struct Touched {
    /// Before the transaction.
    pub(in crate::execute) before: U256,
    /// After it.
    pub(in crate::execute) after: U256,
}

impl Overlay {
    /// Starts from `world`, with nothing changed.
    pub(in crate::execute) fn new(world: WorldState, ancestors: Ancestors) -> Self {
        let (accounts, codes) = (AddressMap::default(), B256Map::default());
        let later = Later::default();
        let hollow = Hollow::Deleted;
        Self { world, later, ancestors, accounts, codes, missed: None, hollow, stopwatch: None }
    }

    /// Starts from what `later` makes of the world. Only for what is not kept: a block is built on its
    /// parent's trie.
    pub(in crate::execute) fn after(mut self, later: Later) -> Self {
        self.later = later;
        self
    }

    /// What runs on this is given up when `patience` is over; with `None`, it never is.
    pub(in crate::execute) fn within(mut self, patience: Option<&Patience>) -> Self {
        self.stopwatch = patience.cloned().map(Stopwatch::new);
        self
    }

    /// Returns what measures how long a call takes.
    #[inline]
    pub(in crate::execute) const fn stopwatch(&mut self) -> Option<&mut Stopwatch> {
        self.stopwatch.as_mut()
    }

    /// Says what becomes of accounts that are touched and empty.
    pub(in crate::execute) const fn leave(&mut self, hollow: Hollow) {
        self.hollow = hollow;
    }

    /// From now on notes what is not loaded and goes on as if it did not exist. What comes out is
    /// worth nothing then, but tells most of what to load, at once.
    pub(in crate::execute) fn note_missing(&mut self) {
        self.missed.get_or_insert_default();
    }

    /// Takes no more notes; returns those that were taken.
    pub(in crate::execute) fn take_missed(&mut self) -> Vec<Need> {
        self.missed.take().unwrap_or_default()
    }

    /// Returns what was read and is not loaded.
    pub(in crate::execute) fn missed(&self) -> &[Need] {
        self.missed.as_deref().unwrap_or_default()
    }

    /// Returns the world before the block.
    pub(in crate::execute) const fn world(&self) -> &WorldState {
        &self.world
    }

    /// Reads accounts that will be asked for, many at once. Those that cannot be read are left to
    /// whoever asks.
    pub(in crate::execute) fn expect(&mut self, addresses: &[Address]) {
        let Self { world, accounts, .. } = self;
        let mut others = Vec::with_capacity(addresses.len());
        for address in addresses {
            match world.recent_account(address) {
                Some(info) => {
                    accounts.entry(*address).or_insert_with(|| Cached::new(info));
                }
                None => others.push(*address),
            }
        }
        for addresses in others.chunks(EXPECTED) {
            for (address, found) in addresses.iter().zip(world.accounts(addresses)) {
                let Ok(found) = found else { continue };
                accounts.entry(*address).or_insert_with(|| Cached::found(found.cloned()));
            }
        }
    }

    /// Hands the world before the block out, and forgets everything that was read from it: clones of
    /// its accounts would keep it from being changed in place. What was only read goes into the world's flat cache;
    /// what changed comes there with the delta.
    pub(in crate::execute) fn take_world(&mut self) -> WorldState {
        let mut world = core::mem::take(&mut self.world);
        let is_real = self.missed().is_empty() && self.later.is_empty();
        for (address, cached) in self.accounts.drain() {
            if is_real && let Some((info, slots)) = cached.into_read() {
                world.note_read(address, info, slots);
            }
        }
        world
    }

    /// Goes on with the same world in which more is loaded.
    pub(in crate::execute) fn reveal(&mut self, world: WorldState) {
        debug_assert_eq!(world.root(), self.world.root(), "the same world");
        self.world = world;
    }

    /// Returns everything that was read or changed.
    pub(in crate::execute) const fn accounts(&self) -> &AddressMap<Cached> {
        &self.accounts
    }

    /// Returns a code that was read or stored in this block.
    pub(in crate::execute) fn known_code(&self, hash: &B256) -> Option<Bytes> {
        self.codes.get(hash).map(Bytecode::original_bytes)
    }

    /// Returns an account as it is now.
    pub(in crate::execute) fn account(
        &mut self,
        address: Address,
    ) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.cached(address)?.now)
    }

    /// Returns whether an account has code now.
    pub(in crate::execute) fn has_code(&mut self, address: Address) -> Result<bool, StateError> {
        Ok(self.account(address)?.is_some_and(|it| it.has_code()))
    }

    /// Returns a slot as it is now.
    pub(in crate::execute) fn slot(
        &mut self,
        address: Address,
        key: U256,
    ) -> Result<U256, StateError> {
        Ok(self.cached_slot(address, key)?.now)
    }

    /// Writes a slot of an account that exists.
    pub(in crate::execute) fn set_slot(
        &mut self,
        address: Address,
        key: U256,
        value: U256,
    ) -> Result<(), StateError> {
        self.cached_slot(address, key)?.now = value;
        Ok(())
    }

    /// Changes nonce or balance of an account; one that does not exist begins empty, one that ends
    /// empty does not exist (EIP-161).
    pub(in crate::execute) fn update(
        &mut self,
        address: Address,
        change: impl FnOnce(&mut AccountInfo),
    ) -> Result<(), StateError> {
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
    pub(in crate::execute) fn put_back(
        &mut self,
        address: Address,
        account: Option<AccountInfo>,
    ) -> Result<(), StateError> {
        self.cached(address)?.now = account;
        Ok(())
    }

    /// Adds wei to a balance; nothing is created for nothing.
    pub(in crate::execute) fn credit(
        &mut self,
        address: Address,
        wei: U256,
    ) -> Result<(), StateError> {
        if wei.is_zero() {
            return Ok(());
        }
        // Saturates: all ETH there is fits into 128 bits.
        self.update(address, |account| account.balance = account.balance.saturating_add(wei))
    }

    /// Forgets all slots of an account: those that are not written after this are zero.
    pub(in crate::execute) fn clear_storage(&mut self, address: Address) -> Result<(), StateError> {
        self.cached(address)?.clear_storage();
        Ok(())
    }

    /// Gives an account code.
    pub(in crate::execute) fn set_code(
        &mut self,
        address: Address,
        code: Bytes,
    ) -> Result<(), StateError> {
        let code = Bytecode::new_raw(code);
        let hash = code.hash_slow();
        self.codes.insert(hash, code);
        self.update(address, |account| account.code_hash = hash)
    }

    /// Takes over what one transaction did.
    pub(in crate::execute) fn commit(&mut self, changes: EvmState) -> Result<Touched, StateError> {
        let mut touched = Touched::default();
        let hollow = self.hollow;
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            self.keep_code(&changed.info);
            let cached = self.cached(address)?;
            touched.before = touched.before.wrapping_add(cached.balance());
            cached.take_over(&changed, hollow);
            touched.after = touched.after.wrapping_add(cached.balance());
        }
        Ok(touched)
    }

    fn cached(&mut self, address: Address) -> Result<&mut Cached, StateError> {
        let Self { world, later, accounts, missed, .. } = self;
        load(accounts, (world, later), missed, address)
    }

    fn cached_slot(&mut self, address: Address, key: U256) -> Result<&mut Slot, StateError> {
        let Self { world, later, accounts, missed, .. } = self;
        let cached = load(accounts, (world, later), missed, address)?;
        cached.slot((world, later), missed, &address, key)
    }

    fn keep_code(&mut self, info: &EvmInfo) {
        let Some(code) = &info.code else { return };
        if info.code_hash != KECCAK256_EMPTY {
            self.codes.entry(info.code_hash).or_insert_with(|| code.clone());
        }
    }
}

fn load<'a>(
    accounts: &'a mut AddressMap<Cached>,
    (world, later): (&WorldState, &Later),
    missed: &mut Option<Vec<Need>>,
    address: Address,
) -> Result<&'a mut Cached, StateError> {
    Ok(match accounts.entry(address) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            if let Some(info) = later.account(&address).or_else(|| world.recent_account(&address)) {
                return Ok(entry.insert(Cached::new(info)));
            }
            let found = noted(missed, world.account(&address))?.flatten().cloned();
            entry.insert(Cached::found(found))
        }
    })
}

/// Turns what is not loaded into a note, where notes are taken.
pub(super) fn noted<T>(
    missed: &mut Option<Vec<Need>>,
    read: Result<T, StateError>,
) -> Result<Option<T>, StateError> {
    match (read, missed) {
        (Err(StateError::Missing(need)), Some(missed)) => {
            missed.push(need);
            Ok(None)
        }
        (read, _) => read.map(Some),
    }
}
