use super::pages::PageCache;

/// 224 MiB: 128 for pages, 64 for blocks, 32 for the index.
const DEFAULT_BYTES: usize = 224 << 20;

/// What a process keeps of one layer in memory, so as not to read it again. What was not used for longest goes first.
///
/// Clones share their pages: what the writer has loaded, the readers beside it need not.
#[derive(Debug, Clone)]
pub struct Caches {
    pub(super) pages: PageCache,
    /// Most bytes of older blocks.
    pub(super) blocks_bytes: usize,
    /// Most bytes of the index.
    pub(super) index_bytes: usize,
}

impl Default for Caches {
    fn default() -> Self {
        Self::of(DEFAULT_BYTES)
    }
}

impl Caches {
    /// Caches that take about `bytes` together: four sevenths for pages, two for blocks, one for the index.
    pub fn of(bytes: usize) -> Self {
        let share = bytes / 7;
        let pages = PageCache::new(4 * share);
        Self { pages, blocks_bytes: 2 * share, index_bytes: share }
    }
}
