use std::{sync::Arc, time::Duration};

use node_core::{
    flow::{
        FlowError, phase,
        query::Replica,
        sequence::{Committed, Context, Sequencer, Step, TakeOver, Timing},
    },
    port::Clock,
};
use tokio::sync::watch;

use crate::{Bell, HeadWatch};

/// When the writer leaves, and how often it writes a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Leaves when nothing came for so long.
    pub idle: Duration,
    /// Looks for work by itself after so long without a ring: a ring may be lost.
    pub watchdog: Duration,
    /// Blocks after which a checkpoint is due; bounds what the next writer replays.
    pub checkpoint_blocks: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(2),
            watchdog: Duration::from_secs(10),
            checkpoint_blocks: 1_024,
        }
    }
}

/// The writer of one layer in one process.
#[derive(Clone)]
pub struct Writer {
    /// The layer.
    pub context: Context,
    /// Gets every block that is committed here.
    pub replica: Arc<Replica>,
    /// Tells readers of it.
    pub heads: HeadWatch,
    /// Wakes the writer.
    pub bell: Bell,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// When to leave.
    pub policy: Policy,
    /// Names this writer uniquely; see [`Writer::name`].
    pub holder: String,
}

impl core::fmt::Debug for Writer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Writer").field("holder", &self.holder).finish_non_exhaustive()
    }
}

impl Writer {
    /// Makes a name that no other writer has.
    pub fn name() -> String {
        format!("{:032x}", rand::random::<u128>())
    }

    /// Works until `stop` says true. What is being committed is finished first.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.work(&stop).await {
                self.report(&error).await;
            }
            tokio::select! {
                () = self.bell.heard() => {}
                () = tokio::time::sleep(self.policy.watchdog) => {}
                stopped = stop.wait_for(|stop| *stop) => {
                    drop(stopped);
                    return;
                }
            }
        }
    }

    /// Takes the lease, drains what waits, leaves when idle.
    ///
    /// # Errors
    /// As [`Sequencer::step`]; the next call takes over again.
    async fn work(&self, stop: &watch::Receiver<bool>) -> Result<(), FlowError> {
        if !self.has_work().await? {
            // Another writer may have written, as at the end; of a layer that is gone there is nothing to show.
            phase::current(&*self.context.stores.registers).await?;
            return self.follow().await;
        }
        let now_ms = self.clock.now_ms();
        let context = self.context.clone();
        let mut sequencer = match Sequencer::take_over(context, &self.holder, now_ms).await? {
            TakeOver::Won(sequencer) => sequencer,
            TakeOver::Held { until_ms } => {
                self.come_back(until_ms.saturating_sub(now_ms));
                return Ok(());
            }
        };
        self.follow().await?;
        self.drain(&mut sequencer, stop).await?;
        sequencer.leave().await
    }

    async fn has_work(&self) -> Result<bool, FlowError> {
        let stores = &self.context.stores;
        Ok(!stores.inbox.waiting(1).await?.is_empty()
            || !stores.orders.waiting(1).await?.is_empty())
    }

    async fn drain(
        &self,
        sequencer: &mut Sequencer,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), FlowError> {
        let mut checkpointed = sequencer.tip().header.number;
        loop {
            let timing = Timing { now_ms: self.clock.now_ms(), last_call: false };
            if let Step::Committed(committed) = sequencer.step(timing).await? {
                let number = committed.header.number;
                self.publish(*committed);
                let due = sequencer.tip().is_checkpoint_due();
                if due || number - checkpointed >= self.policy.checkpoint_blocks {
                    if let Some(committed) = sequencer.settle().await? {
                        self.publish(committed);
                    }
                    sequencer.checkpoint().await?;
                    checkpointed = sequencer.tip().header.number;
                    // Lets the replica forget what the checkpoint has.
                    self.replica.follow(&self.context.stores).await?;
                }
            } else if *stop.borrow() || !self.wait_for_more(stop).await? {
                break;
            }
        }
        if sequencer.tip().header.number > checkpointed {
            sequencer.checkpoint().await?;
        }
        Ok(())
    }

    /// Shows readers a block that was committed here.
    fn publish(&self, committed: Committed) {
        let number = committed.header.number;
        self.replica.push(committed);
        self.heads.announce(number);
    }

    /// Waits for a ring; `false` when it is time to leave.
    async fn wait_for_more(&self, stop: &watch::Receiver<bool>) -> Result<bool, FlowError> {
        if !phase::current(&*self.context.stores.registers).await?.accepts() {
            return Ok(false);
        }
        let mut stop = stop.clone();
        tokio::select! {
            () = self.bell.heard() => Ok(true),
            () = tokio::time::sleep(self.policy.idle) => Ok(false),
            stopped = stop.wait_for(|stop| *stop) => {
                drop(stopped);
                Ok(false)
            }
        }
    }

    /// Shows readers what other writers committed.
    async fn follow(&self) -> Result<(), FlowError> {
        self.replica.follow(&self.context.stores).await?;
        self.heads.announce(self.replica.head().header.number);
        Ok(())
    }

    /// Rings again when the lease of another writer has run out.
    fn come_back(&self, after_ms: u64) {
        let bell = self.bell.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms + 1)).await;
            node_core::port::Doorbell::ring(&bell);
        });
    }

    async fn report(&self, error: &FlowError) {
        match error {
            FlowError::NoLayer => tracing::debug!("the layer is gone"),
            error if error.is_fenced() => {
                tracing::warn!(%error, "fenced: another writer took over")
            }
            error => {
                tracing::error!(%error, "the writer stopped; it takes over again");
                // The store had trouble a moment ago: leave it some air before the next attempt.
                tokio::time::sleep(Duration::from_millis(200)).await;
                node_core::port::Doorbell::ring(&self.bell);
            }
        }
    }
}
