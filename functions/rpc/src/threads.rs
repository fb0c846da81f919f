use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use node_core::port::{Job, Processors};

/// As many threads as the machine has processors, for work that would hold up a server that answers others.
///
/// They end when this is dropped and what was asked for is done.
#[derive(Debug)]
pub struct Threads(mpsc::Sender<Job>);

impl Threads {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start() -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..thread::available_parallelism()?.get() {
            let jobs = Arc::clone(&jobs);
            let builder = thread::Builder::new().name("mayfly-recovery".to_owned());
            builder.spawn(move || work(&jobs))?;
        }
        Ok(Self(queue))
    }
}

impl Processors for Threads {
    fn run(&self, job: Job) {
        // The threads live as long as the queue; should they have died of a panic, the caller does it.
        if let Err(mpsc::SendError(job)) = self.0.send(job) {
            job();
        }
    }
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is held while waiting for a job, not while doing it.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(),
            Err(mpsc::RecvError) => return,
        }
    }
}
