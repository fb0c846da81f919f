//! Finding blocks, transactions and logs.

use core::ops::RangeInclusive;
use std::sync::Arc;

use alloy_primitives::{B256, Bloom, TxHash};
use alloy_rlp::Encodable;
use futures::future::{BoxFuture, try_join_all};

use super::{
    Located, Replica,
    start::{genesis, not_there},
};
use crate::{
    codec::{record::CheckpointRef, run::BlockPlace},
    flow::{
        FlowError,
        index::{Candidate, LogQuery},
        sequence::Committed,
        tip::{Read, read_slot},
    },
    port::PortError,
};

/// Blocks that are read from the log at once.
pub(super) const READS: usize = 16;

impl Replica {
    /// Block `number`, if it is committed.
    ///
    /// # Errors
    /// [`PortError::Corrupt`], or the stores' errors.
    pub async fn block(&self, number: u64) -> Result<Option<Arc<Committed>>, FlowError> {
        if number > self.head().header.number {
            return Ok(None);
        }
        if let Some(block) = self.read(|chain| chain.block(number)).or_else(|| self.kept(number)) {
            return Ok(Some(block));
        }
        let block = match number {
            0 => Some(genesis(&self.open_checkpoint(CheckpointRef::GENESIS).await?)),
            _ => self.read_log(number).await?,
        };
        let block = block.map(Arc::new);
        block.iter().for_each(|block| self.keep(block));
        Ok(block)
    }

    /// The block with this hash, if it is committed.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn block_by_hash(&self, hash: &B256) -> Result<Option<Arc<Committed>>, FlowError> {
        let head = self.head();
        if head.header.hash() == *hash {
            return Ok(Some(head));
        }
        let (number, runs) =
            self.read(|chain| (chain.places.number(hash), Arc::clone(&chain.runs)));
        let number = match number {
            Some(number) => number,
            // Block 0 is in no slot, and so in no index.
            None => self.index.block_number(&runs, hash).await?.unwrap_or_default(),
        };
        Ok(self.block(number).await?.filter(|block| block.header.hash() == *hash))
    }

    /// The blocks `numbers`, as far as they are committed, in that order.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn blocks(&self, numbers: &[u64]) -> Result<Vec<Arc<Committed>>, FlowError> {
        let mut blocks = Vec::with_capacity(numbers.len());
        for numbers in numbers.chunks(READS) {
            let read = |number: &u64| -> BoxFuture<'_, _> { Box::pin(self.block(*number)) };
            let read = try_join_all(numbers.iter().map(read)).await?;
            blocks.extend(read.into_iter().flatten());
        }
        Ok(blocks)
    }

    /// Numbers of the blocks in `range` that may have logs of `query`; `bloom` says what the query sees
    /// in the bloom of a header.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn blocks_with_logs(
        &self,
        range: RangeInclusive<u64>,
        query: &LogQuery,
        bloom: impl Fn(&Bloom) -> bool + Send,
    ) -> Result<Vec<u64>, FlowError> {
        let (runs, in_memory) = self.read(|chain| {
            let last = (*range.end()).min(chain.head.header.number);
            let uncovered = (*range.start()).max(chain.places.first())..=last;
            let may = |number: &u64| chain.places.bloom(*number, &bloom);
            (Arc::clone(&chain.runs), uncovered.filter(may).collect::<Vec<_>>())
        });
        let mut numbers = self.index.blocks_with_logs(&runs, range, query).await?;
        numbers.extend(in_memory);
        Ok(numbers)
    }

    /// The block that has this transaction.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn transaction(&self, hash: &TxHash) -> Result<Option<Located>, FlowError> {
        let (place, runs) =
            self.read(|chain| (chain.places.transaction(hash), Arc::clone(&chain.runs)));
        let places = match place {
            Some(place) => vec![place],
            None => self.index.transaction(&runs, hash).await?,
        };
        for Candidate { number, index } in places {
            let Some(block) = self.block(number).await? else { continue };
            let found = block.record.block.transactions.get(index);
            if found.is_some_and(|tx| tx.hash() == hash) {
                return Ok(Some(Located { block, index }));
            }
        }
        Ok(None)
    }

    /// The block that has this transaction, when it is in memory.
    pub fn recent(&self, hash: &TxHash) -> Option<Located> {
        self.read(|chain| {
            let Candidate { number, index } = chain.places.transaction(hash)?;
            Some(Located { block: chain.block(number)?, index })
        })
    }

    /// How many transactions are committed.
    pub fn transaction_count(&self) -> u64 {
        self.read(|chain| {
            let indexed: u64 = chain.runs.iter().map(|run| run.transactions).sum();
            indexed + u64::try_from(chain.places.transaction_count()).unwrap_or(u64::MAX)
        })
    }

    /// Where a block is that has a slot.
    pub(super) async fn place(&self, number: u64) -> Result<Option<BlockPlace>, PortError> {
        let (place, runs) =
            self.read(|chain| (chain.places.block(number), Arc::clone(&chain.runs)));
        match place {
            Some(place) => Ok(Some(place)),
            None => self.index.block(&runs, number).await,
        }
    }

    async fn read_log(&self, number: u64) -> Result<Option<Committed>, FlowError> {
        let Some(place) = self.place(number).await? else { return Ok(None) };
        let entry = self.stores.log.read(place.slot).await?;
        let missing = || PortError::NotFound { name: place.slot.to_string() };
        let read = read_slot(&self.stores, &entry.ok_or_else(missing)?).await?;
        let Read::Block { header, record } = read else {
            return Err(not_there(place.slot, number).into());
        };
        if header.hash() != place.hash {
            return Err(not_there(place.slot, number).into());
        }
        Ok(Some(Committed { header, record, next_slot: place.slot.next() }))
    }

    fn kept(&self, number: u64) -> Option<Arc<Committed>> {
        self.lock(&self.old, |old| old.get(&number))
    }

    pub(super) fn keep(&self, block: &Arc<Committed>) {
        // In memory maps and vectors take about three times what the encoding does.
        let bytes = 3 * block.record.length();
        self.lock(&self.old, |old| old.put(block.header.number, Arc::clone(block), bytes));
    }
}
