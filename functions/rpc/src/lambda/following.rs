use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use node_core::{
    flow::query::Replica,
    port::{Heads, Stores},
};

/// How often the log is looked at while somebody waits for a block. One read of one item.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// New blocks as the log has them: nobody tells a function of one.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) replica: Arc<Replica>,
    pub(super) stores: Stores,
}

#[async_trait]
impl Heads for Following {
    async fn wait_beyond(&self, number: u64, timeout_ms: u64) {
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(timeout_ms) {
            if let Err(error) = self.replica.follow(&self.stores).await {
                tracing::warn!(%error, "the log cannot be followed; looking again");
            }
            if self.replica.head().header.number > number {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
