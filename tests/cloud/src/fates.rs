use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION, request::Parts},
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{Gateway, Ground, troubled};

/// What befalls a function at one of its writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is killed, and the write is not done.
    KilledBefore,
    /// The write is done, and it is killed before it hears of that.
    KilledAfter,
    /// The write is on its way until [`Fates::release`].
    Held,
}

/// Stands between functions and stores, and before the connections of the WebSocket API, to which a message is a write
/// too. Functions are known by the name of their access key, which the emulators do
/// not look at.
#[derive(Debug)]
pub struct Fates {
    plan: Arc<Mutex<Plan>>,
    released: watch::Sender<bool>,
    urls: [String; 3],
    servers: [JoinHandle<()>; 3],
}

#[derive(Debug, Default)]
struct Plan {
    /// Whom what befalls, and when.
    next: Option<(String, Fate, When)>,
    was_met: bool,
}

#[derive(Debug)]
enum When {
    /// After so many more writes.
    Writes(usize),
    /// When objects are deleted.
    Deletes,
}

#[derive(Clone)]
struct Way {
    to: Arc<str>,
    client: reqwest::Client,
    plan: Arc<Mutex<Plan>>,
    released: watch::Receiver<bool>,
    kill: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Fates {
    /// Stands before the stores of `ground`; kills functions of `gateway`.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn new(ground: &Ground, gateway: &Gateway) -> Self {
        let plan = Arc::<Mutex<Plan>>::default();
        let (released, waits) = watch::channel(false);
        let kill: Arc<dyn Fn(&str) + Send + Sync> = Arc::new(gateway.killer());
        let serve = |to: String| {
            let way = Way {
                to: to.into(),
                client: reqwest::Client::new(),
                plan: Arc::clone(&plan),
                released: waits.clone(),
                kill: Arc::clone(&kill),
            };
            async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                let url = format!("http://{}", listener.local_addr().expect("an address"));
                let routes = Router::new().fallback(pass).with_state(way);
                let server = tokio::spawn(async move {
                    axum::serve(listener, routes).await.expect("it runs until it is stopped");
                });
                (url, server)
            }
        };
        let endpoints = ground.settings().endpoints;
        let [tables, objects] =
            [endpoints.dynamodb, endpoints.s3].map(|url| serve(url.expect("an emulator")));
        let sockets = serve(gateway.url());
        let served = tokio::join!(tables, objects, sockets);
        let ((tables, one), (objects, two), (sockets, three)) = served;
        Self { plan, released, urls: [tables, objects, sockets], servers: [one, two, three] }
    }

    /// Environment variables that send a function here.
    pub fn variables(&self, function: &str) -> [(&'static str, String); 4] {
        let [tables, objects, sockets] = self.urls.clone();
        [
            ("AWS_ACCESS_KEY_ID", function.to_owned()),
            ("MAYFLY_ENDPOINT_DYNAMODB", tables),
            ("MAYFLY_ENDPOINT_S3", objects),
            ("MAYFLY_SOCKETS_URL", format!("{sockets}/live")),
        ]
    }

    /// Has `fate` befall `function` at its write number `nth` from now, the first being 0.
    pub fn plan(&self, function: &str, nth: usize, fate: Fate) {
        self.plan_for(function, When::Writes(nth), fate);
    }

    /// Has `fate` befall `function` when it deletes objects.
    pub fn plan_delete(&self, function: &str, fate: Fate) {
        self.plan_for(function, When::Deletes, fate);
    }

    fn plan_for(&self, function: &str, when: When, fate: Fate) {
        self.released.send_replace(false);
        *self.held() = Plan { next: Some((function.to_owned(), fate, when)), was_met: false };
    }

    /// Whether what was planned last has happened; if not, it will not any more.
    pub fn end(&self) -> bool {
        let mut plan = self.held();
        plan.next = None;
        plan.was_met
    }

    /// Whether what was planned last has happened.
    pub fn was_met(&self) -> bool {
        self.held().was_met
    }

    /// Lets a write that is held arrive.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    fn held(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Fates {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

impl Way {
    /// What befalls `function` at this write.
    fn fate(&self, function: &str, write: &Parts) -> Option<Fate> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, fate, when) = plan.next.as_mut().filter(|(name, ..)| name == function)?;
        match when {
            When::Writes(0) => {}
            When::Writes(left) => {
                *left -= 1;
                return None;
            }
            When::Deletes if troubled::deletes(write) => {}
            When::Deletes => return None,
        }
        let fate = *fate;
        *plan = Plan { next: None, was_met: true };
        Some(fate)
    }

    async fn forward(&self, parts: Parts, body: Bytes) -> Response {
        let (client, to) = (self.client.clone(), Arc::clone(&self.to));
        apart(async move { troubled::forward(&client, &to, parts, body).await }).await
    }
}

/// In a task of its own: whoever asked may be killed, and what it sent arrives all the same.
async fn apart(sent: impl Future<Output = Response> + Send + 'static) -> Response {
    tokio::spawn(sent).await.unwrap_or_else(|error| panic!("it cannot be forwarded: {error}"))
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let (parts, body) = troubled::whole(request).await;
    let function = function_of(&parts.headers);
    let fate = troubled::is_write(&parts).then(|| way.fate(&function, &parts)).flatten();
    match fate {
        None => way.forward(parts, body).await,
        Some(Fate::KilledBefore) => {
            (way.kill)(&function);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Some(Fate::KilledAfter) => {
            let answer = way.forward(parts, body).await;
            (way.kill)(&function);
            answer
        }
        Some(Fate::Held) => {
            let held = async move {
                let mut released = way.released.clone();
                // It may have been dropped: then everything ends.
                let _ = released.wait_for(|released| *released).await;
                way.forward(parts, body).await
            };
            apart(held).await
        }
    }
}

/// `AWS4-HMAC-SHA256 Credential=<access key>/<date>/...`
fn function_of(headers: &HeaderMap) -> String {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = header.and_then(|value| value.split_once("Credential="));
    let name = credential.and_then(|(_, rest)| rest.split('/').next());
    name.unwrap_or_default().to_owned()
}
