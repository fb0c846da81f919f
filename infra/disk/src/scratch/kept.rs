//! Which ranges are there, and which go first.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use lru::LruCache;

use super::file::{Key, is_temporary, temporary};

/// The files of a directory, the least recently used go first.
#[derive(Debug)]
pub(super) struct Kept {
    dir: PathBuf,
    most_bytes: u64,
    /// Bytes of all files, and of those that are being written.
    bytes: u64,
    ranges: LruCache<Key, u64>,
    temporaries: u64,
    deletions: u64,
}

/// Room for a range that is being written.
#[derive(Debug)]
pub(super) struct Room {
    key: Key,
    pub(super) temporary: PathBuf,
}

impl Kept {
    /// Takes over what an earlier process left in `dir`, in the order in which it was written.
    pub(super) fn open(dir: &Path, most_bytes: u64) -> io::Result<Self> {
        let mut found: Vec<(SystemTime, Key, u64)> = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let file = entry.file_name();
            let file = file.to_string_lossy();
            if is_temporary(&file) {
                fs::remove_file(entry.path())?;
            } else if let Some(key) = Key::of_file(&file) {
                let metadata = entry.metadata()?;
                found.push((metadata.modified()?, key, metadata.len()));
            }
        }
        found.sort_unstable_by_key(|(written, key, _)| (*written, key.file()));
        let (dir, ranges) = (dir.to_owned(), LruCache::unbounded());
        let mut kept = Self { dir, most_bytes, bytes: 0, ranges, temporaries: 0, deletions: 0 };
        for (_, key, size) in found {
            kept.bytes += size;
            kept.ranges.put(key, size);
        }
        kept.make_room(0);
        Ok(kept)
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many times something was deleted: what was read before may not be kept after.
    pub(super) const fn deletions(&self) -> u64 {
        self.deletions
    }

    /// The file of a range, which has been used now.
    pub(super) fn use_file(&mut self, key: &Key) -> Option<PathBuf> {
        self.ranges.get(key)?;
        Some(self.path(key))
    }

    /// Makes room for a range, unless there cannot be enough.
    pub(super) fn reserve(&mut self, key: Key) -> Option<Room> {
        if key.size() > self.most_bytes || !self.make_room(key.size()) {
            return None;
        }
        self.bytes += key.size();
        self.temporaries += 1;
        Some(Room { key, temporary: self.dir.join(temporary(self.temporaries)) })
    }

    /// Keeps what was written into its room, unless something was deleted since `deletions`.
    pub(super) fn keep(&mut self, room: Room, deletions: u64) {
        let Room { key, temporary } = room;
        let is_current = deletions == self.deletions;
        if !is_current || fs::rename(&temporary, self.path(&key)).is_err() {
            return self.give_up(Room { key, temporary });
        }
        if let Some(before) = self.ranges.put(key, key.size()) {
            self.bytes -= before;
        }
    }

    /// Gives room back that was not filled.
    pub(super) fn give_up(&mut self, room: Room) {
        let _ = fs::remove_file(&room.temporary);
        self.bytes -= room.key.size();
    }

    /// Forgets a range whose file is gone or damaged.
    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(size) = self.ranges.pop(key) {
            self.remove(key, size);
        }
    }

    /// Forgets all ranges of these objects, and what is being read of any.
    pub(super) fn forget_objects(&mut self, objects: &BTreeSet<u64>) {
        self.deletions += 1;
        let of_them = |key: &&Key| objects.contains(&key.object);
        let keys: Vec<Key> =
            self.ranges.iter().map(|(key, _)| key).filter(of_them).copied().collect();
        keys.iter().for_each(|key| self.forget(key));
    }

    /// Removes the oldest ranges until `size` more bytes fit; `false` when they do not.
    fn make_room(&mut self, size: u64) -> bool {
        while self.bytes.saturating_add(size) > self.most_bytes {
            let Some((key, freed)) = self.ranges.pop_lru() else { return false };
            self.remove(&key, freed);
        }
        true
    }

    /// What cannot be removed is not counted: whoever owns the directory sees to it.
    fn remove(&mut self, key: &Key, size: u64) {
        let _ = fs::remove_file(self.path(key));
        self.bytes -= size;
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.dir.join(key.file())
    }
}
