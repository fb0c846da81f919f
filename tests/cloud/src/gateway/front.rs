//! The HTTP API in front, and function URLs: payload format 2.0.
//!
//! AWS: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs"; Lambda Developer Guide,
//! "Creating and managing Lambda function URLs".

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Failed, Shared,
    reply::{Head, MAX_WHOLE_BYTES},
};

/// Largest body of a request. AWS: quotas of HTTP APIs.
pub(super) const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Host of the HTTP API.
const API: &str = "local.execute-api.us-east-1.amazonaws.com";

/// Host of every function URL.
const FUNCTION_URL: &str = "local.lambda-url.us-east-1.on.aws";

/// Routes as Terraform has them: the box office is one function's, everything else is the other's.
fn function(path: &str) -> &'static str {
    let is_office = ["/webhooks/", "/claims/", "/office/"].iter().any(|part| path.contains(part));
    if is_office { "webhook" } else { "rpc" }
}

/// Answers as the HTTP API does: it takes whole answers only.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let event = event(API, &method, &uri, &headers, &body);
    match shared.invoke(function(uri.path()), event).await {
        Ok(answer) => response(&answer),
        Err(failed) => failure(&failed),
    }
}

/// The URL of a function, which passes answers on as they come.
pub(super) fn function_url(shared: Arc<Shared>, name: String) -> Router {
    let limit = DefaultBodyLimit::max(MAX_WHOLE_BYTES);
    Router::new().fallback(answer_by_url).layer(limit).with_state((shared, name))
}

async fn answer_by_url(
    State((shared, name)): State<(Arc<Shared>, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match shared.ask(&name, event(FUNCTION_URL, &method, &uri, &headers, &body)).await {
        Ok(reply) => reply.response(),
        Err(failed) => failure(&failed),
    }
}

fn failure(failed: &Failed) -> Response {
    match failed {
        Failed::NoPlace => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        failed => (StatusCode::BAD_GATEWAY, format!("{failed:?}")).into_response(),
    }
}

fn event(host: &str, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Vec<u8> {
    let text =
        |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Map<String, Value> =
        headers.iter().map(|(name, value)| (name.to_string(), text(value).into())).collect();
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": method.as_str(),
                "path": uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
            },
            "requestId": "local",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": String::from_utf8_lossy(body),
        "isBase64Encoded": false,
    });
    event.to_string().into_bytes()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(flatten)]
    head: Head,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response that a function's JSON stands for.
pub(super) fn response(answer: &[u8]) -> Response {
    let bad = |error: String| (StatusCode::BAD_GATEWAY, error).into_response();
    let answer: Answer = match serde_json::from_slice(answer) {
        Ok(answer) => answer,
        Err(error) => return bad(error.to_string()),
    };
    let body = answer.body.unwrap_or_default();
    let body = match answer.is_base64_encoded {
        true => match STANDARD.decode(body) {
            Ok(body) => Body::from(body),
            Err(error) => return bad(error.to_string()),
        },
        false => Body::from(body),
    };
    answer.head.response(body)
}
