//! The directories of objects: publishing, removing, walking.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, ErrorKind},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use lru::LruCache;
use node_core::port::{Put, PutOutcome};

use super::file::{self, Identity, Opened};

const TEMPORARY: &str = ".tmp-";

/// The directory `objects` of a store. One process owns it, by the lock on the ledger beside it.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    temporaries: AtomicU64,
    /// Keeps a directory from being pruned between its creation and the first file in it.
    directories: Mutex<()>,
    /// Files that were read lately: packs are read page by page.
    opened: Mutex<LruCache<String, Arc<Opened>>>,
}

/// Files that are kept open for reading.
const OPEN_FILES: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");

impl Tree {
    /// Opens the directory or makes it, deletes what a crash left, and syncs what it may have left
    /// unsynced.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        let tree = Self {
            root,
            temporaries: AtomicU64::new(0),
            directories: Mutex::new(()),
            opened: Mutex::new(LruCache::new(OPEN_FILES)),
        };
        for directory in tree.directories_under(&tree.root)? {
            for entry in entries(&directory)? {
                if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                    fs::remove_file(entry.path())?;
                }
            }
            sync_directory(&directory)?;
        }
        Ok(tree)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The open file of an object, when it is still the one that its path leads to.
    pub(super) fn opened(&self, name: &str, identity: Identity) -> Option<Arc<Opened>> {
        let mut files = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = files.get(name).filter(|opened| opened.identity() == identity).cloned();
        if opened.is_none() {
            files.pop(name);
        }
        opened
    }

    /// Keeps a file open for the next read.
    pub(super) fn keep_open(&self, name: &str, opened: &Arc<Opened>) {
        let mut files = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        files.put(name.to_owned(), Arc::clone(opened));
    }

    /// Gives `name`, which is valid, the object `value`; durable when this returns, whatever the
    /// outcome.
    pub(crate) fn publish(&self, name: &str, value: &[u8], put: Put) -> io::Result<PutOutcome> {
        let path = &self.root.join(name);
        let directory = path.parent().unwrap_or(&self.root);
        let temporary = self.write_temporary(directory, name, value)?;
        let outcome = match put {
            Put::IfAbsent => link(&temporary, path),
            Put::Overwrite => fs::rename(&temporary, path).map(|()| PutOutcome::Written),
        };
        record(Step::Named);
        if !matches!((put, &outcome), (Put::Overwrite, Ok(_))) {
            fs::remove_file(&temporary)?;
        }
        // Also when it exists: the writer that won the race may not have come to its sync yet.
        sync_if_there(directory)?;
        outcome
    }

    fn write_temporary(&self, directory: &Path, name: &str, value: &[u8]) -> io::Result<PathBuf> {
        let (path, mut temporary) = self.create_temporary(directory)?;
        let written = file::write(&mut temporary, name, value).and_then(|()| sync_file(&temporary));
        written.map(|()| path.clone()).inspect_err(|_| drop(fs::remove_file(&path)))
    }

    fn create_temporary(&self, directory: &Path) -> io::Result<(PathBuf, File)> {
        let _directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_directory(directory)?;
        let number = self.temporaries.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!("{TEMPORARY}{number}"));
        File::create_new(&path).map(|file| (path, file))
    }

    /// Makes `directory` and those above it below the root; durable when this returns.
    fn make_directory(&self, directory: &Path) -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        let above = directory.parent().unwrap_or(&self.root);
        self.make_directory(above)?;
        fs::create_dir(directory)?;
        sync_directory(above)
    }

    /// Removes the files at `paths`, if they are files, and the directories that become empty.
    pub(super) fn remove(&self, paths: &[PathBuf]) -> io::Result<()> {
        let mut parents = BTreeSet::new();
        for path in paths {
            match fs::symlink_metadata(path) {
                Ok(found) if found.is_file() => fs::remove_file(path)?,
                Ok(_) => continue,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error),
            }
            parents.extend(path.parent().map(Path::to_owned));
        }
        for parent in &parents {
            sync_if_there(parent)?;
        }
        self.prune(parents);
        Ok(())
    }

    /// Removes `directories` while they are empty, and so on upwards; the root stays.
    fn prune(&self, directories: BTreeSet<PathBuf>) {
        let _directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        for directory in directories.iter().rev() {
            let below_root = directory.ancestors().take_while(|above| *above != self.root);
            // Stops at the first one that is not empty. An empty directory that stays does no harm.
            below_root.map_while(|above| fs::remove_dir(above).ok()).for_each(drop);
        }
    }

    /// Returns the names of all objects that start with `prefix`, sorted.
    pub(crate) fn list(&self, prefix: &str) -> io::Result<Vec<String>> {
        let start = match prefix.rsplit_once('/') {
            Some((directory, _)) => match super::name::path(&self.root, directory) {
                Ok(path) => path,
                // Nothing has such a name.
                Err(_) => return Ok(Vec::new()),
            },
            None => self.root.clone(),
        };
        let mut names = Vec::new();
        for directory in self.directories_under(&start)? {
            for entry in entries(&directory)? {
                let name = self.name_of(&entry.path()).filter(|name| name.starts_with(prefix));
                names.extend(name.filter(|_| entry.file_type().is_ok_and(|found| found.is_file())));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The name of the object at `path`; none for a temporary file or a foreign one.
    fn name_of(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.root).ok()?.to_str()?.to_owned();
        super::name::path(&self.root, &name).ok().map(|_| name)
    }

    /// Returns `start` and all directories below it.
    fn directories_under(&self, start: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = vec![start.to_owned()];
        let mut next = 0;
        while let Some(directory) = found.get(next) {
            let below = entries(directory)?;
            let is_directory = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|t| t.is_dir());
            found.extend(below.iter().filter(|entry| is_directory(entry)).map(fs::DirEntry::path));
            next += 1;
        }
        Ok(found)
    }

    /// Removes the empty directories and the root.
    pub(crate) fn remove_empty(&self) -> io::Result<()> {
        self.directories_under(&self.root)?.iter().rev().try_for_each(fs::remove_dir)
    }
}

