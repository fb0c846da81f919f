//! Lambda, its fronts for HTTP and WebSocket, and the Scheduler on this machine: runs the real programs of the functions.
//!
//! A function is a process that asks the runtime API for work. As on Lambda, a process works on one event at a time;
//! it is frozen (`SIGSTOP`) while it waits for the next one, and thaws with all that it left running; there are as
//! many as there are events at a time, up to the function's limit; what takes too long is killed. An asynchronous
//! event is answered at once, waits while there is no place, and is tried again when the function fails.
//!
//! Schedules fire when a test says that it is that late: [`Gateway::pass`].
//!
//! AWS: Lambda Developer Guide, "Runtime API", "Understanding the execution environment lifecycle".

mod api;
mod front;
mod function;
mod instance;
mod reply;
mod schedules;
mod sockets;

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{Router, extract::DefaultBodyLimit};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub use self::function::{Failed, Function};
use self::{
    function::Running, instance::Instances, reply::Reply, schedules::Schedule, sockets::Sockets,
};

/// How long an asynchronous event waits for a place before it is tried again.
const PLACE: Duration = Duration::from_millis(50);

/// How often it is looked whether events are left.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The gateway; its processes end when it is dropped.
#[derive(Debug)]
pub struct Gateway {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
    urls: Mutex<Vec<JoinHandle<()>>>,
}

/// Whoever waits for the answer to an event.
type Answer = oneshot::Sender<Result<Reply, Failed>>;

/// What the routes share.
#[derive(Debug, Default)]
struct Shared {
    address: Mutex<String>,
    functions: Mutex<BTreeMap<String, Running>>,
    instances: Mutex<Instances>,
    answers: Mutex<BTreeMap<String, Answer>>,
    schedules: Mutex<BTreeMap<String, Schedule>>,
    sockets: Mutex<Sockets>,
    /// Asynchronous events by function, those at work among them.
    sent: Mutex<BTreeMap<String, usize>>,
    printed: Printed,
}

/// Where all processes write what they print.
#[derive(Debug)]
struct Printed(NamedTempFile);

impl Default for Printed {
    fn default() -> Self {
        Self(NamedTempFile::new().expect("a temporary file"))
    }
}

