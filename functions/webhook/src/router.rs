use core::fmt;
use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, Uri},
    routing::post,
};
use node_core::{
    chain::LayerConfig,
    port::{Clock, Doorbell, Stores},
};

use crate::{
    Event, Shop,
    answer::{Received, Refused},
    api, believe, claims,
    names::Names,
    office,
    order::Delivery,
};

/// 1 MiB: Stripe's largest events are some hundred KiB.
pub const BODY_LIMIT: usize = 1024 * 1024;

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
    /// Who may post here, and what follows.
    pub event: Arc<Event>,
    /// Knows the addresses of names; orders for names wait without it.
    pub names: Option<Arc<dyn Names>>,
}

impl fmt::Debug for WebhookState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookState").field("layer", &self.config.id).finish_non_exhaustive()
    }
}

/// Serves `POST /webhooks/<name>` for each shop, and the claims of an event that has some.
///
/// | answer | when |
/// |---|---|
/// | 200 `{received, orders: [{key, state}]}` | every order is recorded, or taken back, now or before |
/// | 200 `{received, orders: [], ignored}` | believed, but not a payment |
/// | 400 `{error, field}` | bad signature, or a field that cannot become a ticket; nothing is recorded |
/// | 400 `{error}` | the layer is closed for mints, or has no minter: refund the buyer |
/// | 401 `{error, field}` | a provider that does not sign, without the key of this address |
/// | 413 `{error, field}` | a body over [`BODY_LIMIT`] |
/// | 500, 503 `{error}` | ours; the provider delivers again, and what is recorded stays recorded |
///
/// # Panics
/// When two shops have the same name.
pub fn router(state: WebhookState) -> Router {
    let mut routes = Router::new();
    let state = Arc::new(state);
    for shop in &state.event.shops {
        let office = Office { state: Arc::clone(&state), shop: Arc::new(shop.clone()) };
        let path = format!("/webhooks/{}", shop.name());
        routes = routes.route(&path, post(deliver).with_state(office));
    }
    if state.event.claims.is_some() {
        routes = routes.merge(claims::routes(Arc::clone(&state)));
    }
    if state.event.office.is_some() {
        routes = routes.merge(api::routes(Arc::clone(&state)));
    }
    routes.layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// The box office as one shop sees it.
#[derive(Clone)]
struct Office {
    state: Arc<WebhookState>,
    shop: Arc<Shop>,
}

async fn deliver(
    State(Office { state, shop }): State<Office>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Received, Refused> {
    let body = body?;
    let now_ms = state.clock.now_ms();
    let payload = believe::payload(&shop, &headers, &uri, &body, now_ms / 1000).await?;
    match shop.read(&headers, &payload)? {
        Delivery::Paid(sale) => Ok(Received::orders(office::sell(&state, sale, now_ms).await?)),
        Delivery::Refunded(refund) => {
            Ok(Received::orders(office::take_back(&state, refund, now_ms).await?))
        }
        Delivery::Ignored { reason } => Ok(Received::ignored(reason)),
    }
}
