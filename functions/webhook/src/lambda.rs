//! The function on AWS Lambda: the box office of every layer of a deployment, under `/<layer>/webhooks`,
//! `/<layer>/claims` and `/<layer>/office`.
//!
//! A layer's box office is configured where the layer is opened ([`events`](crate::events)); layers without one have
//! the deployment's. What is changed in it, or in its secrets, counts after a minute.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use lambda_http::Service;
use mayfly_aws::{Absent, Bell, Cloud, Registry, Rings, When};
use mayfly_cost::Usage;
use mayfly_sequencer::SystemClock;
use node_core::{
    chain::LayerId,
    flow::{FlowError, open},
    port::PortError,
};
use serde_json::json;
use tracing::Instrument;

use crate::{Event, WebhookState, events::Events, names::Names};

/// How long a box office is believed to be as it was read: for so long a secret that was replaced still signs.
const FRESH: Duration = Duration::from_secs(60);

/// The layers that this function has opened so far.
struct Layers {
    cloud: Cloud,
    registry: Registry,
    sequencer: Arc<str>,
    events: Events,
    names: Option<Arc<dyn Names>>,
    /// Of layers without their own.
    event: Arc<Event>,
    rings: Rings,
    open: Mutex<HashMap<LayerId, Opened>>,
}

/// The box office of a layer.
#[derive(Clone)]
struct Opened {
    router: Router,
    read_at: Instant,
}

/// Returns the routes of all layers; `sequencer` is the name of the function that writes, `event` the box office of
/// layers without their own, `names` the L1.
pub fn router(
    cloud: Cloud,
    sequencer: &str,
    (events, event): (Events, Event),
    names: Option<Arc<dyn Names>>,
) -> Router {
    let layers = Layers {
        registry: cloud.registry(),
        cloud,
        sequencer: sequencer.into(),
        events,
        names,
        event: Arc::new(event),
        rings: Rings::default(),
        open: Mutex::default(),
    };
    Router::new().fallback(answer).with_state(Arc::new(layers))
}

async fn answer(State(layers): State<Arc<Layers>>, mut request: Request) -> Response {
    let since = Instant::now();
    let path = request.uri().path().trim_start_matches('/');
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let is_delivery = rest.starts_with("webhooks/");
    let uri: Uri = format!("/{rest}{query}").parse().unwrap_or_default();
    let (id, mut router) = match layers.find(name).await {
        Ok(found) => found,
        Err(absent) => return refuse(&absent),
    };
    *request.uri_mut() = uri;
    let span = tracing::info_span!("layer", layer = %id);
    let Ok(response) = router.call(request).instrument(span).await;
    // The function freezes when it has answered.
    layers.rings.silent().await;
    if is_delivery {
        layers.cloud.metrics().delivered(outcome(response.status()));
    }
    count(&layers.cloud, id, since).await;
    response
}

/// What became of a delivery.
fn outcome(status: StatusCode) -> &'static str {
    match status {
        status if status.is_success() => "taken",
        status if status.is_client_error() => "refused",
        _ => "failed",
    }
}

/// Counts a request.
async fn count(cloud: &Cloud, layer: LayerId, since: Instant) {
    cloud.metrics().write(When::Due);
    cloud.meters().of(layer).add(Usage { http_requests: 1, ..Usage::default() });
    cloud.meters().count(&[layer], since);
    cloud.meters().write(When::Due).await;
}

/// As the other refusals: 4xx is for the organiser to see, 5xx for the provider to try again.
fn refuse(absent: &Absent) -> Response {
    let status = match absent {
        Absent::Unknown(_) => StatusCode::NOT_FOUND,
        // Not 410, which switches an endpoint off at some providers.
        Absent::Ended(_) => StatusCode::BAD_REQUEST,
        Absent::Port(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    tracing::warn!(error = %absent, "webhook delivery refused");
    (status, Json(json!({ "error": absent.to_string() }))).into_response()
}

impl Layers {
    async fn find(&self, name: &str) -> Result<(LayerId, Router), Absent> {
        let id: LayerId = name.parse().map_err(|_| Absent::Unknown(name.to_owned()))?;
        self.registry.present(id).await?;
        let held = self.held().get(&id).cloned();
        if let Some(held) = held.as_ref().filter(|held| held.read_at.elapsed() < FRESH) {
            return Ok((id, held.router.clone()));
        }
        match (self.open(id).await, held) {
            (Ok(router), _) => {
                let opened = Opened { router: router.clone(), read_at: Instant::now() };
                self.held().insert(id, opened);
                Ok((id, router))
            }
            // Better as it was a minute ago than not at all.
            (Err(error @ Absent::Port(_)), Some(held)) => {
                tracing::warn!(layer = %id, %error, "the box office stays as it was");
                Ok((id, held.router))
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn open(&self, id: LayerId) -> Result<Router, Absent> {
        let stores = self.cloud.stores(id);
        let config = open::config(&*stores.registers).await.map_err(|error| match error {
            FlowError::Port(error) => Absent::Port(error),
            FlowError::NoLayer => Absent::Unknown(id.to_string()),
            error => {
                let (name, reason) = (format!("layer {id}"), error.to_string());
                Absent::Port(PortError::Corrupt { name, reason })
            }
        })?;
        let bell = Bell {
            functions: self.cloud.functions(),
            sequencer: Arc::clone(&self.sequencer),
            layer: id,
            registers: Arc::clone(&stores.registers),
            clock: Arc::new(SystemClock),
            rings: self.rings.clone(),
        };
        let own = self.events.of(&*stores.registers).await.map_err(PortError::from)?;
        let event = own.map_or_else(|| Arc::clone(&self.event), Arc::new);
        Ok(crate::router(WebhookState {
            stores,
            config: Arc::new(config),
            doorbell: Arc::new(bell),
            clock: Arc::new(SystemClock),
            event,
            names: self.names.clone(),
        }))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<LayerId, Opened>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
