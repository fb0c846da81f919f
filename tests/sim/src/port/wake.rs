use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use alloy_primitives::{Address, B256, Signature};
use async_trait::async_trait;
use node_core::port::{Clock, Job, Processors, SignError, Signer};

use crate::{Sim, process::ProcessId, template};

/// The clock of one process.
#[derive(Debug, Clone)]
pub(crate) struct SimClock {
    /// Time.
    pub sim: Sim,
    /// Whose clock.
    pub process: ProcessId,
}

impl Clock for SimClock {
    fn now_ms(&self) -> u64 {
        self.sim.clock_ms(self.process)
    }
}

/// Processors that do a job a little later.
#[derive(Debug, Clone)]
pub(crate) struct Later {
    /// Time.
    pub sim: Sim,
    /// Whose processors.
    pub process: ProcessId,
}

impl Processors for Later {
    fn run(&self, job: Job) {
        let sim = self.sim.clone();
        self.sim.spawn(self.process, async move {
            sim.sleep_about_ms(0, 5).await;
            job();
        });
    }
}

/// Signs mints. What was signed once, in any life, is not signed again: signing is what would take longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Minter;

static SIGNED: OnceLock<Mutex<BTreeMap<B256, Signature>>> = OnceLock::new();

#[async_trait]
impl Signer for Minter {
    fn address(&self) -> Address {
        template::minter()
    }

    async fn sign(&self, hash: B256) -> Result<Signature, SignError> {
        let signed = SIGNED.get_or_init(Mutex::default);
        let mut signed = signed.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(*signed.entry(hash).or_insert_with(|| template::sign_as_minter(hash)))
    }
}
