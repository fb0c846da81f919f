//! State that is loaded page by page.
//!
//! [`Pages`] knows the pages of one checkpoint: the topmost from its manifest, the others as the pages
//! above them are read. What is missing in a state is named as a [`Need`]; [`Pages::load`] fetches the
//! pages on the way to all needs of a batch in parallel, one round trip for each level, verifies each
//! by its hash, and grafts just the ways that were asked for into the state.
//!
//! Measured by `make bench`, section `open`, on two cores that compiled at the same time (three to four times
//! slower than alone): a process that knows nothing seals its first block of 100 transfers between accounts all
//! over a state of 10 k / 1 M / 10 M accounts in 38 / 44 / 64 ms, after 148 / 403 / 612 requests for 0.19 / 0.45 /
//! 0.58 MB; with 20 ms for each request to the object store in 69 / 124 / 160 ms. What grows is the number of
//! requests: a page for each level and account. Next: the pages of one way side by side in the pack, and one
//! range for both.
//!
//! | file | what |
//! |---|---|
//! | `decode` | a page as it is in memory, verified |
//! | `verified` | pages of codes that are not hashed again |
//! | `layout` | how a state is cut into pages, and why so |
//! | `known` | the pages of which the places are known |
//! | `cache` | pages in memory, up to a number of bytes |
//! | `write` | the pages that a checkpoint writes anew |
//! | `import` | the pages of a state that comes from elsewhere |

mod cache;
mod decode;
mod import;
mod known;
mod layout;
mod verified;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use alloy_primitives::B256;
use futures::{StreamExt, TryStreamExt, stream};

pub use cache::PageCache;
pub use import::{Import, Imported};
pub use layout::Layout;
pub use write::Written;

use self::{decode::Page, known::KnownPages};
use super::FlowError;
use crate::{
    chain::{LayerId, SealedHeader},
    codec::{
        names,
        record::{PageRef, Place},
    },
    port::{Objects, PortError},
    state::{Blinded, Need, TrieId, WorldState},
    trie::{Fragment, Graft, Nibbles},
};

/// Pages fetched at a time. An object store answers thousands of requests at once; a first block that
/// touches 200 accounts here and there should not wait for four round trips where one is enough.
const PARALLEL: usize = 256;

/// Bytes in memory up to which a page is loaded whole: a few dozen leaves.
const SMALL_PAGE_BYTES: usize = 16 * 1024;

/// Leaves of a page that are loaded one at a time. A state that is touched all over would otherwise decode
/// each of its pages once for each leaf; one that is touched here and there would load all of it.
const FEW_USES: u8 = 4;

/// Pages that are asked for at a time when a whole state is loaded.
const AT_ONCE: usize = 4_096;

/// The pages of one checkpoint.
#[derive(Clone)]
pub struct Pages(Arc<Inner>);

struct Inner {
    objects: Arc<dyn Objects>,
    layer: LayerId,
    layout: Layout,
    accounts: Vec<PageRef>,
    codes: Vec<PageRef>,
    cache: PageCache,
    known: Mutex<KnownPages>,
    fetched: Traffic,
}

/// What was read from the object store.
#[derive(Debug, Default)]
struct Traffic {
    pages: AtomicU64,
    bytes: AtomicU64,
}

/// Pages by their place, held while they are needed: the cache may have forgotten them.
type Held = BTreeMap<Place, Arc<Page>>;

/// Pages to fetch.
type Wanted = BTreeMap<Place, (TrieId, PageRef)>;

/// Where a node is.
enum Way {
    /// In this page.
    In(PageRef, Arc<Page>),
    /// In this page, or in one below it.
    Fetch(TrieId, PageRef),
    /// In none.
    Nowhere,
}

impl core::fmt::Debug for Pages {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pages").field("layer", &self.0.layer).finish_non_exhaustive()
    }
}

impl Pages {
    /// The pages of a layer that has no checkpoint yet.
    pub fn none(objects: Arc<dyn Objects>, layer: LayerId, layout: Layout) -> Self {
        let cache = PageCache::default();
        Self::of(objects, layer, layout, cache, Written::default())
    }

