use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use futures::executor::block_on;
use node_core::{
    chain::{Epoch, LayerId},
    codec::{
        Record,
        frame::{self, Kind},
        names,
        record::{
            AccountLeaf, AccountPage, CheckpointRef, CodePage, IndexPage, Manifest, PageRef, Place,
            SlotPage, StoredStorage,
        },
    },
    flow::{FlowError, checkpoint},
    port::{Put, Stores, memory::Memory},
    state::{Account, AccountInfo, Slot},
    trie::{EMPTY_ROOT, Fragment, Nibbles, StoredPage, Trie},
};

use crate::first;

const LAYER: LayerId = LayerId::new([7; 16]);
const CHECKPOINT: CheckpointRef = CheckpointRef { block: 4, epoch: Epoch(2) };

/// Longest path of a page that is tried: deeper ones differ in nothing.
const MOST_NIBBLES: usize = 6;

/// Any body as a page of a checkpoint, which is opened and loaded as a function does that starts.
///
/// The page is known by the hash of what it holds, if it holds a piece of a trie: then it must load.
///
/// # Panics
/// When a page with the right hash does not load, or one without loads.
pub fn pages(data: &[u8]) {
    let Some((kind, data)) = first(data) else { return };
    let Some((length, data)) = first(data) else { return };
    let length = usize::from(length).min(MOST_NIBBLES);
    let Some((path, raw)) = data.split_at_checked(length) else { return };
    let Some(path) = Nibbles::from_nibbles(path) else { return };
    let (kind, level) = match kind % 5 {
        0 => (Page::Accounts, 0),
        1 => (Page::Slots, 0),
        2 => (Page::Codes, 0),
        3 => (Page::Accounts, 1),
        _ => (Page::Slots, 1),
    };
    block_on(open(kind, StoredPage { path, hash: B256::ZERO, weight: 1, level }, raw));
}

/// Which trie the page is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Accounts,
    Slots,
    Codes,
}

impl Page {
    const fn frame(self, level: u8) -> Kind {
        match (self, level) {
            (_, 1..) => Kind::IndexPage,
            (Self::Accounts, _) => Kind::AccountPage,
            (Self::Slots, _) => Kind::SlotPage,
            (Self::Codes, _) => Kind::CodePage,
        }
    }

    /// The hash of the piece of a trie that a frame holds, when it holds one that pages may hold.
    fn hash(self, page: &StoredPage, frame: &[u8]) -> Option<B256> {
        if page.level > 0 {
            let pages = IndexPage::from_frame(frame).ok()?.pages;
            let children = pages.iter().map(|page| (page.page.path, page.page.hash)).collect();
            return Fragment::<Bytes>::of_children(page.path, children).ok()?.hash();
        }
        match self {
            Self::Accounts => {
                let leaves = AccountPage::from_frame(frame).ok()?.0.into_iter().map(account);
                hash_of(page.path, leaves.collect::<Option<_>>()?)
            }
            Self::Slots => {
                let leaves = SlotPage::from_frame(frame).ok()?.0.into_iter().map(slot);
                hash_of(
                    page.path,
                    leaves.map(|(key, slot)| (Nibbles::of_hash(&key), slot)).collect(),
                )
            }
            Self::Codes => {
                let codes = CodePage::from_frame(frame).ok()?.codes.into_iter();
                let leaf = |code: Bytes| (Nibbles::of_hash(&keccak256(&code)), code);
                hash_of(page.path, codes.map(leaf).collect())
            }
        }
    }
}

fn hash_of<V: node_core::trie::Value>(path: Nibbles, leaves: Vec<(Nibbles, V)>) -> Option<B256> {
    Fragment::of_leaves(path, leaves).ok()?.hash()
}

fn account(leaf: AccountLeaf) -> Option<(Nibbles, Account)> {
    let AccountLeaf { address, info, storage } = leaf;
    let storage = match storage {
        StoredStorage::Here(slots) => Trie::from_sorted(slots.into_iter().map(slot)).ok()?,
        StoredStorage::Page(page) => Trie::from_root(page.page.hash),
    };
    Some((Nibbles::of_hash(&keccak256(address)), Account { info, storage, address: Some(address) }))
}

