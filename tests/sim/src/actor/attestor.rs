use std::sync::Arc;

use alloy_primitives::Bytes;
use async_trait::async_trait;
use futures::lock::Mutex;
use node_core::{
    codec::record::Record,
    execute::Rules,
    flow::{
        FlowError,
        attest::{AttestError, Attesting, FollowError, of_block},
        query::Replica,
    },
    port::{PortError, Witnesses},
};

use crate::{Property, World, process::ProcessId, template};

/// Executes every block again, from witnesses, and starts again where it was.
pub(crate) async fn attestor(world: Arc<World>, process: ProcessId) {
    while !world.truth.is_erasing() {
        match attest(&world, process).await {
            Ok(()) => return,
            // The node of the attestor may not have it yet.
            Err(FollowError::Attest(AttestError::Deposit { .. })) => {}
            Err(FollowError::Attest(error)) => {
                let (property, about) = (Property::NothingBreaks, vec![process.to_string()]);
                world.sim.violate(property, format!("{process} does not attest: {error}"), about);
            }
            Err(FollowError::Port(error)) => world.judge(process, &FlowError::from(error)),
        }
        world.sim.sleep_about_ms(500, 3_000).await;
    }
}

async fn attest(world: &Arc<World>, process: ProcessId) -> Result<(), FollowError> {
    let witnesses =
        Arc::new(Source { world: Arc::clone(world), process, replica: Mutex::default() });
    let registers = Arc::clone(&world.attested);
    let (config, terms) = ((*world.config).clone(), template::terms());
    let l1 = world.node(process);
    let mut attesting = Attesting::open(config, &terms, registers, l1, witnesses).await?;
    while !world.truth.is_erasing() {
        let newest = attesting.catch_up().await?;
        world.truth.is_seen(process, newest.number, newest.hash());
        world.sim.sleep_about_ms(2_000, 9_000).await;
    }
    Ok(())
}

/// Makes witnesses of what is committed.
struct Source {
    world: Arc<World>,
    process: ProcessId,
    /// What it makes them from, once it has been asked.
    replica: Mutex<Option<Replica>>,
}

impl Source {
    async fn make(&self, rules: &Rules, number: u64) -> Result<Option<Bytes>, FlowError> {
        let stores = self.world.stores(self.process);
        let mut replica = self.replica.lock().await;
        let replica = match &mut *replica {
            Some(replica) => replica,
            None => replica.insert(Replica::open(&stores, self.world.config.id).await?),
        };
        if replica.head().header.number < number {
            replica.follow(&stores).await?;
        }
        let witness = of_block(replica, rules, number).await?;
        Ok(witness.map(|witness| witness.to_frame().into()))
    }
}

#[async_trait]
impl Witnesses for Source {
    async fn witness(&self, number: u64) -> Result<Option<Bytes>, PortError> {
        match self.make(self.world.rules(), number).await {
            Ok(made) => Ok(made),
            Err(FlowError::Port(error)) => Err(error),
            Err(FlowError::NoLayer) => Ok(None),
            Err(error) => {
                self.world.judge(self.process, &error);
                Err(PortError::unavailable("witness", error))
            }
        }
    }
}
