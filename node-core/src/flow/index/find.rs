use core::ops::RangeInclusive;
use std::sync::Arc;

use alloy_primitives::{B256, TxHash};
use futures::future::{BoxFuture, try_join_all};

use crate::{
    chain::LayerId,
    codec::run::{BlockPlace, Directory, Entry, RunRef, Table, key_of_hash},
    port::{Objects, PortError},
};

use super::read::Pieces;

/// Pages of one list that are read at once.
const PAGES_AT_ONCE: usize = 16;

/// Where a transaction may be: look, and compare the whole hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Number of the block.
    pub number: u64,
    /// Position in the block.
    pub index: usize,
}

/// Reads the runs of one layer. Which runs there are comes with each question: the list changes with
/// every checkpoint.
pub struct Index {
    pub(super) pieces: Pieces,
}

impl core::fmt::Debug for Index {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Index").finish_non_exhaustive()
    }
}

impl Index {
    /// Reads runs of `layer`; keeps at most `cache_bytes` of them in memory.
    pub fn new(objects: Arc<dyn Objects>, layer: LayerId, cache_bytes: usize) -> Self {
        Self { pieces: Pieces::new(objects, layer, cache_bytes) }
    }

    /// Returns where block `number` is, when a run covers it.
    ///
    /// # Errors
    /// [`PortError::Corrupt`], or the store's error.
    pub async fn block(
        &self,
        runs: &[RunRef],
        number: u64,
    ) -> Result<Option<BlockPlace>, PortError> {
        let at = runs.partition_point(|run| run.last < number);
        let Some(run) = runs.get(at).filter(|run| run.first <= number) else { return Ok(None) };
        let directory = self.pieces.directory(run).await?;
        let Some(page) = directory.page_of_block(number) else { return Ok(None) };
        let page = self.pieces.blocks(run, &directory, page).await?;
        let (first, places) = &*page;
        let within = number.checked_sub(*first).and_then(|at| usize::try_from(at).ok());
        Ok(within.and_then(|at| places.get(at)).copied())
    }

    /// Returns the number of the block with this hash, when a run covers it.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn block_number(
        &self,
        runs: &[RunRef],
        hash: &B256,
    ) -> Result<Option<u64>, PortError> {
        for entry in self.by_hash(runs, hash).await? {
            if entry.index == 0
                && self.block(runs, entry.number).await?.is_some_and(|block| block.hash == *hash)
            {
                return Ok(Some(entry.number));
            }
        }
        Ok(None)
    }

    /// Returns where the transaction with this hash may be, newest first. Nearly always one place or
    /// none; the caller compares the hash with the block's.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn transaction(
        &self,
        runs: &[RunRef],
        hash: &TxHash,
    ) -> Result<Vec<Candidate>, PortError> {
        let entries = self.by_hash(runs, hash).await?.into_iter().rev();
        let candidate = |Entry { number, index, .. }: Entry| {
            let index = usize::try_from(index.checked_sub(1)?).ok()?;
            Some(Candidate { number, index })
        };
        Ok(entries.filter_map(candidate).collect())
    }

    /// All runs are asked at once: each costs the time of up to three reads when nothing is cached.
    async fn by_hash(&self, runs: &[RunRef], hash: &B256) -> Result<Vec<Entry>, PortError> {
        let key = key_of_hash(hash);
        let ask = |run| -> BoxFuture<'_, _> {
            Box::pin(async move {
                let directory = self.pieces.directory(run).await?;
                self.list(run, &directory.hashes, key, run.first..=run.last).await
            })
        };
        Ok(try_join_all(runs.iter().map(ask)).await?.concat())
    }

    /// Returns the entries of `key` with blocks in `range`.
    pub(super) async fn list(
        &self,
        run: &RunRef,
        table: &Table,
        key: u64,
        range: RangeInclusive<u64>,
    ) -> Result<Vec<Entry>, PortError> {
        let pages: Vec<usize> = table.pages_of(key, *range.start(), *range.end()).collect();
        let mut entries = Vec::new();
        for pages in pages.chunks(PAGES_AT_ONCE) {
            let range = &range;
            let read = |page: &usize| -> BoxFuture<'_, _> {
                let page = *page;
                Box::pin(async move { self.in_page(run, table, page, key, range).await })
            };
            entries.extend(try_join_all(pages.iter().map(read)).await?.concat());
        }
        Ok(entries)
    }

    async fn in_page(
        &self,
        run: &RunRef,
        table: &Table,
        page: usize,
        key: u64,
        range: &RangeInclusive<u64>,
    ) -> Result<Vec<Entry>, PortError> {
        if !self.pieces.filter(run, table.filter_of(page)).await?.may_have(key) {
            return Ok(Vec::new());
        }
        let entries = self.pieces.entries(run, table, page).await?;
        let start = entries.partition_point(|it| (it.key, it.number) < (key, *range.start()));
        let end = entries.partition_point(|it| (it.key, it.number) <= (key, *range.end()));
        Ok(entries.get(start..end).unwrap_or_default().to_vec())
    }

    /// Returns the directory of each run.
    pub(super) async fn directory(&self, run: &RunRef) -> Result<Arc<Directory>, PortError> {
        self.pieces.directory(run).await
    }
}
