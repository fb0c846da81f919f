//! The pages that a checkpoint writes anew.

use core::cell::{Cell, RefCell};

use alloy_primitives::{B256, Bytes, U256};

use super::{Held, Layout, Pages, Wanted, Way, children, decode::Stateful, nowhere};
use crate::{
    chain::Epoch,
    codec::record::{
        AccountLeaf, AccountPage, CodePage, IndexPage, PackError, PageRef, Place, Record, SlotPage,
        StoredStorage,
    },
    flow::FlowError,
    state::{Account, Blinded, Slot, TrieId, WorldState},
    trie::{Fragment, Grouped, Leaves, Nibbles, Part, StoredPage, StoredPages, group},
};

/// Most pages that the top page of one account's storage leads to: it is read by whoever touches a slot.
const TOP_STORAGE_PAGES: usize = 256;

/// Bytes of leaves in a page, before compression. Only where pages are cut depends on them.
pub(super) mod weight {
    /// A slot: number, value and its length.
    pub(in super::super) const SLOT: u64 = 45;

    /// An account: address, nonce, balance and code, and its slots or the page that has them.
    pub(in super::super) fn account(slots_here: Option<usize>) -> u64 {
        40 + slots_here.map_or(60, |slots| super::count(slots) * SLOT)
    }
}

/// What a checkpoint consists of.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Topmost pages of the accounts, in order of paths.
    pub accounts: Vec<PageRef>,
    /// Topmost pages of the codes, in order of paths.
    pub codes: Vec<PageRef>,
    /// The pages that are new, end to end; empty when nothing changed.
    pub pack: Bytes,
}

impl Pages {
    /// Makes the pages of `world`, which these are the pages of but for what changed since.
    ///
    /// # Errors
    /// [`PackError::Preimage`] for an account or a slot that is known by its hash only;
    /// [`PortError::Corrupt`](crate::port::PortError::Corrupt); the stores' errors.
    pub async fn write(
        &self,
        world: &WorldState,
        block: u64,
        epoch: Epoch,
    ) -> Result<Written, FlowError> {
        let mut held = Held::new();
        loop {
            let writer = Writer {
                pages: self,
                held: &held,
                wanted: RefCell::default(),
                lost: Cell::default(),
            };
            let mut pack = Pack::new(block, epoch);
            let accounts = writer.accounts(world, &mut pack)?;
            let codes = writer.codes(world, &mut pack)?;
            if let Some(lost) = writer.lost.get() {
                return Err(nowhere(&lost).into());
            }
            let wanted = writer.wanted.into_inner();
            if wanted.is_empty() {
                return Ok(Written { accounts, codes, pack: pack.into_bytes() });
            }
            held.extend(self.fetch(wanted).await?);
        }
    }
}

/// A pack being filled.
#[derive(Debug)]
pub(super) struct Pack {
    block: u64,
    epoch: Epoch,
    bytes: Vec<u8>,
}

impl Pack {
    pub(super) const fn new(block: u64, epoch: Epoch) -> Self {
        Self { block, epoch, bytes: Vec::new() }
    }

    pub(super) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes.into()
    }

    pub(super) fn add(&mut self, page: StoredPage, record: &impl Record) -> PageRef {
        let frame = record.to_frame();
        let place = Place {
            block: self.block,
            epoch: self.epoch,
            offset: count(self.bytes.len()),
            length: count(frame.len()),
        };
        self.bytes.extend_from_slice(&frame);
        PageRef { page, place }
    }
}

/// Cuts the tries of a state; notes which stored pages it had to know and did not.
struct Writer<'a> {
    pages: &'a Pages,
    held: &'a Held,
    wanted: RefCell<Wanted>,
    /// A node that no page has: nothing may be written then.
    lost: Cell<Option<Blinded>>,
}

/// One trie as it is stored.
struct Stored<'a> {
    writer: &'a Writer<'a>,
    of: TrieId,
}

