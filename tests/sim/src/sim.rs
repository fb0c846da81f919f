//! Time, chance and processes of one simulated life, shared by everything in it.

use core::{
    future::{Future, pending},
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::future::BoxFuture;

use crate::{
    Fault, Faults, Property, Random, Trace, Violation,
    process::{Process, ProcessId},
};

/// Unix time at which every life starts, in milliseconds.
pub(crate) const START_MS: u64 = 1_700_000_000_000;

/// Furthest that clocks are apart: more than a lease lasts.
const MOST_APART_MS: u64 = 20_000;

/// Something that is due: when, in which order among what is due at the same time, and what.
pub(crate) type Timer = Reverse<(u64, u64, Due)>;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A task is polled.
    Poll(usize),
    /// What sleeps is woken.
    Wake(usize),
}

/// A task that was started.
pub(crate) struct Spawned {
    pub(crate) process: ProcessId,
    pub(crate) future: BoxFuture<'static, ()>,
}

pub(crate) struct State {
    pub(crate) now_us: u64,
    pub(crate) random: Random,
    pub(crate) timers: BinaryHeap<Timer>,
    pub(crate) spawned: Vec<Spawned>,
    /// Processes that ended since the last task was polled.
    pub(crate) ended: Vec<ProcessId>,
    /// Those of what sleeps, until they are woken.
    pub(crate) sleeping: Vec<Option<Waker>>,
    pub(crate) processes: Vec<Process>,
    pub(crate) faults: Faults,
    /// Faults happen until then.
    pub(crate) calm_from_us: u64,
    pub(crate) is_over: bool,
    pub(crate) trace: Trace,
    pub(crate) violation: Option<Violation>,
}

/// One simulated life; clones are the same one.
#[derive(Clone)]
pub(crate) struct Sim(Arc<Mutex<State>>);

impl core::fmt::Debug for Sim {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sim").finish_non_exhaustive()
    }
}

impl Sim {
    /// A life in which nothing has happened.
    pub(crate) fn new(mut random: Random, faults: Faults, trace: Trace) -> Self {
        let outside = Process { name: "outside", is_alive: true, ahead_ms: 0 };
        Self(Arc::new(Mutex::new(State {
            now_us: 0,
            random: random.fork(),
            timers: BinaryHeap::new(),
            spawned: Vec::new(),
            ended: Vec::new(),
            sleeping: Vec::new(),
            processes: vec![outside],
            faults,
            calm_from_us: u64::MAX,
            is_over: false,
            trace,
            violation: None,
        })))
    }

    /// There is one thread, and a panic ends the life.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the start.
    pub(crate) fn now_us(&self) -> u64 {
        self.state().now_us
    }

    /// Unix milliseconds, as the clock of a process shows them.
    pub(crate) fn clock_ms(&self, process: ProcessId) -> u64 {
        let mut state = self.state();
        let rate = state.faults.rate(Fault::Clock);
        if !state.is_calm() && state.random.chance(rate) {
            let ahead_ms = apart(&mut state.random);
            state.of(process).ahead_ms = ahead_ms;
        }
        let ahead_ms = state.of(process).ahead_ms;
        (START_MS + state.now_us / 1_000).saturating_add_signed(ahead_ms)
    }

    /// Starts a process.
    pub(crate) fn start(&self, name: &'static str) -> ProcessId {
        let mut state = self.state();
        let id = ProcessId(u64::try_from(state.processes.len()).unwrap_or(u64::MAX));
        let is_off = !state.is_calm() && state.faults.rate(Fault::Clock) > 0;
        let ahead_ms = if is_off { apart(&mut state.random) } else { 0 };
        state.processes.push(Process { name, is_alive: true, ahead_ms });
        state.note(id, id.0, || format!("{name} starts, its clock {ahead_ms} ms ahead"));
        id
    }

    /// Runs `future` in a process, beside everything else.
    pub(crate) fn spawn(
        &self,
        process: ProcessId,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        self.state().spawned.push(Spawned { process, future: Box::pin(future) });
    }

    /// Whether a process is still there.
    pub(crate) fn is_alive(&self, process: ProcessId) -> bool {
        self.state().of(process).is_alive
    }

    /// Ends a process, and says why: nothing of it is polled again.
    pub(crate) fn end(&self, process: ProcessId, why: &'static str) {
        let mut state = self.state();
        if process != ProcessId::OUTSIDE && state.of(process).is_alive {
            state.of(process).is_alive = false;
            state.ended.push(process);
            state.note(process, 1, || why.to_owned());
        }
    }

