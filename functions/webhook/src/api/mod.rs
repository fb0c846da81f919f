//! What the organiser asks the box office, with a key: status, orders of one's own, retries, lists in and out.

mod answer;
mod export;
mod import;
mod orders;
mod redeems;
mod sheet;
mod view;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::header::AUTHORIZATION,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use subtle::ConstantTimeEq;

pub(crate) use view::OrderView;

use self::answer::ApiError;
use crate::WebhookState;

/// 8 MiB: a guest list of some ten thousand rows. On Lambda, where a request has at most 6 MB and 30 s, lists are sent in
/// parts of some thousand rows.
pub const IMPORT_LIMIT: usize = 8 * 1024 * 1024;

/// Serves `/office/...` for whoever has the key, as `Authorization: Bearer` or `x-api-key`.
///
/// | request | what |
/// |---|---|
/// | `GET orders/<key>` | an order, with its claim link while nobody claimed it |
/// | `GET orders`, `Idempotency-Key` | the orders that were made with that key |
/// | `POST orders {recipient or email or user, tier, quantity}`, `Idempotency-Key` | makes orders, once for each key |
/// | `POST retries/<key>`, `POST retries` | makes a failed order, or all of them, due again |
/// | `POST imports`, CSV `id,recipient,email,user,tier,quantity` | makes the orders of a list and says of each row what became of it |
/// | `GET exports/<orders, tickets, failures, unclaimed or redeems>` | CSV |
pub(crate) fn routes(state: Arc<WebhookState>) -> Router {
    Router::new()
        .route("/office/orders", get(orders::of_idempotency_key).post(orders::make))
        .route("/office/orders/{*key}", get(orders::show))
        .route("/office/retries", post(orders::retry_all))
        .route("/office/retries/{*key}", post(orders::retry))
        .route("/office/imports", post(import::import).layer(DefaultBodyLimit::max(IMPORT_LIMIT)))
        .route("/office/exports/{which}", get(export::export))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), authorise))
        .with_state(state)
}

async fn authorise(
    State(state): State<Arc<WebhookState>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let bearer =
        headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let given = bearer.or_else(|| headers.get("x-api-key").map(|value| value.as_bytes()));
    let key = state.event.office.as_ref();
    match (key, given) {
        (Some(key), Some(given)) if key.as_bytes().ct_eq(given).into() => next.run(request).await,
        _ => ApiError::Key.into_response(),
    }
}
