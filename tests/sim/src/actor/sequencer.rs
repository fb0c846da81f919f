use std::sync::Arc;

use node_core::{
    flow::{
        FlowError, phase,
        query::Replica,
        sequence::{Committed, Context, Sequencer, Step, TakeOver, Timing},
    },
    port::Clock,
};

use crate::{World, process::ProcessId};

/// How often one instance tries again before it gives up.
const TRIES: usize = 3;

/// One instance of the sequencer.
pub(crate) async fn sequencer(world: Arc<World>, process: ProcessId) {
    let writer = Writer {
        context: world.context(process),
        clock: world.clock(process),
        holder: process.to_string(),
        world: Arc::clone(&world),
        process,
    };
    for _ in 0..TRIES {
        match writer.work().await {
            Ok(()) => break,
            Err(error) => world.judge(process, &error),
        }
        world.sim.sleep_ms(200).await;
    }
    world.done(process);
}

struct Writer {
    world: Arc<World>,
    process: ProcessId,
    context: Context,
    clock: Arc<dyn Clock>,
    holder: String,
}

impl Writer {
    /// Takes the lease, drains what waits, leaves when idle.
    async fn work(&self) -> Result<(), FlowError> {
        let stores = &self.context.stores;
        let is_idle =
            stores.inbox.waiting(1).await?.is_empty() && stores.orders.waiting(1).await?.is_empty();
        if is_idle {
            return Ok(());
        }
        // Most instances find nothing to do, and need not be as large as those that do.
        Box::pin(self.write()).await
    }

    async fn write(&self) -> Result<(), FlowError> {
        let stores = &self.context.stores;
        let now_ms = self.clock.now_ms();
        let context = self.context.clone();
        let mut sequencer = match Sequencer::take_over(context, &self.holder, now_ms).await? {
            TakeOver::Won(sequencer) => sequencer,
            TakeOver::Held { until_ms } => {
                self.come_back(until_ms.saturating_sub(now_ms));
                return Ok(());
            }
        };
        let Context { config, caches, .. } = &self.context;
        let replica = Replica::open_with(stores, config.id, caches).await?;
        self.drain(&mut sequencer, &replica).await?;
        sequencer.leave().await
    }

    async fn drain(&self, sequencer: &mut Sequencer, replica: &Replica) -> Result<(), FlowError> {
        let mut checkpointed = sequencer.tip().header.number;
        loop {
            let rings = self.world.rings();
            let timing = Timing { now_ms: self.clock.now_ms(), last_call: false };
            if let Step::Committed(committed) = sequencer.step(timing).await? {
                let number = committed.header.number;
                self.publish(*committed, replica);
                if number - checkpointed >= self.world.plan.checkpoint_blocks {
                    if let Some(committed) = sequencer.settle().await? {
                        self.publish(committed, replica);
                    }
                    sequencer.checkpoint().await?;
                    checkpointed = sequencer.tip().header.number;
                }
            } else if !self.wait_for_more(rings).await? {
                break;
            }
        }
        if sequencer.tip().header.number > checkpointed {
            sequencer.checkpoint().await?;
        }
        Ok(())
    }

    /// Shows readers a block that was committed here.
    fn publish(&self, committed: Committed, replica: &Replica) {
        replica.push(committed);
        let head = replica.head();
        self.world.truth.is_seen(self.process, head.header.number, head.header.hash());
    }

    /// Waits for a ring; `false` when it is time to leave.
    async fn wait_for_more(&self, rings: u64) -> Result<bool, FlowError> {
        if !phase::current(&*self.context.stores.registers).await?.accepts() {
            return Ok(false);
        }
        self.world.sim.sleep_ms(self.world.plan.idle_ms).await;
        Ok(self.world.rings() != rings)
    }

    /// Rings again when the lease of another writer has run out.
    fn come_back(&self, after_ms: u64) {
        let world = Arc::clone(&self.world);
        self.world.sim.spawn(self.process, async move {
            world.sim.sleep_ms(after_ms + 1).await;
            node_core::port::Doorbell::ring(&world.bell());
        });
    }
}
