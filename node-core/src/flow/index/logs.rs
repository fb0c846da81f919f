use core::ops::RangeInclusive;
use std::collections::BTreeSet;

use alloy_primitives::{Address, B256};
use futures::future::{BoxFuture, try_join_all};

use crate::{
    codec::run::{RunRef, Table, key_of_log},
    port::PortError,
};

use super::Index;

/// Which logs are looked for, as in `eth_getLogs`: an empty list is no condition, values of one list are
/// alternatives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Topics by position.
    pub topics: [Vec<B256>; 4],
}

impl LogQuery {
    /// Keys of each condition.
    fn conditions(&self) -> Vec<Vec<u64>> {
        let addresses = self.addresses.iter().map(|it| key_of_log(0, it.as_slice())).collect();
        let topics = (1..).zip(&self.topics).map(|(position, values)| {
            values.iter().map(|value| key_of_log(position, value.as_slice())).collect()
        });
        let conditions = [addresses].into_iter().chain(topics);
        conditions.filter(|keys: &Vec<u64>| !keys.is_empty()).collect()
    }
}

impl Index {
    /// Returns the blocks in `range` that may have such logs, as far as the runs cover it, in ascending
    /// order. Every block that has some is among them.
    ///
    /// # Errors
    /// As [`Index::block`].
    pub async fn blocks_with_logs(
        &self,
        runs: &[RunRef],
        range: RangeInclusive<u64>,
        query: &LogQuery,
    ) -> Result<Vec<u64>, PortError> {
        let conditions = &query.conditions();
        let overlap = |run: &RunRef| run.first.max(*range.start())..=run.last.min(*range.end());
        let asked = runs.iter().filter(|run| !overlap(run).is_empty());
        let ask =
            |run| -> BoxFuture<'_, _> { Box::pin(self.in_run(run, overlap(run), conditions)) };
        Ok(try_join_all(asked.map(ask)).await?.concat())
    }

    /// The rarest condition goes first. One whose list has more pages than there are blocks left is not
    /// looked at: the blocks will be.
    async fn in_run(
        &self,
        run: &RunRef,
        range: RangeInclusive<u64>,
        conditions: &[Vec<u64>],
    ) -> Result<Vec<u64>, PortError> {
        if conditions.is_empty() {
            return Ok(range.collect());
        }
        let directory = self.directory(run).await?;
        let table = &directory.logs;
        let mut by_pages: Vec<_> =
            conditions.iter().map(|keys| (pages(table, keys, &range), keys)).collect();
        by_pages.sort_by_key(|(pages, _)| *pages);
        let mut found: Option<BTreeSet<u64>> = None;
        for (pages, keys) in by_pages {
            if found.as_ref().is_some_and(|found| found.len() <= pages) {
                break;
            }
            let any = self.blocks_of_any(run, table, keys, &range).await?;
            found = Some(match found {
                Some(found) => found.intersection(&any).copied().collect(),
                None => any,
            });
        }
        Ok(found.unwrap_or_default().into_iter().collect())
    }

    async fn blocks_of_any(
        &self,
        run: &RunRef,
        table: &Table,
        keys: &[u64],
        range: &RangeInclusive<u64>,
    ) -> Result<BTreeSet<u64>, PortError> {
        let mut blocks = BTreeSet::new();
        for key in keys {
            let entries = self.list(run, table, *key, range.clone()).await?;
            blocks.extend(entries.into_iter().map(|entry| entry.number));
        }
        Ok(blocks)
    }
}

/// Pages that the lists of `keys` reach into.
fn pages(table: &Table, keys: &[u64], range: &RangeInclusive<u64>) -> usize {
    keys.iter().map(|key| table.pages_of(*key, *range.start(), *range.end()).len()).sum()
}
