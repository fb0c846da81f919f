use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, HOST, IF_NONE_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Most bytes of one request.
const LARGEST: usize = 16 << 20;

/// What goes wrong the first time that a request is sent; sent again, it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A write is done, and its sender is told that something went wrong.
    AnswerLost,
    /// Nothing is done: too much is asked at a time, or of the same object.
    Busy,
}

/// A service that has trouble.
#[derive(Debug)]
pub struct Troubled {
    url: String,
    server: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Way {
    to: Arc<str>,
    trouble: Trouble,
    client: reqwest::Client,
    seen: Arc<Mutex<HashSet<(String, Bytes)>>>,
}

impl Troubled {
    /// Gives the service at `to` trouble.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn new(to: &str, trouble: Trouble) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let way =
            Way { to: to.into(), trouble, client: reqwest::Client::new(), seen: Arc::default() };
        let routes = Router::new().fallback(pass).with_state(way);
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the server runs until it is stopped");
        });
        Self { url, server }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Troubled {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let (parts, body) = whole(request).await;
    let line = format!("{} {}{}", parts.method, way.to, parts.uri);
    let is_first = way.is_first(line, body.clone());
    let (is_write, busy) = (is_write(&parts), busy(&parts));
    if is_first && way.trouble == Trouble::Busy {
        return busy;
    }
    let answer = forward(&way.client, &way.to, parts, body).await;
    match is_first && is_write {
        true => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        false => answer,
    }
}

pub(crate) async fn whole(request: Request) -> (Parts, Bytes) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await.expect("a whole request");
    (parts, body)
}

/// Sends a request on to the service at `to`, and returns its answer.
pub(crate) async fn forward(
    client: &reqwest::Client,
    to: &str,
    parts: Parts,
    body: Bytes,
) -> Response {
    let url = format!("{to}{}", parts.uri);
    let mut headers = parts.headers;
    headers.remove(HOST);
    let sent = client.request(parts.method, &url).headers(headers).body(body);
    let answer = sent.send().await.expect("the service answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let answer = answer.bytes().await.expect("a whole answer");
    (status, headers, answer).into_response()
}

impl Way {
    fn is_first(&self, line: String, body: Bytes) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert((line, body))
    }
}

/// What the service is asked for, if it is `DynamoDB`.
fn action(parts: &Parts) -> Option<&str> {
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.rsplit('.').next())
}

/// Whether it changes what is stored. Deleting objects is a `POST`.
pub(crate) fn is_write(parts: &Parts) -> bool {
    match action(parts) {
        Some(action) => matches!(
            action,
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
        ),
        None => matches!(parts.method, Method::PUT | Method::POST | Method::DELETE),
    }
}

/// Whether it deletes objects. AWS: S3 API Reference, `DeleteObjects`.
pub(crate) fn deletes(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    parts.method == Method::POST && query.split('&').any(|part| part.starts_with("delete"))
}

/// How the service says that it is busy: `DynamoDB` and S3, "Error responses".
fn busy(parts: &Parts) -> Response {
    let of_s3 = |status, code| {
        let body = format!("<Error><Code>{code}</Code><Message>busy</Message></Error>");
        (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
    };
    match action(parts) {
        Some(_) => {
            let name = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
            let body = format!(r#"{{"__type":"{name}","message":"busy"}}"#);
            let json = [(CONTENT_TYPE, "application/x-amz-json-1.0")];
            (StatusCode::BAD_REQUEST, json, body).into_response()
        }
        None if parts.headers.contains_key(IF_NONE_MATCH) => {
            of_s3(StatusCode::CONFLICT, "ConditionalRequestConflict")
        }
        None => of_s3(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
    }
}