    /// The pages of a checkpoint with these topmost pages.
    pub fn of(
        objects: Arc<dyn Objects>,
        layer: LayerId,
        layout: Layout,
        cache: PageCache,
        top: Written,
    ) -> Self {
        let Written { accounts, codes, .. } = top;
        let mut known = KnownPages::default();
        accounts.iter().for_each(|page| known.add(TrieId::Accounts, *page));
        codes.iter().for_each(|page| known.add(TrieId::Codes, *page));
        let (known, fetched) = (Mutex::new(known), Traffic::default());
        Self(Arc::new(Inner { objects, layer, layout, accounts, codes, cache, known, fetched }))
    }

    /// The pages of the next checkpoint, with the same cache.
    pub(super) fn next(&self, top: Written) -> Self {
        let Inner { objects, layer, layout, cache, .. } = &*self.0;
        Self::of(Arc::clone(objects), *layer, *layout, cache.clone(), top)
    }

    /// The pages in memory.
    pub(super) fn cache(&self) -> PageCache {
        self.0.cache.clone()
    }

    /// The state at the checkpoint, of which nothing is loaded but the nodes above the topmost pages.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] when these are no pages of one trie.
    pub fn world(&self) -> Result<WorldState, FlowError> {
        let accounts = Fragment::of_children(Nibbles::EMPTY, children(&self.0.accounts))?;
        let codes = Fragment::of_children(Nibbles::EMPTY, children(&self.0.codes))?;
        Ok(WorldState::from_fragments(&accounts, &codes))
    }

    /// Checks that the topmost pages lead to the state root of `header`.
    ///
    /// # Errors
    /// [`FlowError::StateRoot`].
    pub(super) fn check(&self, header: &SealedHeader) -> Result<(), FlowError> {
        let (expected, got) = (header.state_root, self.world()?.root());
        if got == expected {
            return Ok(());
        }
        Err(FlowError::StateRoot { number: header.number, expected, got })
    }

    /// Loads everything on the way to `needs`.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] names the page that is not what it should be; the stores' errors.
    pub async fn load(&self, world: &mut WorldState, needs: &[Need]) -> Result<(), FlowError> {
        let mut open: BTreeSet<Need> = needs.iter().copied().collect();
        let mut held = Held::new();
        loop {
            let mut wanted = Wanted::new();
            let mut left = BTreeSet::new();
            for need in open {
                if let Some((of, page)) = self.graft(world, &need, &held)? {
                    wanted.insert(page.place, (of, page));
                    left.insert(need);
                }
            }
            if wanted.is_empty() {
                return Ok(());
            }
            open = left;
            held.extend(self.fetch(wanted).await?);
        }
    }