/// Gives the file the name `path` unless something has it.
fn link(temporary: &Path, path: &Path) -> io::Result<PutOutcome> {
    match fs::hard_link(temporary, path) {
        Ok(()) => Ok(PutOutcome::Written),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !path.is_dir() => {
            Ok(PutOutcome::Exists)
        }
        Err(error) => Err(error),
    }
}

/// Entries of a directory; none when it was pruned meanwhile or is no directory.
fn entries(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect(),
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether the error says that no object has this name: nothing there, or a file where a directory
/// would be.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn sync_file(file: &File) -> io::Result<()> {
    file.sync_all().inspect(|()| record(Step::FileSynced))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all().inspect(|()| record(Step::DirectorySynced))
}

/// As [`sync_directory`]; one that is gone was pruned after somebody else deleted the last object
/// in it.
fn sync_if_there(directory: &Path) -> io::Result<()> {
    match sync_directory(directory) {
        Err(error) if is_absent(&error) => Ok(()),
        synced => synced,
    }
}

/// A step of publishing, recorded in tests: no test can cut the power, but a test can see the
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    FileSynced,
    Named,
    DirectorySynced,
}

#[cfg(not(test))]
const fn record(_: Step) {}

#[cfg(test)]
fn record(step: Step) {
    STEPS.with_borrow_mut(|steps| steps.push(step));
}

#[cfg(test)]
std::thread_local! {
    static STEPS: core::cell::RefCell<Vec<Step>> = const { core::cell::RefCell::new(Vec::new()) };
}

/// Returns the steps that `run` takes on this thread.
#[cfg(test)]
pub(crate) fn recorded(run: impl FnOnce()) -> Vec<Step> {
    STEPS.with_borrow_mut(Vec::clear);
    run();
    STEPS.take()
}