    /// A place at which a process can crash.
    pub(crate) async fn may_crash(&self, process: ProcessId) {
        if process != ProcessId::OUTSIDE && self.fault(Fault::Crash) {
            self.end(process, "crashes");
            pending::<()>().await;
        }
    }

    /// Waits.
    pub(crate) fn sleep_us(&self, for_us: u64) -> Sleep {
        let at_us = self.now_us() + for_us;
        Sleep { sim: self.clone(), at_us, place: None }
    }

    /// Waits.
    pub(crate) fn sleep_ms(&self, for_ms: u64) -> Sleep {
        self.sleep_us(for_ms * 1_000)
    }

    /// Waits for a time between these, in milliseconds.
    pub(crate) fn sleep_about_ms(&self, least_ms: u64, most_ms: u64) -> Sleep {
        let for_us = self.with_random(|random| random.between(least_ms * 1_000, most_ms * 1_000));
        self.sleep_us(for_us)
    }

    /// Draws.
    pub(crate) fn with_random<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.state().random)
    }

    /// Whether a fault happens at this place.
    pub(crate) fn fault(&self, fault: Fault) -> bool {
        let mut state = self.state();
        let rate = state.faults.rate(fault);
        !state.is_calm() && state.random.chance(rate)
    }

    /// Whether a fault happens in this life at all.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.state().faults.rate(fault) > 0
    }

    /// No fault happens from now on, until [`Self::stir`].
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        state.calm_from_us = state.now_us;
        state.processes.iter_mut().for_each(|process| process.ahead_ms = 0);
        state.note(ProcessId::OUTSIDE, 2, || "no fault happens from now on".to_owned());
    }

    /// Faults happen again for so many seconds.
    pub(crate) fn stir(&self, for_s: u64) {
        let mut state = self.state();
        state.calm_from_us = state.calm_from_us.max(state.now_us + for_s * 1_000_000);
        state.note(ProcessId::OUTSIDE, 11, || format!("faults happen for another {for_s} s"));
    }

    /// Nothing more happens.
    pub(crate) fn stop(&self) {
        self.state().is_over = true;
    }

    /// Notes what happened. `code` stands for the text, which may not be made.
    pub(crate) fn note(&self, process: ProcessId, code: u64, text: impl FnOnce() -> String) {
        self.state().note(process, code, text);
    }

    /// Says that something does not hold, which ends the life.
    pub(crate) fn violate(&self, property: Property, what: String, about: Vec<String>) {
        let mut state = self.state();
        state.note(ProcessId::OUTSIDE, 3, || format!("VIOLATION of {property}: {what}"));
        state.violation.get_or_insert(Violation { property, what, about });
    }

    /// Name of a process.
    pub(crate) fn name_of(&self, process: ProcessId) -> &'static str {
        self.state().of(process).name
    }
}

impl State {
    const fn is_calm(&self) -> bool {
        self.now_us >= self.calm_from_us
    }

    pub(crate) fn of(&mut self, process: ProcessId) -> &mut Process {
        let at = usize::try_from(process.0).unwrap_or_default();
        &mut self.processes[at]
    }

    pub(crate) fn note(&mut self, process: ProcessId, code: u64, text: impl FnOnce() -> String) {
        let now_us = self.now_us;
        self.trace.add(now_us, process, code, text);
    }

    /// Does this at that time.
    pub(crate) fn plan(&mut self, due: Due, at_us: u64) {
        let order = self.random.next();
        self.timers.push(Reverse((at_us.max(self.now_us), order, due)));
    }
}

fn apart(random: &mut Random) -> i64 {
    let most_ms = [0, 100, 2_000, MOST_APART_MS][random.place(4)];
    let apart_ms = i64::try_from(random.below(2 * most_ms + 1)).unwrap_or_default();
    apart_ms - i64::try_from(most_ms).unwrap_or_default()
}

/// Waits for simulated time to pass.
#[derive(Debug)]
#[must_use = "a future does nothing by itself"]
pub(crate) struct Sleep {
    sim: Sim,
    at_us: u64,
    /// Place of its waker.
    place: Option<usize>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let sim = self.sim.clone();
        let mut state = sim.state();
        if state.now_us >= self.at_us {
            return Poll::Ready(());
        }
        let waker = Some(context.waker().clone());
        match self.place {
            Some(place) => state.sleeping[place] = waker,
            None => {
                let place = state.sleeping.len();
                state.sleeping.push(waker);
                state.plan(Due::Wake(place), self.at_us);
                self.place = Some(place);
            }
        }
        Poll::Pending
    }
}