    /// Loads a whole state.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_all(&self, world: &mut WorldState) -> Result<(), FlowError> {
        loop {
            let needs = world.blinded(AT_ONCE);
            if needs.is_empty() {
                return Ok(());
            }
            self.load(world, &needs).await?;
        }
    }

    /// Runs `read` until all that it needs is loaded.
    ///
    /// # Errors
    /// Those of `read` that loading does not mend, and those of loading.
    pub async fn with<T, E>(
        &self,
        world: &mut WorldState,
        mut read: impl FnMut(&WorldState) -> Result<T, E> + Send,
    ) -> Result<T, FlowError>
    where
        FlowError: From<E>,
    {
        loop {
            let error = match read(world) {
                Ok(value) => return Ok(value),
                Err(error) => FlowError::from(error),
            };
            let needs = error.needs();
            if needs.is_empty() {
                return Err(error);
            }
            self.load(world, &needs).await?;
        }
    }

    /// Pages and bytes that were read from the object store.
    pub fn fetched(&self) -> (u64, u64) {
        let Traffic { pages, bytes } = &self.0.fetched;
        (pages.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed))
    }

    /// Loads the way to `need` from pages in memory; returns the next page when it is not.
    fn graft(
        &self,
        world: &mut WorldState,
        need: &Need,
        held: &Held,
    ) -> Result<Option<(TrieId, PageRef)>, FlowError> {
        let mut before = None;
        while let Some(blinded) = world.first_blinded(need) {
            let (at, page) = match self.way(blinded.of, &blinded.path, held) {
                Way::In(at, page) if before != Some(blinded) => (at, page),
                Way::Fetch(of, page) => return Ok(Some((of, page))),
                Way::In(..) | Way::Nowhere => return Err(nowhere(&blinded).into()),
            };
            let key = match (blinded.of, need.of) {
                (TrieId::Accounts, TrieId::Storage(owner)) => Nibbles::of_hash(&owner),
                _ => need.path,
            };
            let graft = self.how_much(blinded.of, &at, &page);
            world.graft(blinded.of, &key, &page.fragment, graft);
            before = Some(blinded);
        }
        Ok(None)
    }

    /// The page that holds the node at `path`: the deepest known one at or above it.
    fn way(&self, of: TrieId, path: &Nibbles, held: &Held) -> Way {
        loop {
            let above = self.known().deepest(of, path);
            let (of, known) = match (above, of) {
                (Some(known), _) => (of, known),
                // The account's page says where its storage is.
                (None, TrieId::Storage(owner)) => {
                    let account = Nibbles::of_hash(&owner);
                    match self.known().deepest(TrieId::Accounts, &account) {
                        Some(known) if !known.opened => (TrieId::Accounts, known),
                        _ => return Way::Nowhere,
                    }
                }
                (None, _) => return Way::Nowhere,
            };
            let Some(page) = self.cached(&known.page.place, held) else {
                return Way::Fetch(of, known.page);
            };
            if known.opened {
                return Way::In(known.page, page);
            }
            self.open(of, &known.page, &page);
        }
    }

    /// The way to one leaf of a page, until so many were asked for that more will be.
    fn how_much(&self, of: TrieId, at: &PageRef, page: &Page) -> Graft {
        if at.page.level > 0 || page.bytes <= SMALL_PAGE_BYTES {
            return Graft::Whole;
        }
        let mut known = self.known();
        let Some(known) = known.get_mut(of, &at.page.path) else { return Graft::Way };
        known.uses = known.uses.saturating_add(1);
        if known.uses > FEW_USES { Graft::Whole } else { Graft::Way }
    }

    /// Makes known what a page leads to.
    fn open(&self, of: TrieId, at: &PageRef, page: &Page) {
        let mut known = self.known();
        for (of, below) in &page.below {
            known.add(*of, *below);
        }
        if let Some(known) = known.get_mut(of, &at.page.path) {
            known.opened = true;
        }
    }

    fn cached(&self, place: &Place, held: &Held) -> Option<Arc<Page>> {
        held.get(place).cloned().or_else(|| self.0.cache.get(place))
    }

    async fn fetch(&self, wanted: Wanted) -> Result<Held, FlowError> {
        let fetches = wanted.into_values().map(|(of, page)| self.fetch_one(of, page));
        stream::iter(fetches).buffer_unordered(PARALLEL).try_collect().await
    }

    async fn fetch_one(&self, of: TrieId, page: PageRef) -> Result<(Place, Arc<Page>), FlowError> {
        let Inner { objects, layer, cache, fetched, .. } = &*self.0;
        let Place { block, epoch, offset, length } = page.place;
        let name = names::pack(*layer, block, epoch);
        let frame = objects.get_range(&name, offset, bytes(length)).await?;
        fetched.pages.fetch_add(1, Ordering::Relaxed);
        fetched.bytes.fetch_add(length, Ordering::Relaxed);
        let decoded = verified::page(of, &page.page, &frame).map_err(|reason| {
            let name = format!(
                "page at {}, bytes {offset} to {}, of {name}",
                page.page.path,
                offset + length
            );
            PortError::Corrupt { name, reason: reason.to_string() }
        })?;
        cache.insert(page.place, Arc::clone(&decoded));
        Ok((page.place, decoded))
    }

    fn known(&self) -> MutexGuard<'_, KnownPages> {
        // Whoever panicked while holding it has added pages or has not; both are right.
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn children(pages: &[PageRef]) -> Vec<(Nibbles, B256)> {
    pages.iter().map(|page| (page.page.path, page.page.hash)).collect()
}

/// A length too large for memory is refused by the store.
fn bytes(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn nowhere(blinded: &Blinded) -> PortError {
    let Blinded { of, path, hash } = *blinded;
    PortError::Corrupt {
        name: Need { of, path }.to_string(),
        reason: format!("expected node {hash}, no page of the checkpoint holds it"),
    }
}
