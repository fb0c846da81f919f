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
use serde_json::json;
use tokio::sync::Semaphore;

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

/// Answers as many requests at a time as there are `places`; the rest is told to come back.
pub(crate) async fn admit(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_place) = places.try_acquire() else { return busy() };
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => error(StatusCode::OK, TIMED_OUT, "request timed out"),
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
