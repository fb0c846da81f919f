use std::{
    collections::BTreeSet,
    fmt, fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::Bytes;
use async_trait::async_trait;
use node_core::port::{Objects, PortError, Put, PutOutcome};

use super::{
    file::{self, Key},
    kept::Kept,
};
use crate::DiskError;

/// Objects of another store, with ranges of those that are written once kept in a directory.
///
/// Kept are ranges of packs and of indexes (`layers/<id>/packs/*` and `layers/<id>/runs/*`): readers
/// come back to them, and their names never get another value. All other verbs and names pass through;
/// a deletion, or writing over an object, forgets its ranges here.
///
/// # Guarantees
/// * Bytes come out as the other store gave them: every file has a checksum over them and over what
///   they are. A file that is damaged, cut or gone is read from the other store again; trouble with the
///   directory is never an error of a verb.
/// * The files, also those that are being written, never have more than the given bytes in all; the least
///   recently used range goes first. After a restart that is the one that was written first.
/// * A range is written under another name and renamed, so that a crash leaves it whole or not at all
///   (what it leaves of the other name is removed by [`Self::new`]). Nothing is synced.
/// * Files of others in the directory are left alone, and not counted. Two processes must not share it:
///   they would not give wrong bytes, but each would count only its own.
///
/// Files are read and written on the caller's thread, as those of [`Disk`](crate::Disk) are read.
///
/// # Who uses it
/// The one-process runner does not: its objects are on the same disk. It is for functions, which have
/// little memory, a store that answers in 20 ms, and a `/tmp` that stays between calls.
pub struct Scratch {
    inner: Arc<dyn Objects>,
    kept: Mutex<Kept>,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl Scratch {
    /// Keeps up to `most_bytes` of what is read from `inner` in `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// [`DiskError::Io`] when the directory cannot be made or read.
    pub fn new(inner: Arc<dyn Objects>, dir: &Path, most_bytes: u64) -> Result<Self, DiskError> {
        fs::create_dir_all(dir).map_err(DiskError::io("make the directory", dir))?;
        let kept = Kept::open(dir, most_bytes).map_err(DiskError::io("read", dir))?;
        Ok(Self { inner, kept: Mutex::new(kept) })
    }

    /// Bytes of the files.
    pub fn bytes(&self) -> u64 {
        self.kept().bytes()
    }

    /// Reads a range from its file; one that is not what was written is forgotten.
    fn read(&self, name: &str, key: &Key) -> Option<Bytes> {
        let path = self.kept().use_file(key)?;
        let found = fs::read(path).ok().and_then(|file| key.decode(name, file));
        if found.is_none() {
            self.kept().forget(key);
        }
        found
    }

    /// Writes a range that was read when there had been `deletions`.
    fn write(&self, name: &str, key: Key, bytes: &[u8], deletions: u64) {
        let Some(room) = self.kept().reserve(key) else { return };
        match fs::write(&room.temporary, key.encode(name, bytes)) {
            Ok(()) => self.kept().keep(room, deletions),
            Err(_) => self.kept().give_up(room),
        }
    }

    fn forget<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let objects: BTreeSet<u64> =
            names.filter(|name| is_written_once(name)).map(file::object).collect();
        if !objects.is_empty() {
            self.kept().forget_objects(&objects);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whoever panicked while holding it has at worst miscounted.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether ranges of an object are kept: packs and indexes (`node_core::codec::names`).
fn is_written_once(name: &str) -> bool {
    let mut parts = name.split('/');
    parts.next() == Some("layers")
        && parts.next().is_some()
        && matches!(parts.next(), Some("packs" | "runs"))
        && parts.next().is_some()
}

#[async_trait]
impl Objects for Scratch {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        let outcome = self.inner.put(name, value, put).await;
        if put == Put::Overwrite {
            self.forget([name].into_iter());
        }
        outcome
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        self.inner.get(name).await
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        if !is_written_once(name) || length == 0 {
            return self.inner.get_range(name, offset, length).await;
        }
        let key = Key::new(name, offset, length);
        if let Some(bytes) = self.read(name, &key) {
            return Ok(bytes);
        }
        let deletions = self.kept().deletions();
        let bytes = self.inner.get_range(name, offset, length).await?;
        self.write(name, key, &bytes, deletions);
        Ok(bytes)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        let outcome = self.inner.delete(names).await;
        // Also after an error: some of them may be gone.
        self.forget(names.iter().map(String::as_str));
        outcome
    }
}