fn slot((key, value): (U256, U256)) -> (B256, Slot) {
    (keccak256(key.to_be_bytes::<32>()), Slot { value, key: Some(key) })
}

/// Stores the page where a checkpoint leads to it, and loads all.
async fn open(of: Page, mut page: StoredPage, raw: &[u8]) {
    let frame = frame::encode(of.frame(page.level), raw);
    let hash = of.hash(&page, &frame);
    page.hash = hash.unwrap_or(B256::repeat_byte(1));
    let mut pack = Pack::default();
    let top = pack.add(page, &frame);
    let (accounts, codes) = match of {
        Page::Accounts => (vec![top], Vec::new()),
        Page::Codes => (Vec::new(), vec![top]),
        Page::Slots => (vec![pack.owner(top)], Vec::new()),
    };
    let stores = Memory::stores();
    let Some(manifest) = pack.manifest(accounts, codes) else { return };
    put(&stores, names::pack(LAYER, CHECKPOINT.block, CHECKPOINT.epoch), pack.0).await;
    let name = names::manifest(LAYER, CHECKPOINT.block, CHECKPOINT.epoch);
    put(&stores, name, manifest.to_frame()).await;
    let loaded = load(&stores).await;
    // Index pages lead to pages that are not there; a page of accounts may.
    let is_whole = hash.is_some() && page.level == 0 && hash != Some(EMPTY_ROOT);
    assert!(hash.is_some() || loaded.is_err(), "{of:?} {page:?}: a page without hash was loaded");
    assert!(
        !is_whole || loaded.is_ok() || of == Page::Accounts || !page.path.is_empty(),
        "{of:?} {page:?}: {loaded:?}"
    );
}

async fn load(stores: &Stores) -> Result<(), FlowError> {
    let mut tip = checkpoint::load_at(stores, LAYER, CHECKPOINT).await?;
    tip.pages.load_all(&mut tip.world).await?;
    assert_eq!(tip.world.root(), tip.header.state_root, "loading changed the root");
    Ok(())
}

async fn put(stores: &Stores, name: String, value: Vec<u8>) {
    let put = stores.objects.put(&name, value.into(), Put::IfAbsent).await;
    assert!(put.is_ok(), "the model stores everything");
}

/// A pack with the page, and what leads to it.
#[derive(Default)]
struct Pack(Vec<u8>);

impl Pack {
    fn add(&mut self, page: StoredPage, frame: &[u8]) -> PageRef {
        let count = |bytes: usize| u64::try_from(bytes).expect("usize fits u64 on every target");
        let CheckpointRef { block, epoch } = CHECKPOINT;
        let (offset, length) = (count(self.0.len()), count(frame.len()));
        self.0.extend_from_slice(frame);
        PageRef { page, place: Place { block, epoch, offset, length } }
    }

    /// The page of an account with this storage.
    fn owner(&mut self, storage: PageRef) -> PageRef {
        let storage = StoredStorage::Page(storage);
        let info = AccountInfo::default();
        let record = AccountPage(vec![AccountLeaf { address: Address::ZERO, info, storage }]);
        let frame = record.to_frame();
        let page = StoredPage { path: Nibbles::EMPTY, hash: B256::ZERO, weight: 1, level: 0 };
        let hash = Page::Accounts.hash(&page, &frame).unwrap_or_default();
        self.add(StoredPage { hash, ..page }, &frame)
    }

    /// The manifest of these pages; `None` when they are none of one trie.
    fn manifest(&self, accounts: Vec<PageRef>, codes: Vec<PageRef>) -> Option<Manifest> {
        let children = accounts.iter().map(|page| (page.page.path, page.page.hash)).collect();
        let top = Fragment::<Bytes>::of_children(Nibbles::EMPTY, children).ok()?;
        let (number, state_root) = (CHECKPOINT.block, top.hash()?);
        let header = Header { number, state_root, ..Header::default() };
        let (ancestors, runs, earlier) = (vec![B256::repeat_byte(1)], Vec::new(), Vec::new());
        Some(Manifest { header, next_slot: 8, ancestors, accounts, codes, runs, earlier })
    }
}
