//! Reading runs: whole, to merge them, and piece by piece, to look something up.

use core::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::B256;

use crate::{
    chain::LayerId,
    codec::run::{
        BlockPlace, Contents, Directory, Entry, Filter, Piece, PieceError, RunRef, Table,
    },
    flow::lru::Lru,
    port::{Objects, PortError},
};

/// Reads all of a run.
pub(super) async fn whole(
    objects: &dyn Objects,
    layer: LayerId,
    run: &RunRef,
) -> Result<Contents, PortError> {
    let name = run.name(layer);
    let object = Object { bytes: objects.get(&name).await?, name };
    let directory = object.open(&run.directory, |bytes| Directory::open(run, bytes))?;
    let mut blocks = Vec::new();
    for (page, piece) in directory.blocks.iter().enumerate() {
        blocks.extend(object.open(piece, |bytes| directory.open_blocks(page, bytes))?.1);
    }
    let hashes = object.table(&directory.hashes)?;
    let logs = object.table(&directory.logs)?;
    Ok(Contents { first: run.first, blocks, hashes, logs })
}

struct Object {
    name: String,
    bytes: alloy_primitives::Bytes,
}

impl Object {
    fn open<T>(
        &self,
        piece: &Piece,
        open: impl FnOnce(&[u8]) -> Result<T, PieceError>,
    ) -> Result<T, PortError> {
        let Piece { offset, length, .. } = *piece;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.bytes.get(start..start.saturating_add(length)).ok_or_else(|| {
            let size = u64::try_from(self.bytes.len()).expect("usize fits u64 on every target");
            PortError::short(&self.name, offset, length, size)
        })?;
        open(bytes).map_err(|error| corrupt(&self.name, &error))
    }

    fn table(&self, table: &Table) -> Result<Vec<Entry>, PortError> {
        let mut entries = Vec::new();
        for page in &table.pages {
            entries.extend(self.open(&page.piece, |bytes| page.open(bytes))?);
        }
        Ok(entries)
    }
}

fn corrupt(name: &str, error: &PieceError) -> PortError {
    PortError::Corrupt { name: name.to_owned(), reason: error.to_string() }
}

/// Verified pieces of runs, those used last in memory.
pub(super) struct Pieces {
    objects: Arc<dyn Objects>,
    layer: LayerId,
    /// By the hash of the run's directory and the offset of the piece.
    cache: Mutex<Lru<(B256, u64), Arc<dyn Any + Send + Sync>>>,
}

impl Pieces {
    pub(super) fn new(objects: Arc<dyn Objects>, layer: LayerId, cache_bytes: usize) -> Self {
        Self { objects, layer, cache: Mutex::new(Lru::new(cache_bytes)) }
    }

    pub(super) async fn directory(&self, run: &RunRef) -> Result<Arc<Directory>, PortError> {
        self.piece(run, &run.directory, |bytes| Directory::open(run, bytes)).await
    }

    /// Returns blocks with the number of the first.
    pub(super) async fn blocks(
        &self,
        run: &RunRef,
        directory: &Directory,
        page: usize,
    ) -> Result<Arc<(u64, Vec<BlockPlace>)>, PortError> {
        let open = |bytes: &[u8]| directory.open_blocks(page, bytes);
        self.piece(run, &directory.blocks[page], open).await
    }

    pub(super) async fn filter(
        &self,
        run: &RunRef,
        piece: &Piece,
    ) -> Result<Arc<Filter>, PortError> {
        self.piece(run, piece, |bytes| piece.open(bytes)).await
    }

    pub(super) async fn entries(
        &self,
        run: &RunRef,
        table: &Table,
        page: usize,
    ) -> Result<Arc<Vec<Entry>>, PortError> {
        let page = &table.pages[page];
        self.piece(run, &page.piece, |bytes| page.open(bytes)).await
    }

    async fn piece<T: Weigh + Any + Send + Sync>(
        &self,
        run: &RunRef,
        piece: &Piece,
        open: impl FnOnce(&[u8]) -> Result<T, PieceError> + Send,
    ) -> Result<Arc<T>, PortError> {
        let key = (run.directory.hash, piece.offset);
        let held = self.cached(|cache| cache.get(&key)).and_then(|held| held.downcast().ok());
        if let Some(held) = held {
            return Ok(held);
        }
        let name = run.name(self.layer);
        let bytes = self.objects.get_range(&name, piece.offset, piece.length).await?;
        let opened = Arc::new(open(&bytes).map_err(|error| corrupt(&name, &error))?);
        self.cached(|cache| cache.put(key, Arc::clone(&opened) as _, opened.bytes()));
        Ok(opened)
    }

    fn cached<T>(
        &self,
        with: impl FnOnce(&mut Lru<(B256, u64), Arc<dyn Any + Send + Sync>>) -> T,
    ) -> T {
        with(&mut self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Something that says what it takes in memory.
trait Weigh {
    fn bytes(&self) -> usize;
}

impl Weigh for Directory {
    fn bytes(&self) -> usize {
        let tables = [&self.hashes, &self.logs];
        let pieces = |table: &Table| table.pages.len() * 2 + table.filters.len();
        let pieces = self.blocks.len() + tables.into_iter().map(pieces).sum::<usize>();
        size_of::<Self>() + pieces * size_of::<Piece>()
    }
}

impl Weigh for Filter {
    fn bytes(&self) -> usize {
        size_of::<Self>() + Self::bytes(self)
    }
}

impl Weigh for Vec<Entry> {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.len() * size_of::<Entry>()
    }
}

impl Weigh for (u64, Vec<BlockPlace>) {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.1.len() * size_of::<BlockPlace>()
    }
}
