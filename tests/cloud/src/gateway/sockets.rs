//! The WebSocket API in front: connections, their events, and `@connections`, through which functions send.
//!
//! AWS: API Gateway Developer Guide, "Working with WebSocket APIs", "Use @connections commands in your backend service",
//! "Quotas for configuring and running a WebSocket API in API Gateway".

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Map, Value, json};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, sleep_until},
};

use super::{Shared, lock};

/// The stage.
const STAGE: &str = "live";

/// The function behind all routes.
const FUNCTION: &str = "rpc";

const MAX_FRAME_BYTES: usize = 32 * 1024;

const MAX_MESSAGE_BYTES: usize = 128 * 1024;

/// A connection on which nothing is sent is closed after so long.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// Every connection is closed after so long.
const LIFE: Duration = Duration::from_secs(2 * 60 * 60);

/// Close codes of RFC 6455.
const GOING_AWAY: u16 = 1001;
const UNSUPPORTED: u16 = 1003;
const TOO_BIG: u16 = 1009;

/// A connection.
#[derive(Debug)]
pub(super) struct Open {
    outbox: UnboundedSender<Out>,
    connected_ms: u64,
    active_ms: u64,
    agent: String,
    /// Takes messages and never says so.
    is_stalled: bool,
}

/// What is sent to a client.
#[derive(Debug)]
enum Out {
    Text(String),
    Close(u16),
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    let management = post(send).get(show).delete(close);
    Router::new()
        .route("/live", get(connect))
        .route("/live/@connections/{connection}", management)
        .layer(DefaultBodyLimit::max(2 * MAX_MESSAGE_BYTES))
}

impl Shared {
    /// Names of all connections.
    pub(super) fn connections(&self) -> Vec<String> {
        lock(&self.sockets).keys().cloned().collect()
    }

    /// Closes a connection, as after two hours.
    pub(super) fn hang_up(&self, connection: &str) {
        if let Some(open) = lock(&self.sockets).get(connection) {
            // It may be closing already.
            let _ = open.outbox.send(Out::Close(GOING_AWAY));
        }
    }

    /// From now on a connection takes messages and never says so.
    pub(super) fn stall(&self, connection: &str) {
        if let Some(open) = lock(&self.sockets).get_mut(connection) {
            open.is_stalled = true;
        }
    }

    /// Lets a connection vanish, without anybody hearing of that before a message is sent to it.
    pub(super) fn forget(&self, connection: &str) {
        lock(&self.sockets).remove(connection);
    }
}

async fn connect(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let connection = URL_SAFE.encode(rand::random::<[u8; 11]>());
    let now_ms = now_ms();
    let agent = headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or("");
    let about =
        About { connection: connection.clone(), connected_ms: now_ms, agent: agent.to_owned() };
    let mut event = about.event("$connect", "CONNECT");
    let of_request = [("headers", header_map(&headers)), ("queryStringParameters", query(&uri))];
    for (name, map) in of_request {
        let lists = map.iter().map(|(name, value)| (name.clone(), json!([value])));
        let lists: Map<String, Value> = lists.collect();
        let multi = format!("multiValue{}{}", name[..1].to_uppercase(), &name[1..]);
        event[multi] = Value::Object(lists);
        event[name] = Value::Object(map);
    }
    let refused = |status: u16, body: &Value| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        (status, body.as_str().unwrap_or_default().to_owned()).into_response()
    };
    let answer = match shared.invoke(FUNCTION, event.to_string().into_bytes()).await {
        Ok(answer) => serde_json::from_slice(&answer).unwrap_or(Value::Null),
        Err(_) => Value::Null,
    };
    match answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()) {
        Some(status) if (200..300).contains(&status) => {}
        Some(status) => return refused(status, &answer["body"]),
        None => return refused(502, &Value::Null),
    }
    let (outbox, inbox) = unbounded_channel();
    let open = Open {
        outbox,
        connected_ms: now_ms,
        active_ms: now_ms,
        agent: about.agent.clone(),
        is_stalled: false,
    };
    lock(&shared.sockets).insert(connection, open);
    upgrade
        .max_frame_size(MAX_FRAME_BYTES)
        .max_message_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| serve(shared, about, socket, inbox))
}

