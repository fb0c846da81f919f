//! One life, from a seed.

use std::sync::Arc;

use crate::{
    Executor, Fault, Faults, Plan, Random, Sim, Trace, Variant, Violation, World, actor,
    process::ProcessId, template, trace::Event,
};

/// Seconds after the end of a layer until no fault happens any more, but for those that come back with its erase.
const CALM_AFTER_S: (u64, u64) = (10, 120);

/// Seconds of calm after which a layer must have ended.
const MOST_CALM_S: u64 = 1_500;

/// Seconds that are waited after an erase for zombies: longer than a function runs, with its late writes.
const ZOMBIES_S: u64 = 125;

/// What to live.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Decides everything.
    pub seed: u64,
    /// Faults that do not happen.
    pub without: Vec<Fault>,
    /// What is broken on purpose.
    pub variant: Option<Variant>,
    /// Whether the trace is kept as text.
    pub told: bool,
}

/// What came of a life.
#[derive(Debug, Clone)]
pub struct Life {
    /// What did not hold.
    pub violation: Option<Violation>,
    /// Stands for everything that happened.
    pub trace_hash: u64,
    /// How many events there were.
    pub event_count: u64,
    /// The events, when they are told.
    pub events: Vec<Event>,
    /// Blocks of the layer.
    pub blocks: usize,
    /// Simulated seconds.
    pub seconds: u64,
}

/// Lives once.
pub fn live(setting: &Setting) -> Life {
    let mut random = Random::new(setting.seed);
    let faults = Faults::of(&mut random.fork(), &setting.without);
    let plan = Plan::of(&mut random.fork());
    let sim = Sim::new(random, faults, Trace::new(setting.told));
    let world = World::new(sim.clone(), plan, setting.variant);
    sim.note(ProcessId::OUTSIDE, setting.seed, || format!("{:?}", world.plan));
    sim.spawn(ProcessId::OUTSIDE, direct(Arc::clone(&world)));
    Executor::new(sim.clone()).run();
    world.truth.check_end();
    let blocks = world.truth.block_count();
    let state = sim.state();
    Life {
        violation: state.violation.clone(),
        trace_hash: state.trace.hash(),
        event_count: state.trace.count(),
        events: state.trace.events().to_vec(),
        blocks,
        seconds: state.now_us / 1_000_000,
    }
}

/// Starts everybody, in the order of a life.
async fn direct(world: Arc<World>) {
    let sim = &world.sim;
    sim.spawn(ProcessId::OUTSIDE, world.l1.clone().run());
    while world.is_open().is_none() {
        world.function("opener", actor::opener);
        sim.sleep_about_ms(1_000, 4_000).await;
    }
    world.beside((0..template::SENDERS).map(|number| actor::client(Arc::clone(&world), number)));
    world.beside((0..world.plan.orders).map(|number| actor::shop(Arc::clone(&world), number)));
    let paid_back = (0..).zip(&world.plan.paid_back_ms);
    let paid_back = paid_back.filter_map(|(number, at_ms)| Some((number, (*at_ms)?)));
    world.beside(
        paid_back.map(|(number, at_ms)| actor::refunder(Arc::clone(&world), number, at_ms)),
    );
    world.beside([actor::depositor(Arc::clone(&world))]);
    world.beside([watch(Arc::clone(&world))]);
    let open = |world: &World| world.is_open() == Some(true);
    let again = |name, every_ms| (Arc::clone(&world), name, every_ms);
    schedule(again("bridge", (3_000, 8_000)), actor::bridge, open);
    schedule(again("reader", (6_000, 40_000)), actor::reader, open);
    if world.plan.attests {
        schedule(again("attestor", (20_000, 60_000)), actor::attestor, open);
    }
    if world.plan.posts {
        schedule(again("poster", (10_000, 30_000)), actor::poster, open);
    }
    sim.sleep_ms(world.plan.lasts_s * 1_000).await;
    let is_there = |world: &World| !world.truth.is_empty();
    schedule(again("teardown", (15_000, 45_000)), actor::teardown, is_there);
    sim.sleep_about_ms(CALM_AFTER_S.0 * 1_000, CALM_AFTER_S.1 * 1_000).await;
    sim.calm();
    for _ in 0..MOST_CALM_S / 10 {
        if world.truth.is_empty() {
            break;
        }
        sim.sleep_ms(10_000).await;
    }
    sim.sleep_ms(ZOMBIES_S * 1_000).await;
    sim.stop();
}

/// Starts a function again and again.
fn schedule<F: Future<Output = ()> + Send + 'static>(
    (world, name, every_ms): (Arc<World>, &'static str, (u64, u64)),
    run: fn(Arc<World>, ProcessId) -> F,
    goes_on: fn(&World) -> bool,
) {
    let scheduled = Arc::clone(&world).schedule(name, every_ms, run, goes_on);
    world.beside([scheduled]);
}

/// Starts a writer now and then, for rings that were lost, until there is nothing to write.
async fn watch(world: Arc<World>) {
    while world.is_open() == Some(true) {
        world.sim.sleep_about_ms(5_000, 15_000).await;
        if !world.sim.fault(Fault::Schedule) {
            world.start_writer();
        }
    }
}
