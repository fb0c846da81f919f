use core::fmt;
use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::HeaderMap,
    routing::post,
};
use futures::{StreamExt, TryStreamExt, stream};
use node_core::{
    chain::LayerConfig,
    codec::record::{MintOrder, OrderState},
    flow::{
        mint::{self, OrderError},
        phase,
    },
    port::{Clock, Doorbell, Recorded, Stores},
};

use crate::{
    Secrets,
    answer::{Order, Received, Refused},
    order::Delivery,
    stripe::{self, SignatureError},
};

/// 1 MiB: Stripe's largest events are some hundred KiB.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Orders of one delivery that are recorded at a time.
const AT_A_TIME: usize = 8;

/// What the box office of one layer works with.
#[derive(Clone)]
pub struct WebhookState {
    /// The layer's stores.
    pub stores: Stores,
    /// The layer's configuration.
    pub config: Arc<LayerConfig>,
    /// Wakes the sequencer.
    pub doorbell: Arc<dyn Doorbell>,
    /// Says how old a delivery is.
    pub clock: Arc<dyn Clock>,
    /// Signing secrets.
    pub secrets: Secrets,
}

impl fmt::Debug for WebhookState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookState").field("layer", &self.config.id).finish_non_exhaustive()
    }
}

/// Serves `POST /webhooks/stripe`.
///
/// | answer | when |
/// |---|---|
/// | 200 `{received, orders: [{key, state}]}` | every order is recorded, now or before |
/// | 200 `{received, orders: [], ignored}` | signed, but not a payment |
/// | 400 `{error, field}` | bad signature, or a field that cannot become a ticket; nothing is recorded |
/// | 400 `{error}` | the layer is closed for mints, or has no minter: refund the buyer |
/// | 413 `{error, field}` | a body over [`BODY_LIMIT`] |
/// | 500, 503 `{error}` | ours; the provider delivers again, and what is recorded stays recorded |
pub fn router(state: WebhookState) -> Router {
    Router::new()
        .route("/webhooks/stripe", post(stripe))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(state))
}

async fn stripe(
    State(state): State<Arc<WebhookState>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Received, Refused> {
    let body = body?;
    let now_ms = state.clock.now_ms();
    let header = stripe_header(&headers)?;
    stripe::verify(header, &body, &state.secrets.stripe, now_ms / 1000, stripe::TOLERANCE_S)?;
    let delivery = stripe::orders(&body, now_ms)?;
    record_all(&state, delivery).await
}

fn stripe_header(headers: &HeaderMap) -> Result<&str, SignatureError> {
    let mut values = headers.get_all(stripe::HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(SignatureError::Missing),
        (Some(value), None) => value.to_str().map_err(|_| SignatureError::Malformed),
        (Some(_), Some(_)) => Err(SignatureError::Malformed),
    }
}

/// Records every order of a delivery. One that fails leaves the others recorded: when the delivery comes
/// again, those are known and only the rest is new.
async fn record_all(state: &WebhookState, delivery: Delivery) -> Result<Received, Refused> {
    let paid = match delivery {
        Delivery::Paid(paid) => paid,
        Delivery::Ignored { reason } => return Ok(Received::ignored(reason)),
    };
    let recorded = stream::iter(paid).map(|order| record(state, order)).buffered(AT_A_TIME);
    Ok(Received::orders(recorded.try_collect().await?))
}

async fn record(state: &WebhookState, order: MintOrder) -> Result<Order, Refused> {
    let key = order.key.clone();
    let recorded = mint::record(&state.stores, &*state.doorbell, &state.config, order).await;
    let outcome = match recorded {
        Ok(Recorded::New) => Ok(OrderState::Waiting),
        Ok(Recorded::Known(OrderState::Waiting)) => still_waiting(state).await,
        Ok(Recorded::Known(known)) => Ok(known),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(state) => Ok(Order { key, state }),
        Err(source) => Err(Refused::Order { key, source }),
    }
}

/// Answers for an order that was recorded by an earlier delivery and is not minted yet.
///
/// That delivery may have died before it rang. Or the layer closed while it recorded: then the last
/// block may have missed the order, so a closed layer vouches only for what it minted.
async fn still_waiting(state: &WebhookState) -> Result<OrderState, OrderError> {
    let phase = phase::current(&*state.stores.registers).await?;
    if !phase.accepts() {
        return Err(OrderError::Closed { phase });
    }
    state.doorbell.ring();
    Ok(OrderState::Waiting)
}
