use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use node_core::{
    flow::{
        FlowError, phase,
        query::Replica,
        sequence::{BATCH, Committed, Context, Sequencer, Step, TakeOver, Timing},
    },
    port::{Clock, Observation, Observer},
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
    /// Looks for work so often while it holds the lease; `None` where the bell tells of all.
    pub poll: Option<Duration>,
    /// Blocks after which a checkpoint is due; bounds what the next writer replays.
    pub checkpoint_blocks: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(2),
            watchdog: Duration::from_secs(10),
            poll: None,
            checkpoint_blocks: 1_024,
        }
    }
}

/// What became of an attempt to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worked {
    /// Nothing waits that can be included, or it was time to stop.
    Done,
    /// Another writer is at it.
    Held {
        /// Until when, Unix milliseconds.
        until_ms: u64,
    },
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
    /// Is told of what is done.
    pub observer: Arc<dyn Observer>,
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
            match self.look(&stop).await {
                Ok(Worked::Done) => {}
                Ok(Worked::Held { until_ms }) => self.come_back(until_ms),
                Err(error) => self.report(&error).await,
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

    /// Works until nothing new waits, another writer is at it, or `stop` says true. Nothing goes on after this
    /// returns: a function freezes then.
    ///
    /// Whoever rang while the lease was held was not heard. So what waits is looked at once more after the lease
    /// was given back; what waited before that and was not included is left for a later ring.
    ///
    /// # Errors
    /// As [`Sequencer::step`].
    pub async fn serve(&self, stop: &watch::Receiver<bool>) -> Result<(), FlowError> {
        let mut known = BTreeSet::new();
        while !*stop.borrow() {
            let waiting = self.waiting().await?;
            if waiting.is_subset(&known) {
                break;
            }
            if self.work(stop).await? != Worked::Done {
                break;
            }
            known = waiting;
        }
        Ok(())
    }

    /// Names of what waits.
    async fn waiting(&self) -> Result<BTreeSet<String>, FlowError> {
        let stores = &self.context.stores;
        let pending = stores.inbox.waiting(BATCH).await?;
        let orders = stores.orders.waiting(BATCH).await?;
        let hashes = pending.into_iter().map(|one| one.hash.to_string());
        Ok(hashes.chain(orders.into_iter().map(|order| order.key)).collect())
    }

    /// Works, if there is work.
    async fn look(&self, stop: &watch::Receiver<bool>) -> Result<Worked, FlowError> {
        if self.has_work().await? {
            return self.work(stop).await;
        }
        // Another writer may have written, as at the end; of a layer that is gone there is nothing to show.
        phase::current(&*self.context.stores.registers).await?;
        self.follow().await?;
        Ok(Worked::Done)
    }

    /// Takes the lease, drains what waits, leaves when idle.
    ///
    /// # Errors
    /// As [`Sequencer::step`]; the next call takes over again.
    async fn work(&self, stop: &watch::Receiver<bool>) -> Result<Worked, FlowError> {
        let now_ms = self.clock.now_ms();
        let context = self.context.clone();
        let mut sequencer = match Sequencer::take_over(context, &self.holder, now_ms).await? {
            TakeOver::Won(sequencer) => sequencer,
            TakeOver::Held { until_ms } => return Ok(Worked::Held { until_ms }),
        };
        self.follow().await?;
        let epoch = sequencer.epoch();
        tracing::debug!(%epoch, "this writer took over");
        let drained = self.drain(&mut sequencer, stop).await;
        if drained.as_ref().is_err_and(FlowError::is_fenced) {
            self.observer.observe(Observation::Fenced);
        }
        drained?;
        sequencer.leave().await?;
        Ok(Worked::Done)
    }

    /// Whether anything waits.
    ///
    /// # Errors
    /// The stores' errors.
    pub async fn has_work(&self) -> Result<bool, FlowError> {
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
        let mut idle_since = None;
        while !*stop.borrow() {
            let (since, now_ms) = (Instant::now(), self.clock.now_ms());
            if let Step::Committed(committed) =
                sequencer.step(Timing { now_ms, last_call: false }).await?
            {
                idle_since = None;
                let number = committed.header.number;
                self.observe(sequencer, &committed, since);
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
            } else if !self.wait_for_more(&mut idle_since, stop).await? {
                break;
            }
        }
        if let Some(committed) = sequencer.settle().await? {
            self.publish(committed);
        }
        if sequencer.tip().header.number > checkpointed {
            sequencer.checkpoint().await?;
        }
        Ok(())
    }

    /// Tells whoever watches of a block.
    fn observe(&self, sequencer: &Sequencer, committed: &Committed, since: Instant) {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.observer.observe(Observation::Sealed {
            block: committed.header.number,
            epoch: sequencer.epoch(),
            transactions: count(committed.record.receipts.len()),
            waiting: count(sequencer.waiting()),
            ms: u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }

    /// Shows readers a block that was committed here.
    fn publish(&self, committed: Committed) {
        let number = committed.header.number;
        self.replica.push(committed);
        self.heads.announce(number);
    }

    /// Waits for a ring, or to look again; `false` when it is time to leave.
    async fn wait_for_more(
        &self,
        idle_since: &mut Option<Instant>,
        stop: &watch::Receiver<bool>,
    ) -> Result<bool, FlowError> {
        let since = *idle_since.get_or_insert_with(Instant::now);
        let left = self.policy.idle.saturating_sub(since.elapsed());
        if left.is_zero() || !phase::current(&*self.context.stores.registers).await?.accepts() {
            return Ok(false);
        }
        let mut stop = stop.clone();
        tokio::select! {
            () = self.bell.heard() => {
                *idle_since = None;
                Ok(true)
            }
            () = tokio::time::sleep(self.policy.poll.map_or(left, |poll| poll.min(left))) => Ok(true),
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
    fn come_back(&self, until_ms: u64) {
        let bell = self.bell.clone();
        let after_ms = until_ms.saturating_sub(self.clock.now_ms());
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
