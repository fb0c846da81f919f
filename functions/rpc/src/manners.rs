//! What a server does besides answering: it says no in time, and in a way that clients understand.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use node_core::rpc::{AccessError, Node, refuse};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::caller::caller;

/// Requests that are answered at a time; a batch is one.
pub const MAX_IN_FLIGHT: usize = 1_024;

/// How long an answer may take. `eth_sendRawTransactionSync` waits for 25 seconds at the most, and an HTTP API in
/// the cloud for 29.
pub const TIMEOUT: Duration = Duration::from_secs(29);

/// When to come back, in seconds.
const RETRY_AFTER_S: u16 = 1;

/// JSON-RPC's code for limits, EIP-1474.
const LIMIT_EXCEEDED: i32 = -32005;

/// geth's code for a request that takes too long.
const TIMED_OUT: i32 = -32002;

/// How much a server does at a time, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Requests that are answered at a time; a batch is one.
    pub places: usize,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { places: MAX_IN_FLIGHT, timeout: TIMEOUT }
    }
}

/// What decides whether a request is read, and when it is given up.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    node: Arc<Node>,
    places: Arc<Semaphore>,
    timeout: Duration,
}

impl Door {
    pub(crate) fn new(node: Arc<Node>, patience: Patience) -> Self {
        let Patience { places, timeout } = patience;
        Self { node, places: Arc::new(Semaphore::new(places)), timeout }
    }
}

/// Lets in whom the organiser allows, as many at a time as there are places; the rest is told to come back.
pub(crate) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let access = &door.node.access;
    let caller = caller(&request, access.rules().behind_proxy);
    if let Err(refusal) = access.admit(&caller) {
        return refused(&[], refusal);
    }
    request.extensions_mut().insert(caller);
    let Ok(_place) = door.places.try_acquire() else { return busy() };
    match tokio::time::timeout(door.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => error(StatusCode::OK, TIMED_OUT, "request timed out"),
    }
}

/// Says which of the organiser's rules a request breaks; its body is empty while nobody read it.
pub(crate) fn refused(body: &[u8], refusal: AccessError) -> Response {
    let status = status_of(&refusal);
    let retry_s = refusal.retry_ms().map(|retry_ms| retry_ms.div_ceil(1_000));
    let answer = refuse(body, refusal);
    let mut response = (status, [(CONTENT_TYPE, "application/json")], answer).into_response();
    if let Some(retry_s) = retry_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_s));
    }
    response
}

/// What a refusal is in HTTP.
pub(crate) const fn status_of(refusal: &AccessError) -> StatusCode {
    match refusal {
        AccessError::ApiKey => StatusCode::UNAUTHORIZED,
        AccessError::PerAddress { .. } => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::FORBIDDEN,
    }
}

fn busy() -> Response {
    let text = "too many requests: try again in a second";
    let mut response = error(StatusCode::TOO_MANY_REQUESTS, LIMIT_EXCEEDED, text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    response
}

/// An answer to a request that nobody read.
pub(crate) fn error(status: StatusCode, code: i32, message: &str) -> Response {
    let body =
        json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } });
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