impl Gateway {
    /// Starts a gateway without functions, on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a free port"))
    }

    /// Starts a gateway without functions on the port of `listener`.
    ///
    /// # Panics
    /// When the port is not there any more.
    pub fn on(listener: TcpListener) -> Self {
        let shared = Arc::new(Shared::default());
        *lock(&shared.address) = listener.local_addr().expect("an address").to_string();
        let routes = Router::new()
            .merge(instance::routes())
            .merge(api::routes())
            .merge(schedules::routes())
            .merge(sockets::routes())
            .fallback(front::answer)
            .layer(DefaultBodyLimit::max(front::MAX_BODY_BYTES))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the server runs until it is stopped");
        });
        Self { shared, server, urls: Mutex::default() }
    }

    /// URL of the HTTP front, and of the APIs of Lambda and the Scheduler.
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// URL of the WebSocket API: connections, and below it `@connections`.
    pub fn sockets_url(&self) -> String {
        format!("{}/live", self.url())
    }

    /// Makes a URL of a function's own, which passes answers on as they come.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn function_url(&self, name: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = front::function_url(Arc::clone(&self.shared), name.to_owned());
        lock(&self.urls).push(tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("it runs until it is stopped");
        }));
        url
    }

    /// Names of the WebSocket connections.
    pub fn connections(&self) -> Vec<String> {
        self.shared.connections()
    }

    /// Closes a connection, as after two hours.
    pub fn hang_up(&self, connection: &str) {
        self.shared.hang_up(connection);
    }

    /// From now on a connection takes messages and never says so.
    pub fn stall(&self, connection: &str) {
        self.shared.stall(connection);
    }

    /// Lets a connection vanish, without anybody hearing of that before a message is sent to it.
    pub fn forget(&self, connection: &str) {
        self.shared.forget(connection);
    }

    /// Adds a function, or replaces the one of its name. Nothing runs before it is asked.
    pub fn add(&self, function: Function) {
        lock(&self.shared.functions).insert(function.name.clone(), Running::new(function));
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// [`Failed`].
    ///
    /// # Panics
    /// When the answer is not JSON.
    pub async fn invoke(&self, name: &str, event: &Value) -> Result<Value, Failed> {
        let answer = self.shared.invoke(name, event.to_string().into_bytes()).await?;
        Ok(serde_json::from_slice(&answer).expect("a function answers in JSON"))
    }

    /// Invokes a function and does not wait for it.
    pub fn send(&self, name: &str, event: &Value) {
        self.shared.send(name, event.to_string().into_bytes());
    }

    /// Names of the schedules that have not fired.
    pub fn schedules(&self) -> Vec<String> {
        lock(&self.shared.schedules).keys().cloned().collect()
    }

    /// Lets time pass until `date_time` (UTC, ISO 8601): fires what is due by then.
    pub fn pass(&self, date_time: &str) {
        self.shared.fire(date_time);
    }

    /// Kills every process of a function, whatever it is at.
    pub fn kill(&self, name: &str) {
        self.killer()(name);
    }

    /// [`Self::kill`], for somebody else to call.
    pub(crate) fn killer(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move |name| {
            let all = lock(&shared.instances).of(name);
            all.into_iter().for_each(|instance| shared.kill(instance));
        }
    }

    /// Stops every process of a function where it is, as a machine that stalls; [`Self::thaw`] lets them go on.
    pub fn freeze(&self, name: &str) -> Vec<u64> {
        let instances = lock(&self.shared.instances);
        let all = instances.of(name);
        all.iter().for_each(|instance| instances.signal(*instance, Signal::STOP));
        all
    }

    /// Lets processes go on.
    pub fn thaw(&self, frozen: &[u64]) {
        let instances = lock(&self.shared.instances);
        frozen.iter().for_each(|instance| instances.signal(*instance, Signal::CONT));
    }

    /// Waits until no event of a function is left.
    pub async fn until_idle(&self, name: &str) {
        while self.has_work(name) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether asynchronous events of a function wait, or are at work.
    pub fn has_work(&self, name: &str) -> bool {
        lock(&self.shared.sent).get(name).is_some_and(|sent| *sent > 0)
    }

    /// What all processes have printed so far, not counting their logs.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.shared.printed.0.path()).expect("a file of this process")
    }

    /// Starts a process of a function and ends it once it asks for its first event; returns how long that took.
    ///
    /// # Panics
    /// When there is no such function, or it does not ask within a minute.
    pub async fn init(&self, name: &str) -> Duration {
        let function = lock(&self.shared.functions).get(name).map(|one| one.function.clone());
        let since = Instant::now();
        let instance = instance::start(&self.shared, &function.expect("a function of the test"));
        while !lock(&self.shared.instances).has_asked(instance) {
            assert!(since.elapsed() < Duration::from_secs(60), "{name} does not ask for work");
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let took = since.elapsed();
        self.shared.kill(instance);
        took
    }

    /// How many processes a function has had so far.
    pub fn started(&self, name: &str) -> usize {
        lock(&self.shared.functions).get(name).map_or(0, |function| function.started)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
        lock(&self.urls).iter().for_each(JoinHandle::abort);
        lock(&self.shared.instances).kill_all();
    }
}

impl Shared {
    fn url(&self) -> String {
        format!("http://{}", lock(&self.address))
    }

    /// Invokes a function and takes a whole answer; one that answers too late is killed.
    async fn invoke(self: &Arc<Self>, name: &str, event: Vec<u8>) -> Result<Vec<u8>, Failed> {
        self.ask(name, event).await?.whole()
    }

    /// Invokes a function; one that answers too late is killed.
    async fn ask(self: &Arc<Self>, name: &str, event: Vec<u8>) -> Result<Reply, Failed> {
        if event.len() > reply::MAX_WHOLE_BYTES {
            return Err(Failed::TooLarge);
        }
        let (instance, limit) = self.place(name)?;
        let id = format!("{:032x}", rand::random::<u128>());
        let (tell, told) = oneshot::channel();
        lock(&self.answers).insert(id.clone(), tell);
        lock(&self.instances).give(instance, id.clone(), event, limit);
        let answer = tokio::time::timeout(limit, told).await;
        lock(&self.answers).remove(&id);
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Failed::Ended),
            Err(_) => {
                self.kill(instance);
                Err(Failed::TimedOut)
            }
        }
    }

    /// Invokes a function, later if it has no place, again if it fails.
    fn send(self: &Arc<Self>, name: &str, event: Vec<u8>) {
        let (shared, name) = (Arc::clone(self), name.to_owned());
        *lock(&self.sent).entry(name.clone()).or_default() += 1;
        tokio::spawn(async move {
            shared.deliver(&name, &event).await;
            *lock(&shared.sent).entry(name).or_default() -= 1;
        });
    }

    async fn deliver(self: &Arc<Self>, name: &str, event: &[u8]) {
        let Some((retries, oldest)) = self.patience(name) else { return };
        let (sent_at, mut failures) = (Instant::now(), 0);
        while sent_at.elapsed() < oldest && failures <= retries {
            match self.invoke(name, event.to_vec()).await {
                Ok(_) | Err(Failed::Unknown) => return,
                Err(Failed::NoPlace) => tokio::time::sleep(PLACE).await,
                Err(_) => failures += 1,
            }
        }
    }

    fn patience(&self, name: &str) -> Option<(usize, Duration)> {
        let functions = lock(&self.functions);
        functions.get(name).map(|running| (running.function.retries, running.function.oldest))
    }

    /// Ends a process; whoever waits for its answer hears of that.
    fn kill(&self, instance: u64) {
        let Some((name, event)) = lock(&self.instances).kill(instance) else { return };
        if let Some(running) = lock(&self.functions).get_mut(&name) {
            running.forget(instance);
        }
        if let Some(event) = event {
            lock(&self.answers).remove(&event);
        }
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
