use std::{path::PathBuf, sync::Arc, time::Duration};

use serde_json::json;

use super::{Shared, instance, lock};

/// A function as Terraform makes it.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its program.
    pub program: PathBuf,
    /// Its environment; nothing else is in it but what Lambda sets.
    pub variables: Vec<(String, String)>,
    /// Most processes at a time: reserved concurrency.
    pub places: usize,
    /// Its memory in MB, which it counts its time with.
    pub memory_mb: u32,
    /// How long it may take.
    pub limit: Duration,
    /// How often an asynchronous event that failed is tried again.
    pub retries: usize,
    /// How old an asynchronous event may become.
    pub oldest: Duration,
}

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// There is no function of this name.
    Unknown,
    /// As many as may are at work.
    NoPlace,
    /// It took too long, and was killed.
    TimedOut,
    /// Its process ended.
    Ended,
    /// The event, or the answer, has more than 6 MB.
    TooLarge,
    /// It answers as it goes along, which the caller does not pass on.
    Streamed,
    /// It said so: the JSON of its error.
    Said(String),
}

impl Failed {
    /// What the caller gets in place of an answer.
    ///
    /// AWS: Lambda Developer Guide, "Understanding the retry behavior", "Function errors".
    pub(super) fn payload(&self) -> String {
        let message = match self {
            Self::Said(error) => return error.clone(),
            Self::TimedOut => "Task timed out",
            Self::Ended => "Runtime exited",
            Self::TooLarge => "Response payload size exceeded maximum allowed payload size",
            Self::Unknown | Self::NoPlace | Self::Streamed => "not invoked",
        };
        json!({ "errorMessage": message }).to_string()
    }
}

/// A function with its processes.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) function: Function,
    /// Those that wait for work, the one that was used last at the end.
    idle: Vec<u64>,
    /// All of them.
    alive: Vec<u64>,
    pub(super) started: usize,
}

impl Running {
    pub(super) const fn new(function: Function) -> Self {
        Self { function, idle: Vec::new(), alive: Vec::new(), started: 0 }
    }

    pub(super) fn rest(&mut self, instance: u64) {
        if self.alive.contains(&instance) {
            self.idle.push(instance);
        }
    }

    pub(super) fn forget(&mut self, instance: u64) {
        self.alive.retain(|one| *one != instance);
        self.idle.retain(|one| *one != instance);
    }
}

impl Shared {
    /// Finds a process that waits for work, or starts one.
    pub(super) fn place(self: &Arc<Self>, name: &str) -> Result<(u64, Duration), Failed> {
        let mut functions = lock(&self.functions);
        let running = functions.get_mut(name).ok_or(Failed::Unknown)?;
        let limit = running.function.limit;
        if let Some(instance) = running.idle.pop() {
            return Ok((instance, limit));
        }
        if running.alive.len() >= running.function.places {
            return Err(Failed::NoPlace);
        }
        let instance = instance::start(self, &running.function);
        running.alive.push(instance);
        running.started += 1;
        Ok((instance, limit))
    }
}
