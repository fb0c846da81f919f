use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use node_core::{
    codec::record::{MintOrder, OrderRecord, Outcome},
    port::{OrderPage, Orders, PortError, Recorded},
};

/// What happens before a write, which has this number, counted from 0.
type Before = dyn Fn(usize) -> Result<(), PortError> + Send + Sync;

/// Orders before each write of which something happens.
pub(crate) struct Writes {
    orders: Arc<dyn Orders>,
    writes: AtomicUsize,
    before: Box<Before>,
}

impl Writes {
    pub(crate) fn after(
        orders: Arc<dyn Orders>,
        before: impl Fn(usize) -> Result<(), PortError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { orders, writes: AtomicUsize::new(0), before: Box::new(before) })
    }

    /// Orders of which one write fails, as if the function died there.
    pub(crate) fn fail_once(orders: Arc<dyn Orders>, fails_at: usize) -> Arc<Self> {
        Self::after(orders, move |number| {
            if number == fails_at {
                return Err(PortError::unavailable("write an order", "throttled"));
            }
            Ok(())
        })
    }

    fn count(&self) -> Result<(), PortError> {
        (self.before)(self.writes.fetch_add(1, Ordering::SeqCst))
    }
}

#[async_trait]
impl Orders for Writes {
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError> {
        self.count()?;
        self.orders.record(order).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError> {
        self.orders.waiting(limit).await
    }

    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError> {
        self.orders.mark(outcomes).await
    }

    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError> {
        self.orders.get(key).await
    }

    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError> {
        self.count()?;
        self.orders.change(expected, record).await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError> {
        self.orders.list(from, limit).await
    }
}
