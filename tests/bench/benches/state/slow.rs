//! An object store at the other end of a network.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alloy_primitives::Bytes;
use async_trait::async_trait;
use node_core::port::{Objects, PortError, Put, PutOutcome};

/// Counts what is read from the store inside, and takes its time for each request.
pub(crate) struct Slow {
    inner: Arc<dyn Objects>,
    latency: Duration,
    read: AtomicU64,
    requests: AtomicU64,
}

impl Slow {
    pub(crate) fn new(inner: Arc<dyn Objects>, latency: Duration) -> Self {
        Self { inner, latency, read: AtomicU64::new(0), requests: AtomicU64::new(0) }
    }

    /// Bytes read and requests made.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.requests.load(Ordering::Relaxed))
    }

    async fn travel(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }

    fn count(&self, bytes: &Bytes) {
        self.read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }
}

#[async_trait]
impl Objects for Slow {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        self.travel().await;
        self.inner.put(name, value, put).await
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        self.travel().await;
        let bytes = self.inner.get(name).await?;
        self.count(&bytes);
        Ok(bytes)
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        self.travel().await;
        let bytes = self.inner.get_range(name, offset, length).await?;
        self.count(&bytes);
        Ok(bytes)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.travel().await;
        self.inner.list(prefix).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        self.inner.delete(names).await
    }
}
