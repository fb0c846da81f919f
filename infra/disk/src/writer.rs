//! Group commit: one thread applies all operations that wait in one transaction.

use std::{
    io,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use futures::channel::oneshot;
use node_core::port::PortError;
use redb::{Database, Durability, WriteTransaction};

use crate::{
    error::{RowError, from_redb},
    ledger::guarded,
    queue::{Queues, Staged},
    tables::Tables,
};

/// Operations in one transaction at most: bounds how long the first one waits for the last, and the
/// pages that redb holds in memory. An fsync is amortised long before.
const MAX_BATCH: usize = 4_096;

/// Hands operations to the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Operation>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the writer thread of `db`.
    ///
    /// `queues` are shown what each transaction changed of them once it is durable.
    pub(crate) fn start(db: Arc<Database>, queues: Arc<Queues>) -> io::Result<Self> {
        let (queue, operations) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("mayfly-ledger".to_owned())
            .spawn(move || serve(&db, &queues, &operations))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `apply` in the next transaction and returns its result once that is durable.
    ///
    /// `apply` takes effect as a whole or not at all. It may run several times, each time on the
    /// state before it, when another operation of the same batch had to be taken out.
    pub(crate) async fn run<T, F>(&self, what: &'static str, apply: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tables<'_>) -> Result<T, RowError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let operation = Queued { what, apply, result: None, answer };
        let queue = self.queue.as_ref().expect("the queue is closed by drop only");
        queue.send(Box::new(operation)).map_err(|_| stopped(what))?;
        answered.await.unwrap_or_else(|_| Err(stopped(what)))
    }
}

impl Drop for Writer {
    /// Waits until all that is queued is answered, so that the file is free when this returns.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was reported when it happened, by every operation in its queue.
            let _ = thread.join();
        }
    }
}

fn stopped(what: &'static str) -> PortError {
    PortError::unavailable(what, "the writer of the ledger has stopped: open the directory again")
}

/// An operation in the queue.
trait Operation: Send {
    /// Applies the operation and keeps its result. An error means: its writes must not be
    /// committed.
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<(), PortError>;

    /// Answers with the result that was kept: its transaction is durable.
    fn confirm(self: Box<Self>);

    /// Answers with an error: nothing was written, or nobody knows.
    fn refuse(self: Box<Self>, error: PortError);

    /// What is tried, for errors.
    fn what(&self) -> &'static str;
}

struct Queued<T, F> {
    what: &'static str,
    apply: F,
    result: Option<Result<T, PortError>>,
    answer: oneshot::Sender<Result<T, PortError>>,
}

impl<T, F> Operation for Queued<T, F>
where
    T: Send,
    F: FnMut(&mut Tables<'_>) -> Result<T, RowError> + Send,
{
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<(), PortError> {
        let result = guarded(|| (self.apply)(tables)).map_err(|error| error.into_port(self.what));
        match result {
            // Preconditions are checked before the first write.
            Ok(_) | Err(PortError::Conflict { .. }) => self.result = Some(result),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn confirm(self: Box<Self>) {
        let result = self.result.expect("every operation of the batch was applied");
        // The caller may have gone; its write stays.
        let _ = self.answer.send(result);
    }

    fn refuse(self: Box<Self>, error: PortError) {
        let _ = self.answer.send(Err(error));
    }

    fn what(&self) -> &'static str {
        self.what
    }
}

type Batch = Vec<Box<dyn Operation>>;

fn serve(db: &Database, queues: &Queues, operations: &mpsc::Receiver<Box<dyn Operation>>) {
    while let Ok(first) = operations.recv() {
        let mut batch = vec![first];
        batch.extend(operations.try_iter().take(MAX_BATCH - 1));
        commit_batch(db, queues, batch);
    }
}

/// Commits `batch`; an operation that fails is taken out and the others are applied again without
/// it.
fn commit_batch(db: &Database, queues: &Queues, mut batch: Batch) {
    while !batch.is_empty() {
        match try_batch(db, queues, &mut batch) {
            Ok(()) => return batch.into_iter().for_each(Operation::confirm),
            Err(Failed::One { at, error }) => batch.remove(at).refuse(error),
            Err(Failed::All(error)) => return refuse_all(batch, &Arc::new(*error)),
        }
    }
}

enum Failed {
    /// This operation must not be in the batch.
    One { at: usize, error: PortError },
    /// The transaction failed.
    All(Box<redb::Error>),
}

impl<E: Into<redb::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::All(Box::new(error.into()))
    }
}

fn try_batch(db: &Database, queues: &Queues, batch: &mut Batch) -> Result<(), Failed> {
    let mut txn = db.begin_write()?;
    txn.set_durability(Durability::Immediate)?;
    let staged = apply_all(&txn, queues, batch)?;
    txn.commit()?;
    staged.publish(queues);
    Ok(())
}

fn apply_all(txn: &WriteTransaction, queues: &Queues, batch: &mut Batch) -> Result<Staged, Failed> {
    let mut tables = Tables::open(txn, queues)?;
    for (at, operation) in batch.iter_mut().enumerate() {
        operation.apply(&mut tables).map_err(|error| Failed::One { at, error })?;
    }
    Ok(guarded(|| tables.finish())?)
}

fn refuse_all(batch: Batch, error: &Arc<redb::Error>) {
    for operation in batch {
        let refusal = from_redb(operation.what(), error);
        operation.refuse(refusal);
    }
}
