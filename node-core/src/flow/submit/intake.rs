use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::{Bytes, TxHash};
use futures::{
    channel::oneshot,
    future::{self, Either, join_all},
    lock,
};

use super::{Signed, SubmitError, decode, submit_all};
use crate::{
    chain::LayerConfig,
    execute::Rules,
    flow::query::Replica,
    port::{Clock, Doorbell, Here, Processors, Stores, compute},
};

/// Transactions after which no further request joins a group: bounds what the first waits for the last.
const GROUP: usize = 1_024;

/// Transactions whose senders one job recovers: half a millisecond of one processor.
const JOB: usize = 16;

/// What became of one transaction. One error may be that of many.
pub type Submitted = Result<TxHash, Arc<SubmitError>>;

/// Where transactions go.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Stores of the layer.
    pub stores: &'a Stores,
    /// Wakes the sequencer.
    pub doorbell: &'a dyn Doorbell,
    /// Configuration of the layer.
    pub config: &'a LayerConfig,
    /// Its rules.
    pub rules: &'a Rules,
    /// Its committed blocks.
    pub replica: &'a Replica,
    /// Time.
    pub clock: &'a dyn Clock,
}

impl core::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Desk").field("layer", &self.config.id).finish_non_exhaustive()
    }
}

/// Gathers transactions that come at the same time.
///
/// A durable write takes as long for one as for a thousand. So one caller at a time submits all that wait
/// here, its own among them; the others find their answers, or are next. Nobody waits for others to come, and
/// a caller that is dropped leaves the rest to the next one.
pub struct Intake {
    processors: Arc<dyn Processors>,
    queue: Mutex<Vec<Queued>>,
    turn: lock::Mutex<()>,
}

/// What one caller wants submitted.
struct Queued {
    signed: Vec<Arc<Signed>>,
    answer: oneshot::Sender<Vec<Submitted>>,
}

impl core::fmt::Debug for Intake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

impl Default for Intake {
    /// Recovers senders on the caller's own processor.
    fn default() -> Self {
        Self::new(Arc::new(Here))
    }
}

impl Intake {
    /// Recovers the senders of many transactions on `processors`.
    pub fn new(processors: Arc<dyn Processors>) -> Self {
        Self { processors, queue: Mutex::default(), turn: lock::Mutex::new(()) }
    }

    /// As [`decode`] of each, side by side.
    ///
    /// # Panics
    /// When a job did: a defect of the decoder.
    pub async fn decode_all(
        &self,
        raw: &[Bytes],
        config: &Arc<LayerConfig>,
    ) -> Vec<Result<Signed, SubmitError>> {
        let decode_part = |part: &[Bytes]| {
            let (part, config) = (part.to_vec(), Arc::clone(config));
            compute(&*self.processors, move || {
                part.iter().map(|raw| decode(raw, &config)).collect::<Vec<_>>()
            })
        };
        let parts = join_all(raw.chunks(JOB).map(decode_part)).await;
        parts.into_iter().flatten().collect()
    }

    /// Submits `signed` in their order, together with what others brought meanwhile; answers in this order.
    ///
    /// Every desk of one intake is that of the same layer.
    pub async fn submit(&self, desk: Desk<'_>, signed: Vec<Signed>) -> Vec<Submitted> {
        let signed: Vec<_> = signed.into_iter().map(Arc::new).collect();
        loop {
            let mut answer = self.queue(signed.clone());
            match future::select(&mut answer, self.turn.lock()).await {
                Either::Left((Ok(answers), _)) => return answers,
                // Who took it was dropped: nobody knows what was stored, and appending again is safe.
                Either::Left((Err(oneshot::Canceled), _)) => {}
                Either::Right((_turn, _)) => {
                    if let Some(answers) = self.work(desk, &mut answer).await {
                        return answers;
                    }
                }
            }
        }
    }

    fn queue(&self, signed: Vec<Arc<Signed>>) -> oneshot::Receiver<Vec<Submitted>> {
        let (answer, answered) = oneshot::channel();
        self.queued().push(Queued { signed, answer });
        answered
    }

    /// Submits group after group until `answer` is there; `None` when it will never be.
    async fn work(
        &self,
        desk: Desk<'_>,
        answer: &mut oneshot::Receiver<Vec<Submitted>>,
    ) -> Option<Vec<Submitted>> {
        loop {
            match answer.try_recv() {
                Ok(Some(answers)) => return Some(answers),
                Ok(None) => submit_group(desk, self.take_group()).await,
                Err(oneshot::Canceled) => return None,
            }
        }
    }

    /// Takes what was queued first, about [`GROUP`] transactions.
    fn take_group(&self) -> Vec<Queued> {
        let mut queue = self.queued();
        let mut count = 0;
        let enough = queue.iter().position(|one| {
            let full = count >= GROUP;
            count += one.signed.len();
            full
        });
        let end = enough.unwrap_or(queue.len());
        queue.drain(..end).collect()
    }

    fn queued(&self) -> std::sync::MutexGuard<'_, Vec<Queued>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn submit_group(desk: Desk<'_>, group: Vec<Queued>) {
    let Desk { stores, doorbell, config, rules, replica, clock } = desk;
    let all: Vec<_> = group.iter().flat_map(|one| one.signed.iter().cloned()).collect();
    let (mut newest, now_ms) = (replica.newest(), clock.now_ms());
    let submitted = submit_all(stores, doorbell, (config, rules), &mut newest, &all, now_ms).await;
    let mut answers: Box<dyn Iterator<Item = Submitted> + Send> = match submitted {
        Ok(answers) => Box::new(answers.into_iter().map(|answer| answer.map_err(Arc::new))),
        Err(error) => {
            let error = Arc::new(error);
            Box::new(core::iter::repeat_with(move || Err(Arc::clone(&error))))
        }
    };
    for Queued { signed, answer } in group {
        // The caller may have gone.
        drop(answer.send(answers.by_ref().take(signed.len()).collect()));
    }
}
