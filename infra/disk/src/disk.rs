use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use node_core::{
    chain::LayerId,
    port::{PortError, Stores},
};

use crate::{
    DiskError,
    layer::Layer,
    ledger::{self, Ledger, count_rows},
    objects::{self, Tree, sync_directory},
    tables,
    workers::Workers,
};

/// A directory that holds the stores of layers, open in this process.
#[derive(Debug)]
pub struct Disk {
    directory: Arc<Directory>,
}

/// What is open in a directory. Fields are dropped in this order: the ledger's lock goes last.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) workers: Workers,
    pub(crate) objects: Arc<Tree>,
    pub(crate) ledger: Ledger,
    path: PathBuf,
}

/// What [`Disk::remove_if_empty`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nothing of the stores is left on the disk.
    Removed,
    /// Nothing was removed, because the directory still holds these.
    Kept {
        /// Rows of the ledger, of all layers.
        rows: u64,
        /// Objects.
        objects: usize,
    },
}

impl Disk {
    /// Opens the stores in `dir`, or makes them, and repairs what a crash left.
    ///
    /// # Errors
    /// [`DiskError::InUse`] when they are open already, here or in another process.
    pub fn open(dir: &Path) -> Result<Self, DiskError> {
        Self::open_with_cache(dir, ledger::CACHE_BYTES)
    }

    /// As [`Self::open`]; the ledger keeps at most `cache_bytes` of its pages in memory.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with_cache(dir: &Path, cache_bytes: usize) -> Result<Self, DiskError> {
        make_directory(dir).map_err(DiskError::io("make the directory", dir))?;
        // First of all: its lock says that no other process is at work here.
        let ledger = Ledger::open(dir, cache_bytes)?;
        let root = dir.join("objects");
        let objects = Tree::open(root.clone()).map_err(DiskError::io("open", &root))?;
        sync_directory(dir).map_err(DiskError::io("sync", dir))?;
        let workers = Workers::start().map_err(DiskError::io("start the threads of", &root))?;
        let path = dir.to_owned();
        let directory = Directory { workers, objects: Arc::new(objects), ledger, path };
        Ok(Self { directory: Arc::new(directory) })
    }

    /// Verifies every checksum in `dir`: all pages of the ledger and all objects. Reads everything,
    /// so it is for doubts about the disk; crashes need no verification.
    ///
    /// # Errors
    /// [`DiskError::Damaged`] names the file, [`DiskError::Ledger`] says what redb found,
    /// [`DiskError::InUse`] when the directory is open.
    pub fn verify(dir: &Path) -> Result<(), DiskError> {
        let root = dir.join("objects");
        // Held while the objects are read, so that nobody writes them.
        let _locked = Ledger::verify(dir)?;
        let tree = Tree::open(root.clone()).map_err(DiskError::io("open", &root))?;
        for name in tree.list("").map_err(DiskError::io("list", &root))? {
            let damaged = |error: PortError| DiskError::Damaged {
                path: root.join(&name),
                reason: error.to_string(),
            };
            objects::read(&tree, &name, objects::Part::Whole).map_err(damaged)?;
        }
        Ok(())
    }

    /// Returns the stores of `layer`. They keep the directory open for as long as they live.
    pub fn stores(&self, layer: LayerId) -> Stores {
        let layer = Arc::new(Layer { id: layer, directory: Arc::clone(&self.directory) });
        Stores {
            inbox: layer.clone(),
            log: layer.clone(),
            registers: layer.clone(),
            orders: layer.clone(),
            objects: layer.clone(),
            stored: layer,
        }
    }

    /// Removes the files of the stores if no layer has anything in them, and `dir` if nothing else
    /// is in it.
    ///
    /// # Errors
    /// [`DiskError::StoresAlive`] while [`Stores`] of this directory are held.
    pub fn remove_if_empty(self) -> Result<Removal, DiskError> {
        let dir = self.directory.path.clone();
        let Ok(directory) = Arc::try_unwrap(self.directory) else {
            return Err(DiskError::StoresAlive { dir });
        };
        let (rows, objects) = directory.contents()?;
        if rows > 0 || objects > 0 {
            return Ok(Removal::Kept { rows, objects });
        }
        directory.remove()?;
        Ok(Removal::Removed)
    }
}

impl Directory {
    /// Counts the rows of the ledger and the objects, of all layers.
    fn contents(&self) -> Result<(u64, usize), DiskError> {
        let rows = self
            .ledger
            .read("count rows", |txn| count_rows(txn, &tables::ALL, None))
            .map_err(|error| DiskError::io("read", &self.path)(io::Error::other(error)))?;
        let root = self.objects.root();
        let objects = self.objects.list("").map_err(DiskError::io("list", root))?;
        Ok((rows, objects.len()))
    }

    /// Removes the files while the lock is still held, then what is left of the directory.
    fn remove(self) -> Result<(), DiskError> {
        let (dir, ledger, root) =
            (self.path.clone(), self.path.join(ledger::FILE), self.objects.root().to_owned());
        self.objects.remove_empty().map_err(DiskError::io("remove", &root))?;
        fs::remove_file(&ledger).map_err(DiskError::io("remove", &ledger))?;
        drop(self);
        match fs::remove_dir(&dir) {
            Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => {
                Err(DiskError::io("remove", &dir)(error))
            }
            _ => Ok(()),
        }
    }
}

/// Makes `dir` and those above it; durable when this returns.
fn make_directory(dir: &Path) -> io::Result<()> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    let above = dir.parent().unwrap_or(Path::new(""));
    make_directory(above)?;
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_directory(if above.as_os_str().is_empty() { Path::new(".") } else { above })
}
