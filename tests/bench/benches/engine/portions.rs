//! An inbox that is full, but shows one block more each time it is read.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use alloy_primitives::{Address, TxHash};
use async_trait::async_trait;
use node_core::{
    codec::record::{Dropped, Pending},
    port::{Appended, Inbox, PortError},
};

use crate::BLOCK;

/// The writer reads the inbox once for each block, and takes all it sees: so its blocks have one size. The
/// transactions of block `n` are those received in millisecond `n`.
pub(crate) struct Portions {
    inbox: Arc<dyn Inbox>,
    /// Blocks that were shown so far.
    shown: AtomicU64,
}

impl Portions {
    pub(crate) fn of(inbox: Arc<dyn Inbox>) -> Self {
        Self { inbox, shown: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Inbox for Portions {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        self.inbox.append_all(pending).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        let shown = self.shown.fetch_add(1, Ordering::Relaxed) + 1;
        // What is not forgotten yet of two blocks, the next one, and the one after it.
        let mut waiting = self.inbox.waiting(limit.min(4 * BLOCK)).await?;
        waiting.retain(|one| one.received_ms < shown);
        Ok(waiting)
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        self.inbox.of_sender(sender).await
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        self.inbox.remove(hashes).await
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        self.inbox.drop_with_reason(dropped).await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        self.inbox.dropped(hash).await
    }
}
