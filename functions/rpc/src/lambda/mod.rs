//! The function on AWS Lambda: JSON-RPC of every layer of a deployment, under `/<layer>`.
//!
//! Every request begins with a look at the log, so that an answer is never older than what anybody was told before
//! it came. The function freezes when it has answered, so it first waits for what it started meanwhile.

mod following;
mod layers;
mod method;

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use lambda_http::Service;
use mayfly_aws::{Absent, Cloud, When};
use mayfly_cost::Usage;
use node_core::chain::LayerId;
use serde_json::{Value, json};
use tracing::Instrument;

use self::layers::{Layer, Layers};

/// JSON-RPC: the layer that was asked is not there. EIP-1474, "resource not found".
const NOT_FOUND: i32 = -32001;

/// JSON-RPC: we failed. EIP-1474.
const INTERNAL: i32 = -32603;

/// Returns the routes of all layers; `sequencer` is the name of the function that writes.
pub fn router(cloud: Cloud, sequencer: &str) -> Router {
    let layers = Arc::new(Layers::new(cloud, sequencer));
    Router::new().fallback(answer).with_state(layers)
}

async fn answer(State(layers): State<Arc<Layers>>, request: Request) -> Response {
    let since = Instant::now();
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let (name, rest) = path.split_once('/').unwrap_or((&path, ""));
    let layer = match layers.find(name).await {
        Ok(layer) => layer,
        Err(absent) => return refuse(&absent),
    };
    let (method, request) = match method::of(request).await {
        Ok(read) => read,
        Err(status) => return status.into_response(),
    };
    let response = ask(&layer, rest, request).await;
    layers.rings.silent().await;
    count(&layers.cloud, layer.id, method, since).await;
    response
}

async fn ask(layer: &Layer, rest: &str, mut request: Request) -> Response {
    *request.uri_mut() = under(request.uri(), rest);
    let span = tracing::info_span!("layer", layer = %layer.id);
    let Ok(response) = layer.router.clone().call(request).instrument(span).await;
    response
}

/// Counts a request; nothing is counted of one that is still waiting when the function is frozen.
async fn count(cloud: &Cloud, layer: LayerId, method: &str, since: Instant) {
    let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    cloud.metrics().answered(method, ms);
    cloud.metrics().write(When::Due);
    cloud.meters().of(layer).add(Usage { http_requests: 1, ..Usage::default() });
    cloud.meters().count(&[layer], since);
    cloud.meters().write(When::Due).await;
}

/// The URI as the layer's own routes have it.
fn under(uri: &Uri, rest: &str) -> Uri {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("/{rest}{query}").parse().unwrap_or_default()
}

fn refuse(absent: &Absent) -> Response {
    let (status, code, data) = match absent {
        Absent::Unknown(_) => (StatusCode::NOT_FOUND, NOT_FOUND, Value::Null),
        Absent::Ended(entry) => {
            let l1 = json!({ "chainId": entry.l1_chain_id, "layer": entry.l1_layer });
            let (layer, ended_at) = (entry.layer, entry.ended_at_s);
            let data = json!({
                "layer": layer, "endedAt": ended_at, "l1": l1, "cost": entry.bill(),
            });
            (StatusCode::GONE, NOT_FOUND, data)
        }
        Absent::Port(error) => {
            tracing::error!(%error, "a layer cannot be opened");
            (StatusCode::SERVICE_UNAVAILABLE, INTERNAL, Value::Null)
        }
    };
    let error = json!({ "code": code, "message": absent.to_string(), "data": data });
    let body = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_sees_what_is_behind_its_name() {
        for (uri, rest, expected) in [
            ("/ab", "", "/"),
            ("/ab/", "", "/"),
            ("/ab/rpc?x=1", "rpc", "/rpc?x=1"),
            ("https://host/ab/health", "health", "/health"),
        ] {
            assert_eq!(under(&uri.parse().expect("a URI"), rest), expected, "{uri}");
        }
    }
}
