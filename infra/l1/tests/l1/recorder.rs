use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use alloy::primitives::TxHash;
use async_trait::async_trait;
use mayfly_l1::HttpL1;
use node_core::{
    chain::{DepositEvent, Finality, L1Origin},
    port::{L1, L1Action, L1Receipt, L1View, PortError},
};

/// An L1 that remembers what was asked of it.
#[derive(Debug)]
pub(crate) struct Recorder {
    inner: Arc<HttpL1>,
    /// Remember actions, but do not carry them out.
    pub(crate) idle: AtomicBool,
    done: Mutex<Vec<(L1Action, L1Receipt)>>,
}

impl Recorder {
    pub(crate) fn new(inner: Arc<HttpL1>) -> Self {
        Self { inner, idle: AtomicBool::default(), done: Mutex::default() }
    }

    /// Returns the gas of the actions that `wanted` accepts, in their order.
    pub(crate) fn gas(&self, wanted: impl Fn(&L1Action) -> bool) -> Vec<u64> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.iter()
            .filter(|(action, _)| wanted(action))
            .map(|(_, receipt)| receipt.gas_used)
            .collect()
    }

    /// Returns the first action that `wanted` accepts, with its receipt.
    pub(crate) fn find(&self, wanted: impl Fn(&L1Action) -> bool) -> (L1Action, L1Receipt) {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.iter().find(|(action, _)| wanted(action)).cloned().expect("it was done")
    }
}

#[async_trait]
impl L1 for Recorder {
    async fn newest(&self, finality: Finality) -> Result<L1Origin, PortError> {
        self.inner.newest(finality).await
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        self.inner.block(number).await
    }

    async fn deposits(&self, first: u64, last: u64) -> Result<Vec<DepositEvent>, PortError> {
        self.inner.deposits(first, last).await
    }

    async fn view(&self, finality: Finality) -> Result<L1View, PortError> {
        self.inner.view(finality).await
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        let receipt = if self.idle.load(Ordering::Relaxed) {
            L1Receipt { transaction: TxHash::ZERO, block: 0, gas_used: 0 }
        } else {
            self.inner.act(action.clone()).await?
        };
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push((action, receipt));
        Ok(receipt)
    }
}
