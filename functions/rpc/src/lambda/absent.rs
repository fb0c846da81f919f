use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use mayfly_aws::Absent;
use serde_json::{Value, json};

/// JSON-RPC: the layer that was asked is not there. EIP-1474, "resource not found".
const NOT_FOUND: i32 = -32001;

/// JSON-RPC: we failed. EIP-1474.
const INTERNAL: i32 = -32603;

/// Says in HTTP why a layer does not answer.
pub(super) fn refuse(absent: &Absent) -> Response {
    let (status, body) = answer(absent);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// Says why a layer does not answer: status and JSON-RPC.
pub(super) fn answer(absent: &Absent) -> (StatusCode, String) {
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
    (status, json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string())
}
