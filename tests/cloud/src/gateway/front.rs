//! The HTTP API in front: payload format 2.0.
//!
//! AWS: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs".

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Failed, Shared};

/// Routes as Terraform has them: the box office is one function's, everything else is the other's.
fn function(path: &str) -> &'static str {
    let is_office = ["/webhooks/", "/claims/", "/office/"].iter().any(|part| path.contains(part));
    if is_office { "webhook" } else { "rpc" }
}

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let event = event(&method, &uri, &headers, &body).to_string().into_bytes();
    match shared.invoke(function(uri.path()), event).await {
        Ok(answer) => match serde_json::from_slice::<Answer>(&answer) {
            Ok(answer) => answer.into_response(),
            Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        },
        Err(Failed::NoPlace) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(failed) => (StatusCode::BAD_GATEWAY, format!("{failed:?}")).into_response(),
    }
}

fn event(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let text =
        |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Map<String, Value> =
        headers.iter().map(|(name, value)| (name.to_string(), text(value).into())).collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "localhost",
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
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let body = self.body.unwrap_or_default();
        let mut response = Response::builder().status(self.status_code);
        for (name, value) in &self.headers {
            response = response.header(name, value.as_str().unwrap_or_default());
        }
        let body = match self.is_base64_encoded {
            true => return (StatusCode::NOT_IMPLEMENTED, "a binary body").into_response(),
            false => body,
        };
        response
            .body(body.into())
            .unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
    }
}
