//! Brings deposits from the L1 into a flash layer, as a loop around [`node_core::flow::bridge`], and its batches to
//! the L1, as one around [`node_core::flow::batch`].

mod poster;

#[cfg(feature = "lambda")]
pub mod lambda;

pub use poster::Poster;

use std::{sync::Arc, time::Duration};

use node_core::{
    chain::LayerConfig,
    flow::{FlowError, bridge, phase},
    port::{Clock, Doorbell, L1, Stores},
};
use tokio::sync::watch;

/// Reads the L1 of one layer.
#[derive(Clone)]
pub struct Bridge {
    /// Stores of the layer.
    pub stores: Stores,
    /// Its configuration.
    pub config: Arc<LayerConfig>,
    /// Its L1.
    pub l1: Arc<dyn L1>,
    /// Wakes the writer.
    pub doorbell: Arc<dyn Doorbell>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How often the L1 is asked. An L1 slot is 12 s; the development L1 has blocks at any time.
    pub every: Duration,
}

impl core::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Bridge").field("every", &self.every).finish_non_exhaustive()
    }
}

impl Bridge {
    /// Reads until the layer stops taking deposits or `stop` says true.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        let failed = "the L1 could not be read; trying again";
        repeat(self.every, stop, failed, || self.once()).await;
    }

    /// Reads what is new; `false` when the layer does not take deposits any more.
    ///
    /// # Errors
    /// As [`bridge::ingest`].
    pub async fn once(&self) -> Result<bool, FlowError> {
        if !is_open(&self.stores).await? {
            return Ok(false);
        }
        let now_ms = self.clock.now_ms();
        bridge::ingest(&self.stores, &self.config, &*self.l1, &*self.doorbell, now_ms).await?;
        Ok(true)
    }
}

/// Does it again and again, with a pause of `every` in between, until it says `false` or `stop` says true. What
/// fails is said and tried again.
async fn repeat<F: Future<Output = Result<bool, FlowError>>>(
    every: Duration,
    mut stop: watch::Receiver<bool>,
    failed: &str,
    once: impl Fn() -> F,
) {
    loop {
        match once().await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "{failed}"),
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            stopped = stop.wait_for(|stop| *stop) => {
                drop(stopped);
                return;
            }
        }
    }
}

/// Whether the layer takes deposits and transactions.
async fn is_open(stores: &Stores) -> Result<bool, FlowError> {
    match phase::current(&*stores.registers).await {
        Ok(phase) => Ok(phase.accepts()),
        Err(FlowError::NoLayer) => Ok(false),
        Err(error) => Err(error),
    }
}
