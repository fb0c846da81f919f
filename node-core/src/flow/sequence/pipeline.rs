use core::fmt;
use std::sync::Arc;

use crate::port::{Here, Processors, compute};

/// Transactions in a block from which on the next one is built while it is committed: about what is executed and
/// sealed in the time of one durable write.
///
/// Below that, building ahead would only take those that came early into a block of their own, for which the
/// others have to wait.
const BUSY: usize = 256;

/// How the writer overlaps computing with writing when it is busy.
#[derive(Clone)]
pub struct Pipeline {
    /// Build and encode blocks, beside the writer, which waits for the stores.
    pub processors: Arc<dyn Processors>,
    /// Transactions that make a block worth it.
    pub busy: usize,
}

impl Default for Pipeline {
    /// Computes on the writer's own processor: a store that has threads of its own writes meanwhile.
    fn default() -> Self {
        Self { processors: Arc::new(Here), busy: BUSY }
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("busy", &self.busy).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Computes on these processors.
    pub fn on(processors: Arc<dyn Processors>) -> Self {
        Self { processors, ..Self::default() }
    }

    /// Runs `job`, elsewhere when `count` transactions are worth the way.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        count: usize,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        if count < self.busy { job() } else { compute(&*self.processors, job).await }
    }
}
