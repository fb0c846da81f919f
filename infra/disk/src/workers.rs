//! A few threads for file work that waits for the disk, so that the caller's thread does not.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
};

use futures::channel::oneshot;
use node_core::port::PortError;

/// 4: a few fsyncs of different files in flight; a layer writes one or two objects at a time.
const THREADS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// The threads. Dropping them finishes what is queued.
#[derive(Debug)]
pub(crate) struct Workers {
    queue: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads.
    pub(crate) fn start() -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let threads = (0..THREADS)
            .map(|_| {
                let jobs = Arc::clone(&jobs);
                let thread = std::thread::Builder::new().name("mayfly-objects".to_owned());
                thread.spawn(move || serve(&jobs))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { queue: Some(queue), threads })
    }

    /// Runs `job` on one of the threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce() -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().expect("the queue is closed by drop only");
        // The caller may have gone; the file stays.
        let job = Box::new(move || drop(answer.send(job())));
        queue.send(job).map_err(|_| stopped(what))?;
        answered.await.unwrap_or_else(|_| Err(stopped(what)))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // A panic was reported to the caller of its job.
            let _ = thread.join();
        }
    }
}

fn serve(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is held while waiting for a job, not while running it.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(),
            Err(mpsc::RecvError) => return,
        }
    }
}

fn stopped(what: &'static str) -> PortError {
    PortError::unavailable(what, "the threads that write objects have stopped")
}