impl Writer<'_> {
    fn layout(&self) -> &Layout {
        &self.pages.0.layout
    }

    fn accounts(&self, world: &WorldState, pack: &mut Pack) -> Result<Vec<PageRef>, FlowError> {
        let stored = Stored { writer: self, of: TrieId::Accounts };
        let weigh = |account: &Account| self.weigh(account);
        let parts = world.account_trie().cut(&stored, self.layout().page_bytes, &weigh);
        let pages = self.store(&stored, parts, pack, |leaves: Leaves<Account>, pack| {
            let leaves = leaves.iter().map(|(key, account)| self.account(key, account, pack));
            leaves.collect::<Result<_, _>>().map(AccountPage)
        })?;
        index(self.layout(), pages, self.layout().top_pages, pack)
    }

    fn codes(&self, world: &WorldState, pack: &mut Pack) -> Result<Vec<PageRef>, FlowError> {
        let stored = Stored { writer: self, of: TrieId::Codes };
        let weigh = |code: &Bytes| count(code.len());
        let parts = world.code_trie().cut(&stored, self.layout().page_bytes, &weigh);
        let pages = self.store(&stored, parts, pack, |leaves: Leaves<Bytes>, _| {
            Ok(CodePage { codes: leaves.into_iter().map(|(_, code)| code).collect() })
        })?;
        index(self.layout(), pages, self.layout().top_pages, pack)
    }

    fn account(
        &self,
        key: &Nibbles,
        account: &Account,
        pack: &mut Pack,
    ) -> Result<AccountLeaf, FlowError> {
        let hash = hash_of(key);
        let address = account.address.ok_or(PackError::Preimage { hash })?;
        let storage = match account.storage.count_up_to(self.layout().slots_here) {
            Some(_) => StoredStorage::Here(slots_here(account)?),
            None => self.storage(hash, account, pack)?,
        };
        Ok(AccountLeaf { address, info: account.info, storage })
    }

    /// Storage that is in pages, or was.
    fn storage(
        &self,
        owner: B256,
        account: &Account,
        pack: &mut Pack,
    ) -> Result<StoredStorage, FlowError> {
        let stored = Stored { writer: self, of: TrieId::Storage(owner) };
        let limit = self.layout().page_bytes;
        let mut parts = account.storage.cut(&stored, limit, &|_: &Slot| weight::SLOT);
        if let [Part::New { leaves, .. }] = &mut parts[..]
            && leaves.len() <= self.layout().slots_here
        {
            return Ok(StoredStorage::Here(slots(core::mem::take(leaves))?));
        }
        let pages = self
            .store(&stored, parts, pack, |leaves: Leaves<Slot>, _| slots(leaves).map(SlotPage))?;
        // Without pages something was not in memory: what is made here is not used then.
        if pages.is_empty() {
            return Ok(StoredStorage::Here(Vec::new()));
        }
        one_page(self.layout(), pages, pack).map(StoredStorage::Page)
    }

    /// Bytes of an account's leaf, with the slots that are stored there.
    fn weigh(&self, account: &Account) -> u64 {
        weight::account(account.storage.count_up_to(self.layout().slots_here))
    }

    /// Writes the new pages; kept ones stay where they are.
    fn store<V, R: Record>(
        &self,
        stored: &Stored<'_>,
        parts: Vec<Part<V>>,
        pack: &mut Pack,
        record: impl Fn(Leaves<V>, &mut Pack) -> Result<R, FlowError>,
    ) -> Result<Vec<PageRef>, FlowError> {
        let mut pages = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Kept(page) => match stored.known(&page.path) {
                    Some(kept) => pages.push(kept),
                    None => stored.lose(&page.path, page.hash),
                },
                Part::New { page, leaves } => {
                    let record = record(leaves, pack)?;
                    pages.push(pack.add(page, &record));
                }
            }
        }
        Ok(pages)
    }
}

/// Puts levels of index pages above pages until there are few enough.
pub(super) fn index(
    layout: &Layout,
    mut pages: Vec<PageRef>,
    most: usize,
    pack: &mut Pack,
) -> Result<Vec<PageRef>, FlowError> {
    let mut limit = layout.page_bytes;
    while pages.len() > most {
        limit = limit.saturating_mul(layout.fan_out);
        let weight = |page: &PageRef| (page.page.path, page.page.weight);
        pages = group(pages, limit, &weight)
            .into_iter()
            .map(|grouped| match grouped {
                Grouped::One(page) => Ok(page),
                Grouped::Many { path, items } => one_index(path, items, pack),
            })
            .collect::<Result<_, _>>()?;
    }
    Ok(pages)
}

