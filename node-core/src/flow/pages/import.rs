//! Writes a whole state as pages, from its sorted leaves: for states that come from elsewhere.
//!
//! Needs memory for the leaves and one pack, never for a trie of all of them.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

use super::{
    Layout, Written,
    write::{Pack, weight},
};
use crate::{
    chain::Epoch,
    codec::record::{AccountLeaf, AccountPage, CodePage, PageRef, Record, SlotPage, StoredStorage},
    flow::FlowError,
    state::{Account, AccountInfo, Slot},
    trie::{Fragment, Nibbles, StoredPage, Trie, Value},
};

/// An account to be imported.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Address.
    pub address: Address,
    /// Nonce, balance, code hash.
    pub info: AccountInfo,
    /// Slot numbers and values, in any order, none zero.
    pub slots: Vec<(U256, U256)>,
}

/// Bytes of a pack, above which the next one begins.
const PACK_BYTES: usize = 64 * 1024 * 1024;

/// Cuts a state into pages and hands out pack after pack.
///
/// The packs have the block 0 and an epoch each, counted from 0, in order.
#[derive(Debug)]
pub struct Import<S> {
    layout: Layout,
    pack: Pack,
    sink: S,
}

impl<S: FnMut(Epoch, Bytes) -> Result<(), FlowError>> Import<S> {
    /// Starts with nothing; `sink` stores the packs.
    pub const fn new(layout: Layout, sink: S) -> Self {
        Self { layout, pack: Pack::new(0, Epoch(0)), sink }
    }

    /// Writes accounts, in any order, each once, and codes.
    ///
    /// # Errors
    /// Those of the sink; [`TrieError::Unsorted`](crate::trie::TrieError::Unsorted) for an account or
    /// a slot that comes twice.
    pub fn write(
        mut self,
        accounts: Vec<Imported>,
        codes: Vec<Bytes>,
    ) -> Result<Written, FlowError> {
        let mut leaves = Vec::with_capacity(accounts.len());
        for account in accounts {
            leaves.push(self.account(account)?);
        }
        leaves.sort_unstable_by_key(|(key, _)| *key);
        let accounts = self.pages(Nibbles::EMPTY, &leaves)?;
        drop(leaves);
        let mut codes: Vec<_> = codes.into_iter().map(|code| (keccak256(&code), code)).collect();
        codes.sort_unstable_by_key(|(key, _)| *key);
        let codes = self.pages(Nibbles::EMPTY, &codes)?;
        let accounts =
            super::write::index(&self.layout, accounts, self.layout.top_pages, &mut self.pack)?;
        self.flush()?;
        Ok(Written { accounts, codes, pack: Bytes::new() })
    }

    /// Writes the storage of an account that does not hold it itself.
    fn account(&mut self, account: Imported) -> Result<(B256, AccountLeaf), FlowError> {
        let Imported { address, info, slots } = account;
        let mut slots: Vec<_> = slots
            .into_iter()
            .map(|(number, value)| (keccak256(number.to_be_bytes::<32>()), (number, value)))
            .collect();
        slots.sort_unstable_by_key(|(key, _)| *key);
        let storage = if slots.len() <= self.layout.slots_here {
            StoredStorage::Here(slots.into_iter().map(|(_, slot)| slot).collect())
        } else {
            let pages = self.pages(Nibbles::EMPTY, &slots)?;
            StoredStorage::Page(super::write::one_page(&self.layout, pages, &mut self.pack)?)
        };
        Ok((keccak256(address), AccountLeaf { address, info, storage }))
    }

    /// Writes the leaves below `path`: one page, or those below each nibble.
    fn pages<L: Leaf>(
        &mut self,
        path: Nibbles,
        leaves: &[(B256, L)],
    ) -> Result<Vec<PageRef>, FlowError> {
        let weight: u64 = leaves.iter().map(|(_, leaf)| leaf.weight()).sum();
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        if weight <= self.layout.page_bytes || leaves.len() == 1 {
            return Ok(vec![self.page(path, weight, leaves)?]);
        }
        let mut pages = Vec::new();
        let mut left = leaves;
        while let Some((first, _)) = left.first() {
            let below = Nibbles::of_hash(first).prefix(path.len() + 1);
            let same = left.partition_point(|(key, _)| Nibbles::of_hash(key).starts_with(&below));
            let (here, rest) = left.split_at(same);
            pages.extend(self.pages(below, here)?);
            left = rest;
        }
        Ok(pages)
    }

    fn page<L: Leaf>(
        &mut self,
        path: Nibbles,
        weight: u64,
        leaves: &[(B256, L)],
    ) -> Result<PageRef, FlowError> {
        let values = leaves.iter().map(|(key, leaf)| Ok((Nibbles::of_hash(key), leaf.value()?)));
        let fragment = Fragment::of_leaves(path, values.collect::<Result<_, FlowError>>()?)?;
        let hash = fragment.hash().unwrap_or_default();
        let page = StoredPage { path, hash, weight, level: 0 };
        let placed = self.pack.add(page, &L::record(leaves));
        if self.pack.len() >= PACK_BYTES {
            self.flush()?;
        }
        Ok(placed)
    }

    fn flush(&mut self) -> Result<(), FlowError> {
        let next = Pack::new(0, self.pack.epoch().next());
        let full = core::mem::replace(&mut self.pack, next);
        if full.len() == 0 {
            return Ok(());
        }
        (self.sink)(full.epoch(), full.into_bytes())
    }
}

/// What a page of leaves is made of.
trait Leaf: Sized + Clone {
    type Value: Value;
    type Page: Record;

    fn weight(&self) -> u64;

    fn value(&self) -> Result<Self::Value, FlowError>;

    fn record(leaves: &[(B256, Self)]) -> Self::Page;
}

impl Leaf for AccountLeaf {
    type Value = Account;
    type Page = AccountPage;

    fn weight(&self) -> u64 {
        match &self.storage {
            StoredStorage::Here(slots) => weight::account(Some(slots.len())),
            StoredStorage::Page(_) => weight::account(None),
        }
    }

    fn value(&self) -> Result<Account, FlowError> {
        let storage = match &self.storage {
            StoredStorage::Here(slots) => {
                let slots = slots.iter().map(|(number, value)| {
                    let slot = Slot { value: *value, key: Some(*number) };
                    (keccak256(number.to_be_bytes::<32>()), slot)
                });
                Trie::from_sorted(slots)?
            }
            StoredStorage::Page(page) => Trie::from_root(page.page.hash),
        };
        Ok(Account { info: self.info, storage, address: Some(self.address) })
    }

    fn record(leaves: &[(B256, Self)]) -> AccountPage {
        AccountPage(leaves.iter().map(|(_, leaf)| leaf.clone()).collect())
    }
}

impl Leaf for (U256, U256) {
    type Value = Slot;
    type Page = SlotPage;

    fn weight(&self) -> u64 {
        weight::SLOT
    }

    fn value(&self) -> Result<Slot, FlowError> {
        Ok(Slot { value: self.1, key: Some(self.0) })
    }

    fn record(leaves: &[(B256, Self)]) -> SlotPage {
        SlotPage(leaves.iter().map(|(_, slot)| *slot).collect())
    }
}

impl Leaf for Bytes {
    type Value = Self;
    type Page = CodePage;

    fn weight(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }

    fn value(&self) -> Result<Self, FlowError> {
        Ok(self.clone())
    }

    fn record(leaves: &[(B256, Self)]) -> CodePage {
        CodePage { codes: leaves.iter().map(|(_, code)| code.clone()).collect() }
    }
}
