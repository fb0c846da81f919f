use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::decode::Page;
use crate::codec::record::Place;

/// Memory for pages: some thousands. A page that was forgotten is read again.
const DEFAULT_BYTES: usize = 128 * 1024 * 1024;

/// Pages in memory, the least recently used go first.
#[derive(Clone)]
pub struct PageCache(Arc<Mutex<Cached>>);

struct Cached {
    pages: LruCache<Place, Arc<Page>>,
    bytes: usize,
    most_bytes: usize,
}

impl core::fmt::Debug for PageCache {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let cached = self.lock();
        f.debug_struct("PageCache").field("bytes", &cached.bytes).finish_non_exhaustive()
    }
}

impl Default for PageCache {
    fn default() -> Self {
        Self::new(DEFAULT_BYTES)
    }
}

impl PageCache {
    /// A cache of about `most_bytes`.
    pub fn new(most_bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Cached { pages: LruCache::unbounded(), bytes: 0, most_bytes })))
    }

    pub(super) fn get(&self, place: &Place) -> Option<Arc<Page>> {
        self.lock().pages.get(place).cloned()
    }

    pub(super) fn insert(&self, place: Place, page: Arc<Page>) {
        let mut cached = self.lock();
        cached.bytes += page.bytes;
        if let Some(before) = cached.pages.put(place, page) {
            cached.bytes -= before.bytes;
        }
        while cached.bytes > cached.most_bytes {
            let Some((_, page)) = cached.pages.pop_lru() else { return };
            cached.bytes -= page.bytes;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cached> {
        // A cache that somebody panicked over forgets at worst how big it is.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