/// Puts index pages above the pages of one storage until there is one.
pub(super) fn one_page(
    layout: &Layout,
    pages: Vec<PageRef>,
    pack: &mut Pack,
) -> Result<PageRef, FlowError> {
    let pages = index(layout, pages, layout.top_pages.min(TOP_STORAGE_PAGES), pack)?;
    match pages[..] {
        [only] => Ok(only),
        _ => one_index(Nibbles::EMPTY, pages, pack),
    }
}

fn one_index(path: Nibbles, pages: Vec<PageRef>, pack: &mut Pack) -> Result<PageRef, FlowError> {
    let fragment = Fragment::<Bytes>::of_children(path, children(&pages))?;
    let page = StoredPage {
        path,
        hash: fragment.hash().unwrap_or_default(),
        weight: pages.iter().map(|page| page.page.weight).sum(),
        level: 1 + pages.iter().map(|page| page.page.level).max().unwrap_or_default(),
    };
    Ok(pack.add(page, &IndexPage { pages }))
}

fn slots_here(account: &Account) -> Result<Vec<(U256, U256)>, FlowError> {
    account
        .slots()
        .map(|slot| {
            let (hash, slot) = slot?;
            Ok(slot.entry().ok_or(PackError::Preimage { hash })?)
        })
        .collect()
}

fn slots(leaves: Leaves<Slot>) -> Result<Vec<(U256, U256)>, FlowError> {
    let entry = |(key, slot): (Nibbles, Slot)| {
        Ok(slot.entry().ok_or(PackError::Preimage { hash: hash_of(&key) })?)
    };
    leaves.into_iter().map(entry).collect()
}

impl Stored<'_> {
    fn known(&self, path: &Nibbles) -> Option<PageRef> {
        self.writer.pages.known().get(self.of, path).map(|known| known.page)
    }

    fn lose(&self, path: &Nibbles, hash: B256) {
        self.writer.lost.set(Some(Blinded { of: self.of, path: *path, hash }));
    }

    fn want(&self, of: TrieId, page: PageRef) {
        self.writer.wanted.borrow_mut().insert(page.place, (of, page));
    }
}

impl<V: Stateful> StoredPages<V> for Stored<'_> {
    fn page(&self, path: &Nibbles) -> Option<StoredPage> {
        let found = self.known(path);
        if found.is_some() || !path.is_empty() || !matches!(self.of, TrieId::Storage(_)) {
            return found.map(|found| found.page);
        }
        // Where a storage begins is in the page of its account, if it was stored at all.
        if let Way::Fetch(of, page) = self.writer.pages.way(self.of, path, self.writer.held) {
            self.want(of, page);
        }
        self.known(path).map(|found| found.page)
    }

    fn open(&self, path: &Nibbles) {
        let Some(page) = self.known(path) else { return };
        match self.writer.pages.cached(&page.place, self.writer.held) {
            Some(opened) => self.writer.pages.open(self.of, &page, &opened),
            None => self.want(self.of, page),
        }
    }

    fn below(&self, path: &Nibbles) -> Vec<StoredPage> {
        self.writer.pages.known().below(self.of, path)
    }

    fn leaves_below(&self, path: &Nibbles, hash: B256) -> Leaves<V> {
        match self.writer.pages.way(self.of, path, self.writer.held) {
            Way::In(_, page) => {
                if let Some(leaves) = V::leaves_below(&page, path, hash) {
                    return leaves;
                }
                self.lose(path, hash);
            }
            Way::Fetch(of, page) => self.want(of, page),
            Way::Nowhere => self.lose(path, hash),
        }
        Vec::new()
    }
}

fn hash_of(key: &Nibbles) -> B256 {
    B256::right_padding_from(key.as_key().unwrap_or_default())
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
