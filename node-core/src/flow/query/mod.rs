//! What readers see: committed blocks only, and never an older head after a newer one.
//!
//! A [`Replica`] opens from the newest checkpoint and the log after it. The blocks since then are in
//! memory, with what each changed; older ones are found through the index and read from the log, and
//! those used last are kept. The state after any block is a base and what happened since: no block has
//! a trie of its own.
//!
//! | file | what |
//! |---|---|
//! | `replica` | opening, following, forgetting |
//! | `start` | what is read before the first answer |
//! | `blocks` | finding blocks, transactions and logs |
//! | `states` | the state after any block |
//! | `chain` | what is in memory |
//! | `places` | where blocks are that no run of the index covers |

mod blocks;
mod chain;
mod places;
mod replica;
mod start;
mod states;

use std::sync::Arc;

use super::{FlowError, Tip, pages::Pages, sequence::Committed};
use crate::{
    chain::SealedHeader,
    state::{Need, StateAt},
};

pub use replica::Replica;

/// Where a transaction is.
#[derive(Debug, Clone)]
pub struct Located {
    /// The block that has it.
    pub block: Arc<Committed>,
    /// Its position in the block.
    pub index: usize,
}

/// A failure that may say which parts of the state to load before trying again.
pub trait Needs: From<FlowError> {
    /// What to load; nothing when that would not help.
    fn needs(&self) -> Vec<Need>;
}

impl Needs for FlowError {
    fn needs(&self) -> Vec<Need> {
        Self::needs(self)
    }
}

/// The state after one block, for reading.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Header of the block.
    pub header: SealedHeader,
    /// The state, as far as it is loaded.
    pub state: StateAt,
    /// What more of its base is loaded from.
    pub pages: Pages,
}

impl From<&Tip> for Snapshot {
    fn from(tip: &Tip) -> Self {
        let Tip { header, world, pages, .. } = tip;
        let state = StateAt::of(world.clone());
        Self { header: header.clone(), state, pages: pages.clone() }
    }
}

impl Snapshot {
    /// Reads the state, loading what that takes: `read` runs until all that it needs is there.
    ///
    /// # Errors
    /// Those of `read` that loading does not mend, and those of loading.
    pub async fn with<T, E: Needs>(
        &mut self,
        mut read: impl FnMut(&StateAt) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        loop {
            let needs = match read(&self.state) {
                Ok(value) => return Ok(value),
                Err(error) => match error.needs() {
                    needs if needs.is_empty() => return Err(error),
                    needs => needs,
                },
            };
            self.pages.load(&mut self.state.base, &needs).await?;
        }
    }
}
