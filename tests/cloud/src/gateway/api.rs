//! Lambda's `Invoke`.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{Failed, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke))
}

async fn invoke(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: Bytes,
) -> Response {
    if headers.get("x-amz-invocation-type").is_some_and(|value| value == "Event") {
        return match shared.patience(&name) {
            Some(_) => {
                shared.send(&name, event.to_vec());
                StatusCode::ACCEPTED.into_response()
            }
            None => (StatusCode::NOT_FOUND, "ResourceNotFoundException").into_response(),
        };
    }
    match shared.invoke(&name, event.to_vec()).await {
        Ok(answer) => answer.into_response(),
        Err(Failed::Unknown) => {
            (StatusCode::NOT_FOUND, "ResourceNotFoundException").into_response()
        }
        Err(Failed::NoPlace) => {
            (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException").into_response()
        }
        Err(failed) => ([("x-amz-function-error", "Unhandled")], failed.payload()).into_response(),
    }
}
