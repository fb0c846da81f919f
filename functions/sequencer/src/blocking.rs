use node_core::port::{Job, Processors};

/// The threads that tokio keeps for work that would hold up a runtime. Used from within one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Blocking;

impl Processors for Blocking {
    fn run(&self, job: Job) {
        // Nobody waits for the handle: a job says itself when it is done.
        drop(tokio::task::spawn_blocking(job));
    }
}
