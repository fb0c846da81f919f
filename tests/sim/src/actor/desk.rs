//! What takes transactions: instances that live for a while and serve many requests, some at the same time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use node_core::{
    flow::{
        query::Replica,
        submit::{Desk, Intake, Signed, SubmitError, Submitted},
    },
    port::{Clock, Stores},
};

use crate::{World, process::ProcessId};

/// How long a client waits for an answer, in milliseconds.
const PATIENCE_MS: u64 = 15_000;

/// The place of one instance.
pub(crate) type Slot = Mutex<Option<(ProcessId, Option<Arc<Instance>>)>>;

/// An instance that takes transactions.
#[derive(Debug)]
pub(crate) struct Instance {
    process: ProcessId,
    stores: Stores,
    replica: Replica,
    intake: Intake,
}

/// Sends transactions to an instance; `None` when there is no answer.
pub(crate) async fn send(world: &Arc<World>, signed: Vec<Signed>) -> Option<Vec<Submitted>> {
    let at = world.sim.with_random(|random| random.place(world.desks.len()));
    let instance = ready(world, at).await?;
    let (answer, answered) = oneshot::channel();
    let process = instance.process;
    world.sim.spawn(process, serve(Arc::clone(world), instance, signed, answer));
    let patience = world.sim.sleep_ms(PATIENCE_MS);
    match select(answered, patience).await {
        Either::Left((answers, _)) => answers.ok(),
        Either::Right(_) => None,
    }
}

/// The instance in a place, once it can serve.
async fn ready(world: &Arc<World>, at: usize) -> Option<Arc<Instance>> {
    for _ in 0..20 {
        let held = slot(world, at).clone();
        match held {
            Some((process, Some(instance))) if world.sim.is_alive(process) => {
                return Some(instance);
            }
            Some((process, None)) if world.sim.is_alive(process) => {}
            _ => {
                let process =
                    world.function("rpc", move |world, process| start(world, process, at));
                *slot(world, at) = Some((process, None));
            }
        }
        world.sim.sleep_ms(100).await;
    }
    None
}

fn slot(world: &World, at: usize) -> MutexGuard<'_, Option<(ProcessId, Option<Arc<Instance>>)>> {
    world.desks[at].lock().unwrap_or_else(PoisonError::into_inner)
}

async fn start(world: Arc<World>, process: ProcessId, at: usize) {
    let stores = world.stores(process);
    match Replica::open(&stores, world.config.id).await {
        Ok(replica) => {
            let intake = Intake::default();
            let instance = Instance { process, stores, replica, intake };
            *slot(&world, at) = Some((process, Some(Arc::new(instance))));
        }
        Err(error) => {
            world.judge(process, &error);
            world.sim.end(process, "could not start");
        }
    }
}

async fn serve(
    world: Arc<World>,
    instance: Arc<Instance>,
    signed: Vec<Signed>,
    answer: oneshot::Sender<Vec<Submitted>>,
) {
    let Instance { process, stores, replica, intake } = &*instance;
    // An answer from a state that is a little older is as good.
    if let Err(error) = replica.follow(stores).await {
        world.judge(*process, &error);
    }
    let head = replica.head();
    world.truth.is_seen(*process, head.header.number, head.header.hash());
    let (clock, doorbell) = (world.clock(*process), world.bell());
    let clock: &dyn Clock = &*clock;
    let (config, rules) = (&*world.config, world.rules());
    let desk = Desk { stores, doorbell: &doorbell, config, rules, replica, clock };
    let answers = intake.submit(desk, signed).await;
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        if let SubmitError::Flow(error) = &**error {
            world.judge(*process, error);
        }
    }
    // The client may have gone.
    drop(answer.send(answers));
}
