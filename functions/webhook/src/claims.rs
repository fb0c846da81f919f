//! Where buyers without a wallet bind one to their tickets.

use std::sync::Arc;

use alloy_primitives::Address;
use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    http::{Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use node_core::{
    codec::record::{OrderRecord, OrderState},
    flow::{mint::OrderError, phase, refund},
    port::PortError,
};
use serde::{Deserialize, Serialize};
use tower_http::cors::{Any, CorsLayer};

use crate::{ClaimError, PayloadError, WebhookState, answer::order_status, field::Field, order};

/// A ticket as its buyer sees it.
#[derive(Debug, Serialize)]
struct Claimed {
    order: String,
    #[serde(flatten)]
    state: OrderState,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<Address>,
    /// What claims the ticket on the L1 when nobody has claimed it before the end: for the buyer to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// The wallet of a buyer.
#[derive(Debug, Deserialize)]
struct Wallet {
    address: serde_json::Value,
}

/// Serves `/claims/<token>`: `GET` says what the ticket's state is, `POST {address}` binds a wallet to it.
///
/// | answer | when |
/// |---|---|
/// | 200 `{order, state, recipient, code}` | the ticket is this wallet's, now or before; or was asked for |
/// | 400 `{error}` | not an address, or a layer that is closed |
/// | 401 `{error}` | a token that is not good, or not any more |
/// | 409 `{error}` | the ticket is another wallet's, or was paid back |
pub(crate) fn routes(state: Arc<WebhookState>) -> Router {
    // The page is the organiser's, at another origin; the token is all that a caller needs to have.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([CONTENT_TYPE]);
    let claims = get(show).post(claim).layer(cors);
    Router::new().route("/claims/{token}", claims).with_state(state)
}

async fn show(
    State(state): State<Arc<WebhookState>>,
    Path(token): Path<String>,
) -> Result<Json<Claimed>, Unclaimable> {
    let key = open(&state, &token)?;
    let record = find(&state, &key).await?;
    let code = state.event.claims.as_ref().filter(|_| record.state() == OrderState::Unclaimed);
    let code = code.and_then(|claims| claims.code_to_keep(state.config.id, &key));
    Ok(Json(Claimed { code, ..Claimed::of(&record) }))
}

async fn claim(
    State(state): State<Arc<WebhookState>>,
    Path(token): Path<String>,
    wallet: Result<Json<Wallet>, JsonRejection>,
) -> Result<Json<Claimed>, Unclaimable> {
    let key = open(&state, &token)?;
    let Json(Wallet { address }) = wallet?;
    let address = order::recipient(&Field::new("address".to_owned(), Some(&address)))?;
    let record = find(&state, &key).await?;
    if record.state() == OrderState::Unclaimed {
        check_open(&state).await?;
    }
    let tier = record.order.sold.as_ref().map(|sold| sold.tier.as_str()).unwrap_or_default();
    let call = state.event.ticket.mint_input(address, tier, &key)?;
    let edit = |record: &mut OrderRecord| record.claim(address, call.clone());
    let orders = &*state.stores.orders;
    let record = refund::change(orders, &key, edit).await?.ok_or(ClaimError::Forged)?;
    check_open(&state).await?;
    if record.is_refunded() {
        return Err(Unclaimable::Refunded);
    }
    if record.order.recipient != address {
        return Err(Unclaimable::Taken);
    }
    state.doorbell.ring();
    Ok(Json(Claimed::of(&record)))
}

/// Returns the key of the order that a token is for.
fn open(state: &WebhookState, token: &str) -> Result<String, Unclaimable> {
    let claims = state.event.claims.as_ref().ok_or(ClaimError::Forged)?;
    Ok(claims.open(state.config.id, token, state.clock.now_ms() / 1000)?)
}

async fn find(state: &WebhookState, key: &str) -> Result<OrderRecord, Unclaimable> {
    let held = state.stores.orders.get(key).await?;
    Ok(held.ok_or(ClaimError::Forged)?)
}

/// What was bound while the layer closed may have missed the last block, so nothing is promised then.
async fn check_open(state: &WebhookState) -> Result<(), Unclaimable> {
    let phase = phase::current(&*state.stores.registers).await.map_err(OrderError::from)?;
    if phase.accepts() { Ok(()) } else { Err(OrderError::Closed { phase }.into()) }
}

impl Claimed {
    fn of(record: &OrderRecord) -> Self {
        let state = record.state();
        let recipient = (state != OrderState::Unclaimed).then_some(record.order.recipient);
        Self { order: record.order.key.clone(), state, recipient, code: None }
    }
}

/// Why a wallet is not bound.
#[derive(Debug, thiserror::Error)]
enum Unclaimable {
    #[error(transparent)]
    Token(#[from] ClaimError),
    #[error("address: {0}")]
    Body(#[from] JsonRejection),
    #[error(transparent)]
    Address(#[from] PayloadError),
    #[error("this ticket was claimed for another wallet")]
    Taken,
    #[error("this ticket was paid back")]
    Refunded,
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl From<PortError> for Unclaimable {
    fn from(error: PortError) -> Self {
        Self::Order(error.into())
    }
}

impl IntoResponse for Unclaimable {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Body(_) | Self::Address(_) => StatusCode::BAD_REQUEST,
            Self::Taken | Self::Refunded => StatusCode::CONFLICT,
            Self::Order(error) => order_status(error),
        };
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "claim failed");
        }
        (status, Json(serde_json::json!({ "error": self.to_string() }))).into_response()
    }
}
