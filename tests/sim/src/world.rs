use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use node_core::{
    chain::LayerConfig,
    execute::Rules,
    flow::{
        Caches, FlowError, phase,
        sequence::{Context, Pipeline},
    },
    port::{Clock, Doorbell, L1, PortError, Registers, Stores, memory::Memory},
};

use crate::{
    Fault, L1Chain, Plan, Property, Sim, Truth, Variant,
    actor::{self, Slot},
    l1::Node,
    port::{Client, Later, Minter, SimClock},
    process::ProcessId,
    template::{self, template},
    truth::at_once,
    variant::SecondRows,
};

/// How long a function may run, in milliseconds. With [late writes](crate::port) less than from the end of a layer until
/// it may be erased.
const FUNCTION_MS: u64 = 80_000;

/// Writers that are started beside each other at most.
const MOST_WRITERS: usize = 3;

/// Everything that one life is made of.
pub(crate) struct World {
    /// Time, chance and processes.
    pub sim: Sim,
    /// What is really stored, and what was promised.
    pub truth: Truth,
    /// The L1.
    pub l1: L1Chain,
    /// The layer.
    pub config: Arc<LayerConfig>,
    /// What differs from life to life.
    pub plan: Plan,
    /// What is broken on purpose.
    pub variant: Option<Variant>,
    rules: Arc<Rules>,
    /// What the attestor remembers, which nobody else writes.
    pub(crate) attested: Arc<dyn Registers>,
    rows: SecondRows,
    rings: AtomicU64,
    writers: Mutex<Vec<ProcessId>>,
    /// Instances that take transactions.
    pub(crate) desks: [Slot; 2],
}

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("World").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl World {
    /// A world in which nothing has happened yet.
    pub(crate) fn new(sim: Sim, plan: Plan, variant: Option<Variant>) -> Arc<Self> {
        let config = Arc::new(plan.config());
        let first = (0..template::SENDERS)
            .map(|number| template::deposit(u64::from(number), template::sender(number)));
        let l1 = L1Chain::new(sim.clone(), plan.depth, first.collect());
        let genesis = template().genesis.hash();
        Arc::new(Self {
            truth: Truth::new(sim.clone(), Arc::clone(&config), l1.clone(), genesis),
            l1,
            rules: Arc::new(Rules::layer(config.chain_id)),
            config,
            plan,
            variant,
            attested: Memory::stores().registers,
            rows: SecondRows::default(),
            rings: AtomicU64::new(0),
            writers: Mutex::default(),
            desks: Default::default(),
            sim,
        })
    }

    /// Whether this is broken on purpose.
    pub(crate) fn is(&self, variant: Variant) -> bool {
        self.variant == Some(variant)
    }

    /// The stores as a process sees them.
    pub(crate) fn stores(&self, process: ProcessId) -> Stores {
        let stores = Client::stores(self.sim.clone(), self.truth.clone(), process);
        match self.variant {
            Some(variant) => variant.stores(&self.sim, &self.rows, process, stores),
            None => stores,
        }
    }

    /// The clock of a process.
    pub(crate) fn clock(&self, process: ProcessId) -> Arc<dyn Clock> {
        Arc::new(SimClock { sim: self.sim.clone(), process })
    }

    /// The L1 as a process sees it.
    pub(crate) fn node(&self, process: ProcessId) -> Arc<dyn L1> {
        let node = Node { chain: self.l1.clone(), process };
        match self.variant {
            Some(variant) => variant.l1(node),
            None => Arc::new(node),
        }
    }

    /// What a writer works with.
    pub(crate) fn context(&self, process: ProcessId) -> Context {
        let processors = Arc::new(Later { sim: self.sim.clone(), process });
        Context {
            stores: self.stores(process),
            config: Arc::clone(&self.config),
            rules: Arc::clone(&self.rules),
            signer: Some(Arc::new(Minter)),
            pipeline: Pipeline { processors, busy: self.plan.busy },
            caches: Caches::default(),
        }
    }

    /// The rules of the layer.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Starts a function, which is ended when it runs for too long.
    pub(crate) fn function<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        run: impl FnOnce(Arc<Self>, ProcessId) -> F,
    ) -> ProcessId {
        let process = self.sim.start(name);
        self.sim.spawn(process, run(Arc::clone(self), process));
        let sim = self.sim.clone();
        self.sim.spawn(ProcessId::OUTSIDE, async move {
            sim.sleep_ms(FUNCTION_MS).await;
            sim.end(process, "has run for long enough");
        });
        process
    }

    /// Runs these outside of all processes, beside everything else.
    pub(crate) fn beside<F: Future<Output = ()> + Send + 'static>(
        &self,
        futures: impl IntoIterator<Item = F>,
    ) {
        futures.into_iter().for_each(|future| self.sim.spawn(ProcessId::OUTSIDE, future));
    }

    /// Starts a function again and again while `goes_on`; some of the times are left out, others double.
    pub(crate) async fn schedule<F: Future<Output = ()> + Send + 'static>(
        self: Arc<Self>,
        name: &'static str,
        every_ms: (u64, u64),
        run: fn(Arc<Self>, ProcessId) -> F,
        goes_on: fn(&Self) -> bool,
    ) {
        while goes_on(&self) {
            let times = match self.sim.fault(Fault::Schedule) {
                true => self.sim.with_random(|random| 2 * random.below(2)),
                false => 1,
            };
            for _ in 0..times {
                self.function(name, run);
            }
            self.sim.sleep_about_ms(every_ms.0, every_ms.1).await;
        }
    }

    /// Whether the layer takes transactions; `None` when there is no layer.
    pub(crate) fn is_open(&self) -> Option<bool> {
        let phase = at_once(phase::current(&*self.truth.stores.registers));
        phase.ok().map(node_core::chain::Phase::accepts)
    }

    /// Rings so far.
    pub(crate) fn rings(&self) -> u64 {
        self.rings.load(Ordering::Relaxed)
    }

    /// Rings, as somebody in a process does.
    pub(crate) fn bell(self: &Arc<Self>) -> Bell {
        Bell(Arc::clone(self))
    }

    /// Starts a writer, unless enough of them run.
    pub(crate) fn start_writer(self: &Arc<Self>) {
        let mut writers = self.writers();
        writers.retain(|writer| self.sim.is_alive(*writer));
        if writers.len() < MOST_WRITERS {
            writers.push(self.function("sequencer", actor::sequencer));
        }
    }

    fn writers(&self) -> MutexGuard<'_, Vec<ProcessId>> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A function is done: its process ends.
    pub(crate) fn done(&self, process: ProcessId) {
        self.writers().retain(|writer| *writer != process);
    }

    /// Whether a flow may fail in this way, in this life: what passes by itself, what another writer caused, and what is
    /// gone while the layer is being erased.
    pub(crate) fn judge(&self, process: ProcessId, error: &FlowError) {
        let code = crate::trace::code_of(error.to_string().as_bytes());
        self.sim.note(process, code, || format!("fails: {error}"));
        let passes = match error {
            FlowError::NoLayer => true,
            FlowError::Port(error) => match error {
                PortError::Fenced { .. }
                | PortError::Conflict { .. }
                | PortError::Unavailable { .. }
                | PortError::Refused { .. } => true,
                PortError::Corrupt { .. } => self.sim.has(Fault::BitFlip),
                PortError::NotFound { .. } => false,
            },
            _ => false,
        };
        if !passes && !self.truth.is_erasing() {
            let name = self.sim.name_of(process);
            let what = format!("{name} {process}: {error}");
            self.sim.violate(Property::NothingBreaks, what, vec![process.to_string()]);
        }
    }
}

/// The doorbell of the sequencer.
#[derive(Debug, Clone)]
pub(crate) struct Bell(Arc<World>);

impl Doorbell for Bell {
    /// Rings are lost, or come twice; each starts a writer, if there are not enough of them.
    fn ring(&self) {
        let world = &self.0;
        let times = match world.sim.fault(Fault::Doorbell) {
            true => world.sim.with_random(|random| 2 * random.below(2)),
            false => 1,
        };
        world.sim.note(ProcessId::OUTSIDE, times, || format!("the doorbell rings {times} times"));
        for _ in 0..times {
            let world = Arc::clone(world);
            world.sim.clone().spawn(ProcessId::OUTSIDE, async move {
                world.sim.sleep_about_ms(1, 300).await;
                world.rings.fetch_add(1, Ordering::Relaxed);
                world.start_writer();
            });
        }
    }
}
