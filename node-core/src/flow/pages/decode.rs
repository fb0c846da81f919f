use alloy_primitives::{B256, Bytes, U256, keccak256};

use crate::{
    codec::{
        RecordError,
        record::{
            AccountLeaf, AccountPage, CodePage, IndexPage, PageRef, Record, SlotPage, StoredStorage,
        },
    },
    keccak::keccak256_many,
    state::{Account, AnyFragment, Slot, TrieId},
    trie::{Fragment, Leaves, Nibbles, StoredPage, Trie, TrieError, Value},
};

/// A page in memory, verified against the hash it is known by.
#[derive(Debug)]
pub(super) struct Page {
    /// Its piece of the trie.
    pub(super) fragment: AnyFragment,
    /// The pages that it leads to, of this trie or of storage.
    pub(super) below: Vec<(TrieId, PageRef)>,
    /// About what it takes in memory.
    pub(super) bytes: usize,
}

/// Bytes of a leaf in memory: key, account, the node around it and its share of the branches above.
const LEAF_BYTES: usize = 400;

/// A page that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// It cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is no piece of a trie at its path.
    #[error(transparent)]
    Trie(#[from] TrieError),
    /// It is another piece of a trie.
    #[error("expected hash {expected}, got {got}")]
    Hash {
        /// Hash in the page above.
        expected: B256,
        /// Hash of what is stored.
        got: B256,
    },
}

/// Reads a page of a trie.
pub(super) fn page(of: TrieId, page: &StoredPage, frame: &[u8]) -> Result<Page, PageError> {
    let decoded = if page.level > 0 {
        index(of, page, frame)?
    } else {
        match of {
            TrieId::Accounts => accounts(page, frame)?,
            TrieId::Storage(_) => slots(page, frame)?,
            TrieId::Codes => codes(page, frame)?,
        }
    };
    let got = decoded.fragment.hash().unwrap_or_default();
    if got != page.hash {
        return Err(PageError::Hash { expected: page.hash, got });
    }
    Ok(decoded)
}

fn index(of: TrieId, page: &StoredPage, frame: &[u8]) -> Result<Page, PageError> {
    let IndexPage { pages } = IndexPage::from_frame(frame)?;
    let bytes = pages.len() * size_of::<(TrieId, PageRef)>();
    let children = super::children(&pages);
    let fragment = match of {
        TrieId::Accounts => AnyFragment::Accounts(Fragment::of_children(page.path, children)?),
        TrieId::Storage(_) => AnyFragment::Slots(Fragment::of_children(page.path, children)?),
        TrieId::Codes => AnyFragment::Codes(Fragment::of_children(page.path, children)?),
    };
    Ok(Page { fragment, below: pages.into_iter().map(|page| (of, page)).collect(), bytes })
}

fn accounts(page: &StoredPage, frame: &[u8]) -> Result<Page, PageError> {
    let AccountPage(stored) = AccountPage::from_frame(frame)?;
    let mut below = Vec::new();
    let mut leaves = Vec::with_capacity(stored.len());
    let mut bytes = 0;
    let keys = hashes(stored.iter().map(|leaf| leaf.address.as_slice()));
    for (key, AccountLeaf { address, info, storage }) in keys.into_iter().zip(stored) {
        let storage = match storage {
            StoredStorage::Here(slots) => {
                bytes += slots.len() * LEAF_BYTES;
                Trie::from_sorted(hashed(slots))?
            }
            StoredStorage::Page(page) => {
                below.push((TrieId::Storage(key), page));
                Trie::from_root(page.page.hash)
            }
        };
        leaves.push((Nibbles::of_hash(&key), Account { info, storage, address: Some(address) }));
    }
    bytes += leaves.len() * LEAF_BYTES;
    let fragment = AnyFragment::Accounts(Fragment::of_leaves(page.path, leaves)?);
    Ok(Page { fragment, below, bytes })
}

fn slots(page: &StoredPage, frame: &[u8]) -> Result<Page, PageError> {
    let SlotPage(slots) = SlotPage::from_frame(frame)?;
    let bytes = slots.len() * LEAF_BYTES;
    let leaves = hashed(slots).map(|(key, slot)| (Nibbles::of_hash(&key), slot));
    let fragment = AnyFragment::Slots(Fragment::of_leaves(page.path, leaves.collect())?);
    Ok(Page { fragment, below: Vec::new(), bytes })
}

fn codes(page: &StoredPage, frame: &[u8]) -> Result<Page, PageError> {
    let CodePage { codes } = CodePage::from_frame(frame)?;
    let bytes = codes.iter().map(|code| code.len()).sum();
    let leaves = codes.into_iter().map(|code| (Nibbles::of_hash(&keccak256(&code)), code));
    let fragment = AnyFragment::Codes(Fragment::of_leaves(page.path, leaves.collect())?);
    Ok(Page { fragment, below: Vec::new(), bytes })
}

/// Slots by the hashes of their numbers.
fn hashed(slots: Vec<(U256, U256)>) -> impl Iterator<Item = (B256, Slot)> {
    let numbers: Vec<_> = slots.iter().map(|(number, _)| number.to_be_bytes::<32>()).collect();
    let keys = hashes(numbers.iter().map(|number| &number[..]));
    let slots = slots.into_iter().map(|(number, value)| Slot { value, key: Some(number) });
    keys.into_iter().zip(slots)
}

fn hashes<'a>(messages: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<B256> {
    let mut hashes = vec![B256::ZERO; messages.len()];
    keccak256_many(messages, &mut hashes);
    hashes
}

/// A value of one of a state's tries: which kind of fragment has it.
pub(super) trait Stateful: Value {
    /// Leaves of a page below a node, as [`Fragment::leaves_below`].
    fn leaves_below(page: &Page, path: &Nibbles, hash: B256) -> Option<Leaves<Self>>;
}

impl Stateful for Account {
    fn leaves_below(page: &Page, path: &Nibbles, hash: B256) -> Option<Leaves<Self>> {
        let AnyFragment::Accounts(fragment) = &page.fragment else { return None };
        fragment.leaves_below(path, hash)
    }
}

impl Stateful for Slot {
    fn leaves_below(page: &Page, path: &Nibbles, hash: B256) -> Option<Leaves<Self>> {
        let AnyFragment::Slots(fragment) = &page.fragment else { return None };
        fragment.leaves_below(path, hash)
    }
}

impl Stateful for Bytes {
    fn leaves_below(page: &Page, path: &Nibbles, hash: B256) -> Option<Leaves<Self>> {
        let AnyFragment::Codes(fragment) = &page.fragment else { return None };
        fragment.leaves_below(path, hash)
    }
}
