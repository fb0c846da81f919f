use std::{
    num::NonZeroUsize,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use alloy_primitives::{B256, Bytes};
use lru::LruCache;

use super::decode::{self, Page, PageError};
use crate::{
    state::TrieId,
    trie::{Nibbles, StoredPage},
};

/// Pages of codes that are kept, of at most some 128 KiB each: 8 MiB with what they are made of.
const MOST: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");

/// What was read, and the page that it is.
struct Verified {
    path: Nibbles,
    frame: Bytes,
    page: Arc<Page>,
}

static CODES: LazyLock<Mutex<LruCache<B256, Verified>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(MOST)));

/// As [`decode::page`]; a page of codes that was read before, bit for bit, is not hashed again.
///
/// Every layer has the same few contracts, every writer and every reader of it loads them anew, and hashing them takes
/// longer than all else that a small layer loads. What is kept is compared whole: a damaged page is read as one that
/// was never seen.
pub(super) fn page(of: TrieId, at: &StoredPage, frame: &Bytes) -> Result<Arc<Page>, PageError> {
    if of != TrieId::Codes || at.level > 0 {
        return decode::page(of, at, frame).map(Arc::new);
    }
    // Nothing panics in between.
    let codes = || CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(held) = codes().get(&at.hash)
        && held.path == at.path
        && held.frame == *frame
    {
        return Ok(Arc::clone(&held.page));
    }
    let page = Arc::new(decode::page(of, at, frame)?);
    let held = Verified { path: at.path, frame: frame.clone(), page: Arc::clone(&page) };
    codes().put(at.hash, held);
    Ok(page)
}
