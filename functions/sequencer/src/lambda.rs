//! The function on AWS Lambda: writes for one layer at a time, until nothing waits or its time is up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use mayfly_aws::{Cloud, Functions, News, When};
use node_core::{
    chain::LayerId,
    flow::{
        FlowError,
        query::Replica,
        sequence::{Context, Pipeline},
    },
    port::{Clock, Heads, PortError, Signer},
};
use serde::Deserialize;
use tokio::sync::watch;
use tracing::Instrument;

use crate::{Bell, Blocking, HeadWatch, Policy, SystemClock, Writer};

/// Before its time is up the writer stops, writes a checkpoint and gives the lease back; then it rings for the
/// next one. 60 s is more than the largest checkpoint takes.
const HAND_OVER: Duration = Duration::from_secs(60);

/// How often the hot writer looks for work: every look is a query of each shard.
const POLL: Duration = Duration::from_millis(15);

/// How often a writer whose store had trouble takes over again before it leaves that to the watchdog.
const ATTEMPTS: usize = 3;

/// How long it is waited for a block before it is looked again, in milliseconds.
const NEWS_MS: u64 = 60_000;

/// What rings.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Ring {
    /// The layer that has work.
    pub layer: LayerId,
}

/// What became of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Served {
    /// Blocks were written.
    Blocks,
    /// There was nothing to do, or no layer any more.
    Nothing,
}

/// Writes for the layers of a deployment.
pub struct Sequencing {
    cloud: Cloud,
    functions: Functions,
    news: News,
    /// Name of this very function.
    name: String,
    minter: Arc<dyn Signer>,
}

impl core::fmt::Debug for Sequencing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sequencing").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Sequencing {
    /// Makes the function; `name` is its own, `rpc` that of the function that tells subscribers.
    pub fn new(cloud: Cloud, name: &str, rpc: &str, minter: Arc<dyn Signer>) -> Self {
        let (functions, news) = (cloud.functions(), cloud.news(rpc));
        Self { cloud, functions, news, name: name.to_owned(), minter }
    }

    /// Writes until nothing waits, or just before `deadline`; then rings for the next writer, if there is work left.
    ///
    /// # Errors
    /// What did not pass by itself. Nothing that was acknowledged is lost: the watchdog rings again.
    pub async fn answer(&self, ring: Ring, deadline: SystemTime) -> Result<(), FlowError> {
        let since = Instant::now();
        let span = tracing::info_span!("layer", layer = %ring.layer);
        let served = Box::pin(self.serve(ring, deadline)).instrument(span).await;
        self.cloud.meters().count(&[ring.layer], since);
        // A late ring may come while the layer is erased, and must leave nothing behind.
        if !matches!(served, Ok(Served::Nothing)) {
            self.cloud.meters().write(When::Now).await;
        }
        self.cloud.metrics().write(When::Now);
        served.map(drop)
    }

    async fn serve(&self, ring: Ring, deadline: SystemTime) -> Result<Served, FlowError> {
        let writer = match self.writer(ring.layer).await {
            // It has ended; a late ring.
            Err(FlowError::NoLayer) => return Ok(Served::Nothing),
            other => other?,
        };
        let head = || writer.replica.head().header.number;
        let before = head();
        let (stop, stopping) = watch::channel(false);
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let time_up = async {
            tokio::time::sleep(left.saturating_sub(HAND_OVER)).await;
            stop.send_replace(true);
            core::future::pending::<()>().await;
        };
        let rung = AtomicU64::new(before);
        let written = tokio::select! {
            written = write(&writer, &stopping) => written,
            () = time_up => Ok(()),
            () = self.keep_telling(&writer, &rung) => Ok(()),
        };
        if head() > rung.into_inner() {
            self.news.ring(ring.layer, SystemClock.now_ms()).await;
        }
        written?;
        let is_time_up = *stopping.borrow();
        if is_time_up && writer.has_work().await? {
            self.functions.invoke(&self.name, ring.layer).await?;
        }
        Ok(if head() > before { Served::Blocks } else { Served::Nothing })
    }

    /// Has subscribers told of blocks while others are written: a ring takes as long as many blocks. Never returns.
    async fn keep_telling(&self, writer: &Writer, rung: &AtomicU64) {
        loop {
            writer.heads.wait_beyond(rung.load(Ordering::Relaxed), NEWS_MS).await;
            let head = writer.replica.head().header.number;
            if head > rung.load(Ordering::Relaxed) {
                self.news.ring(writer.context.config.id, SystemClock.now_ms()).await;
                rung.store(head, Ordering::Relaxed);
            }
        }
    }

    async fn writer(&self, layer: LayerId) -> Result<Writer, FlowError> {
        let stores = self.cloud.stores(layer);
        let mut context = Context::load(stores, Some(Arc::clone(&self.minter))).await?;
        context.pipeline = Pipeline::on(Arc::new(Blocking));
        let replica = Arc::new(Replica::open(&context.stores, layer).await?);
        Ok(Writer {
            context,
            replica,
            heads: HeadWatch::default(),
            bell: Bell::default(),
            clock: Arc::new(SystemClock),
            observer: Arc::new(self.cloud.metrics().clone()),
            policy: Policy { poll: Some(POLL), ..Policy::default() },
            holder: Writer::name(),
        })
    }
}

/// Writes, and takes over again when the store had trouble. Another writer is no trouble.
async fn write(writer: &Writer, stopping: &watch::Receiver<bool>) -> Result<(), FlowError> {
    let mut attempt = 1;
    loop {
        match writer.serve(stopping).await {
            Err(error) if error.is_fenced() => {
                tracing::warn!(%error, "fenced: another writer took over");
                return Ok(());
            }
            Err(FlowError::NoLayer) => return Ok(()),
            Err(FlowError::Port(error @ PortError::Unavailable { .. })) if attempt < ATTEMPTS => {
                tracing::warn!(%error, "the writer stopped; it takes over again");
                attempt += 1;
            }
            other => return other,
        }
    }
}
