//! Polls tasks one by one, in an order that the seed decides.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Wake, Waker},
};

use futures::future::BoxFuture;

use crate::{
    Property,
    process::ProcessId,
    sim::{Due, Sim, Spawned},
};

/// Polls after which a life goes round in circles.
const MOST_POLLS: u64 = 3_000_000;

/// The tasks of one life.
pub(crate) struct Executor {
    sim: Sim,
    tasks: Vec<Option<Task>>,
    /// Tasks of each process that can end.
    of_process: BTreeMap<ProcessId, Vec<usize>>,
    woken: Arc<Woken>,
}

struct Task {
    process: ProcessId,
    future: BoxFuture<'static, ()>,
    waker: Waker,
}

/// Tasks that others have woken.
#[derive(Default)]
struct Woken(Mutex<Vec<usize>>);

struct TaskWaker {
    task: usize,
    woken: Arc<Woken>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.0.lock().unwrap_or_else(PoisonError::into_inner).push(self.task);
    }
}

impl core::fmt::Debug for Executor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Executor").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl Executor {
    /// Nothing to do yet.
    pub(crate) fn new(sim: Sim) -> Self {
        Self { sim, tasks: Vec::new(), of_process: BTreeMap::new(), woken: Arc::default() }
    }

    /// Runs until nothing is left to do, or something that must hold does not.
    pub(crate) fn run(&mut self) {
        for _ in 0..MOST_POLLS {
            self.admit();
            let Some(due) = self.next() else { return };
            match due {
                Due::Poll(task) => self.poll(task),
                Due::Wake(place) => self.wake(place),
            }
            self.bury();
        }
        let what = format!("more than {MOST_POLLS} polls");
        self.sim.violate(Property::EveryLayerEnds, what, Vec::new());
    }

    /// Takes in what was started, and what was woken.
    fn admit(&mut self) {
        let mut state = self.sim.state();
        for Spawned { process, future } in core::mem::take(&mut state.spawned) {
            let task = self.tasks.len();
            let waker = Waker::from(Arc::new(TaskWaker { task, woken: Arc::clone(&self.woken) }));
            self.tasks.push(Some(Task { process, future, waker }));
            if process != ProcessId::OUTSIDE {
                self.of_process.entry(process).or_default().push(task);
            }
            let now_us = state.now_us;
            state.plan(Due::Poll(task), now_us);
        }
        let mut woken = self.woken.0.lock().unwrap_or_else(PoisonError::into_inner);
        for task in woken.drain(..) {
            let now_us = state.now_us;
            state.plan(Due::Poll(task), now_us);
        }
    }

    /// What is due next; time passes until then.
    fn next(&self) -> Option<Due> {
        let mut state = self.sim.state();
        if state.violation.is_some() || state.is_over {
            return None;
        }
        let Reverse((at_us, _, due)) = state.timers.pop()?;
        state.now_us = at_us;
        Some(due)
    }

    /// Wakes what has slept for long enough; it may be one of many things that its task waits for.
    fn wake(&self, place: usize) {
        let waker = self.sim.state().sleeping[place].take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&mut self, task: usize) {
        let Some(mut polled) = self.tasks[task].take() else { return };
        if !self.sim.is_alive(polled.process) {
            return;
        }
        let context = &mut Context::from_waker(&polled.waker);
        match catch_unwind(AssertUnwindSafe(|| polled.future.as_mut().poll(context))) {
            Ok(ready) if ready.is_pending() => self.tasks[task] = Some(polled),
            Ok(_) => {}
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
                let name = self.sim.name_of(polled.process);
                let what = format!("{name} panicked: {}", text.unwrap_or_default());
                self.sim.violate(Property::NothingBreaks, what, vec![polled.process.to_string()]);
            }
        }
    }

    /// Drops what is left of processes that ended.
    fn bury(&mut self) {
        let ended = core::mem::take(&mut self.sim.state().ended);
        for process in ended {
            for task in self.of_process.remove(&process).unwrap_or_default() {
                self.tasks[task] = None;
            }
        }
        // What was started by them just now is not polled, since they are not alive.
    }
}