async fn serve(
    shared: Arc<Shared>,
    about: About,
    mut socket: WebSocket,
    mut inbox: UnboundedReceiver<Out>,
) {
    let end = Instant::now() + LIFE;
    let mut idle = Instant::now() + IDLE;
    let code = loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    idle = Instant::now() + IDLE;
                    tokio::spawn(ask(Arc::clone(&shared), about.clone(), text.to_string()));
                }
                Some(Ok(Message::Binary(_))) => break UNSUPPORTED,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => break GOING_AWAY,
                // What is no WebSocket, or too large.
                Some(Err(_)) => break TOO_BIG,
            },
            out = inbox.recv() => match out {
                Some(Out::Text(text)) => {
                    idle = Instant::now() + IDLE;
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        break GOING_AWAY;
                    }
                }
                Some(Out::Close(code)) => break code,
                None => break GOING_AWAY,
            },
            () = sleep_until(idle.min(end)) => break GOING_AWAY,
        }
    };
    let frame = CloseFrame { code, reason: "".into() };
    // The other side may have left.
    let _ = socket.send(Message::Close(Some(frame))).await;
    lock(&shared.sockets).remove(&about.connection);
    let mut event = about.event("$disconnect", "DISCONNECT");
    event["requestContext"]["disconnectStatusCode"] = json!(code);
    event["requestContext"]["disconnectReason"] = json!("");
    event["headers"] = json!({ "Host": "local", "x-api-key": "", "x-restapi": "" });
    event["multiValueHeaders"] = json!({ "Host": ["local"], "x-api-key": [""], "x-restapi": [""] });
    shared.send(FUNCTION, event.to_string().into_bytes());
}

/// Has the function answer a message; its answer goes back, as the route has a route response.
async fn ask(shared: Arc<Shared>, about: About, text: String) {
    let mut event = about.event("$default", "MESSAGE");
    event["requestContext"]["messageId"] = json!(format!("{:016x}", rand::random::<u64>()));
    event["body"] = Value::String(text);
    let answer = shared.invoke(FUNCTION, event.to_string().into_bytes()).await;
    let answer = answer.ok().and_then(|answer| serde_json::from_slice::<Value>(&answer).ok());
    let text = match answer {
        Some(answer) if answer["statusCode"].as_u64().is_some_and(|status| status < 300) => {
            answer["body"].as_str().map(str::to_owned)
        }
        _ => {
            let connection = &about.connection;
            let failed = json!({
                "message": "Internal server error", "connectionId": connection, "requestId": "local",
            });
            Some(failed.to_string())
        }
    };
    let Some(text) = text.filter(|text| text.len() <= MAX_MESSAGE_BYTES) else { return };
    if let Some(open) = lock(&shared.sockets).get(&about.connection) {
        // It may be closing.
        let _ = open.outbox.send(Out::Text(text));
    }
}

/// What events say of a connection.
#[derive(Debug, Clone)]
struct About {
    connection: String,
    connected_ms: u64,
    agent: String,
}

impl About {
    fn event(&self, route: &str, kind: &str) -> Value {
        json!({
            "requestContext": {
                "routeKey": route,
                "eventType": kind,
                "extendedRequestId": "local",
                "requestTime": "01/Jan/2026:00:00:00 +0000",
                "messageDirection": "IN",
                "stage": STAGE,
                "connectedAt": self.connected_ms,
                "requestTimeEpoch": now_ms(),
                "identity": { "userAgent": self.agent, "sourceIp": "127.0.0.1" },
                "requestId": "local",
                "domainName": "local.execute-api.us-east-1.amazonaws.com",
                "connectionId": self.connection,
                "apiId": "local",
            },
            "isBase64Encoded": false,
        })
    }
}

async fn send(
    State(shared): State<Arc<Shared>>,
    Path(connection): Path<String>,
    message: Bytes,
) -> Response {
    if message.len() > MAX_MESSAGE_BYTES {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException");
    }
    let Ok(text) = String::from_utf8(message.to_vec()) else {
        return error(StatusCode::BAD_REQUEST, "BadRequestException");
    };
    let is_stalled = match lock(&shared.sockets).get_mut(&connection) {
        Some(open) if open.outbox.send(Out::Text(text)).is_ok() => {
            open.active_ms = now_ms();
            open.is_stalled
        }
        _ => return gone(),
    };
    if is_stalled {
        core::future::pending::<()>().await;
    }
    StatusCode::OK.into_response()
}

async fn show(State(shared): State<Arc<Shared>>, Path(connection): Path<String>) -> Response {
    match lock(&shared.sockets).get(&connection) {
        Some(open) => {
            let identity = json!({ "sourceIp": "127.0.0.1", "userAgent": open.agent });
            Json(json!({
                "connectedAt": open.connected_ms,
                "lastActiveAt": open.active_ms,
                "identity": identity,
            }))
            .into_response()
        }
        None => gone(),
    }
}

async fn close(State(shared): State<Arc<Shared>>, Path(connection): Path<String>) -> Response {
    match lock(&shared.sockets).remove(&connection) {
        Some(open) => {
            // It may be closing already.
            let _ = open.outbox.send(Out::Close(GOING_AWAY));
            StatusCode::NO_CONTENT.into_response()
        }
        None => gone(),
    }
}

fn gone() -> Response {
    error(StatusCode::GONE, "GoneException")
}

fn error(status: StatusCode, kind: &'static str) -> Response {
    (status, [("x-amzn-errortype", kind)], Json(json!({ "message": kind }))).into_response()
}

fn header_map(headers: &HeaderMap) -> Map<String, Value> {
    let text = |value: &[u8]| Value::String(String::from_utf8_lossy(value).into_owned());
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}

fn query(uri: &Uri) -> Map<String, Value> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Connections by name.
pub(super) type Sockets = BTreeMap<String, Open>;
