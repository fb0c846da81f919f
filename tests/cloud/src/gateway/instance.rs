use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Failed, Function, Reply, Shared, lock, reply};

/// Processes of all functions.
#[derive(Debug, Default)]
pub(super) struct Instances {
    next: u64,
    alive: BTreeMap<u64, Instance>,
}

#[derive(Debug)]
struct Instance {
    function: String,
    process: Child,
    /// Id of the event that it works on, or worked on last.
    current: Option<String>,
    work: UnboundedSender<Work>,
    /// Taken while the process asks for work.
    inbox: Option<UnboundedReceiver<Work>>,
}

/// One event.
#[derive(Debug)]
struct Work {
    id: String,
    event: Vec<u8>,
    deadline_ms: u128,
}

/// Starts a process, which has work before it asks.
pub(super) fn start(shared: &Arc<Shared>, function: &Function) -> u64 {
    let mut instances = lock(&shared.instances);
    instances.next += 1;
    let id = instances.next;
    let printed = shared.printed.0.as_file().try_clone().expect("an open file");
    let process = Command::new(&function.program)
        .env_clear()
        .envs(function.variables.iter().map(|(name, value)| (name, value)))
        .env("AWS_LAMBDA_RUNTIME_API", format!("{}/runtime/{id}", shared.url()))
        .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string())
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .stdin(Stdio::null())
        .stdout(printed)
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", function.program.display()));
    let (work, inbox) = unbounded_channel();
    let function = function.name.clone();
    instances
        .alive
        .insert(id, Instance { function, process, current: None, work, inbox: Some(inbox) });
    drop(instances);
    watch(shared, id);
    id
}

/// Notices when a process ends by itself: its event has failed then.
fn watch(shared: &Arc<Shared>, id: u64) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        while lock(&shared.instances).is_alive(id) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        shared.kill(id);
    });
}

impl Instances {
    /// Gives work to a process that has none.
    pub(super) fn give(&mut self, instance: u64, id: String, event: Vec<u8>, limit: Duration) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let work = Work { id, event, deadline_ms: (now + limit).as_millis() };
        if let Some(instance) = self.alive.get_mut(&instance) {
            instance.current = Some(work.id.clone());
            // It may have ended; then nobody answers, and whoever waits hears of that.
            let _ = instance.work.send(work);
        }
    }

    /// Kills a process; returns its function and the id of its event, if it was there.
    pub(super) fn kill(&mut self, instance: u64) -> Option<(String, Option<String>)> {
        let mut instance = self.alive.remove(&instance)?;
        // It may have ended by itself.
        let _ = instance.process.kill();
        let _ = instance.process.wait();
        Some((instance.function, instance.current))
    }

    pub(super) fn of(&self, function: &str) -> Vec<u64> {
        let of = self.alive.iter().filter(|(_, instance)| instance.function == function);
        of.map(|(id, _)| *id).collect()
    }

    pub(super) fn kill_all(&mut self) {
        let all: Vec<u64> = self.alive.keys().copied().collect();
        for instance in all {
            self.kill(instance);
        }
    }

    /// Whether a process has asked for work, and waits for it.
    pub(super) fn has_asked(&self, instance: u64) -> bool {
        self.alive.get(&instance).is_some_and(|one| one.inbox.is_none())
    }

    fn is_alive(&mut self, instance: u64) -> bool {
        let process = self.alive.get_mut(&instance);
        process.is_some_and(|one| one.process.try_wait().is_ok_and(|ended| ended.is_none()))
    }

    pub(super) fn signal(&self, instance: u64, signal: Signal) {
        let pid = self.alive.get(&instance).and_then(|one| i32::try_from(one.process.id()).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, signal);
        }
    }
}

/// The runtime API, for each process under its own path.
pub(super) fn routes() -> Router<Arc<Shared>> {
    const BASE: &str = "/runtime/{instance}/2018-06-01/runtime";
    Router::new()
        .route(&format!("{BASE}/invocation/next"), get(next))
        .route(&format!("{BASE}/invocation/{{id}}/response"), post(respond))
        .route(&format!("{BASE}/invocation/{{id}}/error"), post(fail))
        .route(&format!("{BASE}/init/error"), post(fail_to_start))
}

/// A process asks for work. Without any it is frozen until there is some.
async fn next(State(shared): State<Arc<Shared>>, Path(instance): Path<u64>) -> Response {
    let inbox = lock(&shared.instances).alive.get_mut(&instance).and_then(|one| one.inbox.take());
    let Some(mut inbox) = inbox else { return StatusCode::GONE.into_response() };
    let work = match inbox.try_recv() {
        Ok(work) => Some(work),
        Err(_) => {
            lock(&shared.instances).signal(instance, Signal::STOP);
            shared.rest(instance);
            let work = inbox.recv().await;
            lock(&shared.instances).signal(instance, Signal::CONT);
            work
        }
    };
    if let Some(one) = lock(&shared.instances).alive.get_mut(&instance) {
        one.inbox = Some(inbox);
    }
    match work {
        None => StatusCode::GONE.into_response(),
        Some(Work { id, event, deadline_ms }) => {
            let headers = [
                ("lambda-runtime-aws-request-id", id),
                ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
                ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:local".to_owned()),
                ("content-type", "application/json".to_owned()),
            ];
            (headers, event).into_response()
        }
    }
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    Path((_, id)): Path<(u64, String)>,
    headers: HeaderMap,
    body: Body,
) -> StatusCode {
    reply::take(&shared, &id, &headers, body).await
}

async fn fail(
    State(shared): State<Arc<Shared>>,
    Path((_, id)): Path<(u64, String)>,
    body: Bytes,
) -> StatusCode {
    shared.tell(&id, Err(Failed::Said(String::from_utf8_lossy(&body).into_owned())));
    StatusCode::ACCEPTED
}

async fn fail_to_start(State(shared): State<Arc<Shared>>, Path(instance): Path<u64>) -> StatusCode {
    shared.kill(instance);
    StatusCode::ACCEPTED
}

impl Shared {
    /// Tells whoever waits for an event's answer; nobody does any more when it came too late.
    pub(super) fn tell(&self, id: &str, answer: Result<Reply, Failed>) {
        if let Some(tell) = lock(&self.answers).remove(id) {
            let _ = tell.send(answer);
        }
    }

    /// A process has nothing to do.
    fn rest(&self, instance: u64) {
        let function = lock(&self.instances).alive.get(&instance).map(|one| one.function.clone());
        let Some(name) = function else { return };
        if let Some(running) = lock(&self.functions).get_mut(&name) {
            running.rest(instance);
        }
    }
}
