use std::sync::Arc;

use node_core::flow::{
    FlowError,
    batch::{self, Batcher, Due},
    bridge::ingest,
    phase,
    query::Replica,
};

use crate::{World, process::ProcessId, template};

/// Reads deposits once.
pub(crate) async fn bridge(world: Arc<World>, process: ProcessId) {
    if let Err(error) = read(&world, process).await {
        world.judge(process, &error);
    }
}

async fn read(world: &Arc<World>, process: ProcessId) -> Result<(), FlowError> {
    let stores = world.stores(process);
    if !phase::current(&*stores.registers).await?.accepts() {
        return Ok(());
    }
    let (l1, clock) = (world.node(process), world.clock(process));
    ingest(&stores, &world.config, &*l1, &world.bell(), clock.now_ms()).await.map(drop)
}

/// Posts what is due once.
pub(crate) async fn poster(world: Arc<World>, process: ProcessId) {
    if let Err(error) = post(&world, process).await {
        world.judge(process, &error);
    }
}

async fn post(world: &World, process: ProcessId) -> Result<(), FlowError> {
    let (stores, config) = (&world.stores(process), &world.config);
    let replica = &Replica::open(stores, config.id).await?;
    let known_codes = &template::known_codes();
    let batcher = Batcher { stores, config, replica, known_codes };
    let since = world.clock(process).now_ms() / 1_000 - 10;
    batch::post(&batcher, &*world.node(process), Due::Since(since)).await.map(drop)
}

/// Deposits on the L1 while the layer runs, and now and then too late.
pub(crate) async fn depositor(world: Arc<World>) {
    let sim = &world.sim;
    for _ in 0..world.plan.deposits {
        sim.sleep_about_ms(0, world.plan.lasts_s * 700).await;
        let number = sim.with_random(|random| random.place(usize::from(template::SENDERS)));
        let to = template::sender(u8::try_from(number).unwrap_or_default());
        world.l1.deposit(template::deposit(0, to), 0);
    }
}
