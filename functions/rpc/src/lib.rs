//! A flash layer's JSON-RPC over HTTP.
//!
//! [`router`] is all there is: the runner merges it into its server, the cloud function mounts it.

mod caller;
mod manners;
mod socket;
mod threads;

#[cfg(feature = "lambda")]
pub mod lambda;

pub use manners::{MAX_IN_FLIGHT, Patience, TIMEOUT};
pub use threads::Threads;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::{
        DefaultBodyLimit, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use manners::Door;
use node_core::rpc::{Caller, Node, dispatch};
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowHeaders, Any, CorsLayer},
};

/// Largest body of a request. geth's limit.
pub const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// What a body may be. As geth.
const JSON_TYPES: [&str; 3] =
    ["application/json", "application/json-rpc", "application/jsonrequest"];

/// Returns the routes: requests on `POST /` and `/rpc`, life signs on `GET /` and `/health`. A `GET` that wants
/// to become a WebSocket becomes one.
///
/// Pages of any origin may ask, unless the organiser's rules say otherwise: a layer's RPC holds no secrets and no
/// sessions. The rule for network addresses needs to know them: serve with
/// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info), or behind a proxy.
pub fn router(node: Arc<Node>) -> Router {
    router_with(node, Patience::default())
}

/// As [`router`], with another patience.
pub fn router_with(node: Arc<Node>, patience: Patience) -> Router {
    let door = Door::new(Arc::clone(&node), patience);
    Router::new()
        .route("/", post(answer).get(socket_or_health))
        .route("/rpc", post(answer).get(socket_or_health))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(door, manners::admit))
        .route("/health", get(health))
        .layer(CompressionLayer::new().gzip(true))
        .layer(cors())
        .with_state(node)
}

async fn socket_or_health(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(MAX_BODY_BYTES)
            .on_upgrade(move |socket| socket::serve(socket, node, caller)),
        Err(_) => health(State(node)).await,
    }
}

/// Browsers ask again after a day at most, and may reach a layer on this machine from a public page.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        // Not `*`, which leaves out `authorization`.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER])
        .allow_private_network(true)
        .max_age(Duration::from_secs(24 * 60 * 60))
}

async fn answer(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_json(&headers) {
        let text = "invalid content type, only application/json is supported\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    if let Err(refusal) = node.access.count(&caller, &body, node.clock.now_ms()) {
        return manners::refused(&body, refusal);
    }
    match dispatch(&node, &body).await {
        Some(answer) => ([(CONTENT_TYPE, "application/json")], answer).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// A body whose type nobody said is taken for JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    JSON_TYPES.iter().any(|json| essence.eq_ignore_ascii_case(json))
}

async fn health(State(node): State<Arc<Node>>) -> Response {
    let head = node.replica.head().header.number;
    Json(serde_json::json!({
        "status": "ok",
        "client": node.client_version,
        "chainId": node.rules.chain_id,
        "head": head,
    }))
    .into_response()
}
