use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use node_core::port::{Clock, Doorbell, Heads};
use tokio::sync::{Notify, watch};

/// A doorbell within one process. Ringing while nobody listens is remembered once.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Waits for a ring.
    pub async fn heard(&self) {
        self.0.notified().await;
    }
}

impl Doorbell for Bell {
    fn ring(&self) {
        self.0.notify_one();
    }
}

/// Number of the newest committed block, for everybody who waits for one.
#[derive(Debug, Clone)]
pub struct HeadWatch(Arc<watch::Sender<u64>>);

impl Default for HeadWatch {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl HeadWatch {
    /// Tells everybody that block `number` is committed and readable.
    pub fn announce(&self, number: u64) {
        self.0.send_if_modified(|newest| {
            let newer = number > *newest;
            *newest = number.max(*newest);
            newer
        });
    }
}

#[async_trait]
impl Heads for HeadWatch {
    async fn wait_beyond(&self, number: u64, timeout_ms: u64) {
        let mut newest = self.0.subscribe();
        let newer = newest.wait_for(|newest| *newest > number);
        // A time-out and a new block are the same to the caller: it looks again.
        let _ = tokio::time::timeout(Duration::from_millis(timeout_ms), newer).await;
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
