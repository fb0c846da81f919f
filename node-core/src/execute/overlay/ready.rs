use std::{
    num::NonZeroUsize,
    sync::{LazyLock, Mutex, PoisonError},
};

use alloy_primitives::{B256, Bytes};
use lru::LruCache;
use revm::bytecode::Bytecode;

/// Codes that are kept: with at most 24 KiB each (EIP-170) and a bit for each byte, 7 MiB.
const MOST: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

static READY: LazyLock<Mutex<LruCache<B256, Bytecode>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(MOST)));

/// A code as the EVM runs it. Finding where it may jump to takes longer than most calls of it, and every block has the
/// same few codes; so those that were used last are kept, for all threads.
///
/// `hash` is that of `code`, and is believed.
pub(super) fn ready(hash: B256, code: Bytes) -> Bytecode {
    // Nothing panics in between.
    let held = || READY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = held().get(&hash) {
        return ready.clone();
    }
    let ready = Bytecode::new_raw(code);
    held().put(hash, ready.clone());
    ready
}
