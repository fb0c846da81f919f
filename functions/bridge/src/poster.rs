use std::{sync::Arc, time::Duration};

use alloy_primitives::Bytes;
use node_core::{
    chain::{Finality, LayerConfig, Posting},
    flow::{
        FlowError,
        batch::{self, Batcher, Due},
        query::Replica,
    },
    port::{Clock, L1, Stores},
    rpc::Tags,
};
use tokio::sync::watch;

use crate::{is_open, repeat};

/// Puts the inputs of one layer's blocks on its L1, and says which blocks are safe there.
#[derive(Clone)]
pub struct Poster {
    /// Stores of the layer.
    pub stores: Stores,
    /// Its configuration.
    pub config: Arc<LayerConfig>,
    /// Its committed blocks.
    pub replica: Arc<Replica>,
    /// Its L1, with the operator's key.
    pub l1: Arc<dyn L1>,
    /// Which blocks are safe and finalized.
    pub tags: Arc<Tags>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Codes that whoever rebuilds the layer has as well.
    pub known_codes: Arc<[Bytes]>,
    /// How often to look.
    pub every: Duration,
    /// How long a block waits for others to fill its batch.
    pub wait: Duration,
}

impl core::fmt::Debug for Poster {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Poster").field("every", &self.every).finish_non_exhaustive()
    }
}

impl Poster {
    /// Posts until the layer is draining, when its end posts the rest, or `stop` says true. Returns at once
    /// for a layer that posts nothing.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        if self.config.posting == Posting::Leaves {
            return;
        }
        let failed = "a batch could not be posted; trying again";
        repeat(self.every, stop, failed, || self.once()).await;
    }

    /// Posts what is due and raises the tags; `false` when the layer is not open any more.
    ///
    /// # Errors
    /// As [`batch::post`].
    pub async fn once(&self) -> Result<bool, FlowError> {
        if !is_open(&self.stores).await? {
            return Ok(false);
        }
        let Self { stores, config, replica, known_codes, .. } = self;
        let batcher = Batcher { stores, config, replica, known_codes };
        let since_s = (self.clock.now_ms() / 1000).saturating_sub(self.wait.as_secs());
        batch::post(&batcher, &*self.l1, Due::Since(since_s)).await?;
        let safe = self.l1.view(Finality::Safe).await?.posted;
        self.tags.raise_safe(safe.last_block);
        let finalized = self.l1.view(Finality::Finalized).await?.posted;
        self.tags.raise_finalized(finalized.last_block);
        Ok(true)
    }
}
