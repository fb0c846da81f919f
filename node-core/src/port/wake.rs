use alloy_primitives::{Address, B256, Bytes, Signature};
use async_trait::async_trait;
use futures::channel::oneshot;

use super::PortError;
use crate::chain::Epoch;

/// Time, from outside.
pub trait Clock: Send + Sync {
    /// Returns Unix milliseconds.
    fn now_ms(&self) -> u64;
}

/// Wakes the sequencer. Lossy: a lost ring delays, it never loses.
pub trait Doorbell: Send + Sync {
    /// Rings.
    fn ring(&self);
}

/// Work for a processor; waits for nothing.
pub type Job = Box<dyn FnOnce() + Send>;

/// Processors beside the caller's own.
pub trait Processors: Send + Sync {
    /// Runs `job` soon, and does not wait for it. Every job is run.
    fn run(&self, job: Job);
}

/// The caller's own processor.
#[derive(Debug, Clone, Copy)]
pub struct Here;

impl Processors for Here {
    fn run(&self, job: Job) {
        job();
    }
}

/// Runs `compute` on `processors`, and waits for what comes of it.
///
/// # Panics
/// When the job did.
pub async fn compute<T: Send + 'static>(
    processors: &dyn Processors,
    compute: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, computed) = oneshot::channel();
    // The caller may have gone.
    processors.run(Box::new(move || drop(done.send(compute()))));
    computed.await.expect("every job is run")
}

/// Tells readers of new blocks.
#[async_trait]
pub trait Heads: Send + Sync {
    /// Returns when a block above `number` may be committed, or after `timeout_ms`.
    async fn wait_beyond(&self, number: u64, timeout_ms: u64);
}

/// Something that was done, for whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// A block is durable.
    Sealed {
        /// Its number.
        block: u64,
        /// The generation of writers that wrote it.
        epoch: Epoch,
        /// Its transactions.
        transactions: u64,
        /// What waited when it was begun: transactions and orders.
        waiting: u64,
        /// How long that took, in milliseconds.
        ms: u64,
    },
    /// Another writer took over from this one.
    Fenced,
}

/// Watches what is done. It must not take long.
pub trait Observer: Send + Sync {
    /// Sees one thing.
    fn observe(&self, seen: Observation);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _: Observation) {}
}

/// What a layer used so far of where it runs, and what that costs.
#[async_trait]
pub trait Costs: Send + Sync {
    /// Returns the bill so far, as `mayfly_cost` shows it.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn bill(&self) -> Result<serde_json::Value, PortError>;
}

/// Where an attestor gets witnesses: somebody who is not trusted with them.
#[async_trait]
pub trait Witnesses: Send + Sync {
    /// Returns the frame of the witness of block `number`; `None` while there is no such block.
    async fn witness(&self, number: u64) -> Result<Option<Bytes>, PortError>;
}

/// The signer cannot sign now.
#[derive(Debug, thiserror::Error)]
#[error("signer {address}: {reason}")]
pub struct SignError {
    /// Account of the signer.
    pub address: Address,
    /// What it said.
    pub reason: String,
}

/// Signs in the name of one account, wherever its key is.
#[async_trait]
pub trait Signer: Send + Sync {
    /// Returns the account that signs.
    fn address(&self) -> Address;

    /// Signs a hash.
    async fn sign(&self, hash: B256) -> Result<Signature, SignError>;
}
