//! The ports as one process has them: every call takes time, and may fail in each of the ways in which a store can.
//!
//! ```text
//! crash? ── way there ── throttled? lost? ── THE EFFECT, all at once ── way back ── crash? ── answer, or not
//!                                └── too late: the caller has given up already
//! ```

mod ledger;
mod objects;
mod wake;

use std::sync::Arc;

use node_core::port::{PortError, Stores};

pub(crate) use self::wake::{Later, Minter, SimClock};
use crate::{Fault, Sim, Truth, process::ProcessId, random::mix, trace::code_of};

/// How long a caller waits for an answer, in milliseconds.
const PATIENCE_MS: (u64, u64) = (500, 3_000);

/// How long a write that nobody waits for any more can be on its way, in milliseconds. Less than from the end of a layer
/// until it may be erased.
const LATE_MS: (u64, u64) = (1, 40_000);

/// How long a process stands still, in milliseconds: longer than a lease, and shorter than from the end of a layer until
/// it may be erased, as the time that a function is given to run.
const PAUSE_MS: (u64, u64) = (8_000, 60_000);

/// The stores as one process sees them.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    sim: Sim,
    truth: Truth,
    process: ProcessId,
}

/// A call of a store, for the trace.
struct Call<'a> {
    what: &'static str,
    /// Name of what is called for.
    on: &'a (dyn Fn() -> String + Sync),
    is_write: bool,
}

impl Client {
    /// The stores of one process.
    pub(crate) fn stores(sim: Sim, truth: Truth, process: ProcessId) -> Stores {
        let client = Arc::new(Self { sim, truth, process });
        Stores {
            inbox: client.clone(),
            log: client.clone(),
            registers: client.clone(),
            orders: client.clone(),
            objects: client.clone(),
            stored: client,
        }
    }

    /// Carries out `effect` at some moment between now and the answer, or not, or later.
    async fn call<T: Send + 'static>(
        &self,
        call: Call<'_>,
        effect: impl FnOnce(&Truth) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let sim = &self.sim;
        sim.may_crash(self.process).await;
        sim.sleep_us(self.way_us()).await;
        if sim.fault(Fault::Throttle) {
            return Err(self.failed(&call, "throttled"));
        }
        if sim.fault(Fault::LostRequest) {
            sim.sleep_about_ms(PATIENCE_MS.0, PATIENCE_MS.1).await;
            return Err(self.failed(&call, "request lost"));
        }
        if call.is_write && sim.fault(Fault::LateWrite) {
            self.carry_out_later(&call, effect);
            sim.sleep_about_ms(PATIENCE_MS.0, PATIENCE_MS.1).await;
            return Err(self.failed(&call, "no answer yet"));
        }
        let done = effect(&self.truth);
        self.tell(&call, &done);
        sim.sleep_us(self.way_us()).await;
        sim.may_crash(self.process).await;
        if sim.fault(Fault::LostAnswer) {
            sim.sleep_about_ms(PATIENCE_MS.0, PATIENCE_MS.1).await;
            return Err(self.failed(&call, "answer lost"));
        }
        done
    }

    fn carry_out_later<T>(
        &self,
        call: &Call<'_>,
        effect: impl FnOnce(&Truth) -> Result<T, PortError> + Send + 'static,
    ) {
        let (sim, truth, process) = (self.sim.clone(), self.truth.clone(), self.process);
        let text = format!("{} {} happens after all", call.what, (call.on)());
        sim.clone().spawn(ProcessId::OUTSIDE, async move {
            sim.sleep_about_ms(LATE_MS.0, LATE_MS.1).await;
            sim.note(process, code_of(text.as_bytes()), || text.clone());
            drop(effect(&truth));
        });
    }

    /// How long a request or an answer is on its way.
    fn way_us(&self) -> u64 {
        if self.sim.fault(Fault::Pause) {
            let (least, most) = PAUSE_MS;
            let for_ms = self.sim.with_random(|random| random.between(least, most));
            self.sim.note(self.process, for_ms, || format!("stands still for {for_ms} ms"));
            return for_ms * 1_000;
        }
        if self.sim.fault(Fault::SlowStore) {
            return self.sim.with_random(|random| random.between(300_000, 4_000_000));
        }
        self.sim.with_random(|random| random.between(300, 9_000))
    }

    /// So many of these happen before the batch is cut off; all of them mostly.
    fn cut(&self, count: usize) -> usize {
        if count > 1 && self.sim.fault(Fault::PartialBatch) {
            return self.sim.with_random(|random| random.place(count));
        }
        count
    }

    fn failed(&self, call: &Call<'_>, how: &'static str) -> PortError {
        let on = || (call.on)();
        let code = code_of(how.as_bytes()) ^ mix(code_of(call.what.as_bytes()));
        self.sim.note(self.process, code, || format!("{} {}: {how}", call.what, on()));
        PortError::unavailable(call.what, how)
    }

    fn tell<T>(&self, call: &Call<'_>, done: &Result<T, PortError>) {
        let code = code_of(call.what.as_bytes()) ^ u64::from(done.is_ok());
        self.sim.note(self.process, code, || {
            let outcome =
                done.as_ref().err().map_or_else(|| "done".to_owned(), ToString::to_string);
            format!("{} {}: {outcome}", call.what, (call.on)())
        });
    }
}

/// A batch of which the rest was not written.
fn cut_off(what: &'static str) -> PortError {
    PortError::unavailable(what, "the rest of the batch was not written")
}

const fn read<'a>(what: &'static str, on: &'a (dyn Fn() -> String + Sync)) -> Call<'a> {
    Call { what, on, is_write: false }
}

const fn write<'a>(what: &'static str, on: &'a (dyn Fn() -> String + Sync)) -> Call<'a> {
    Call { what, on, is_write: true }
}
