//! WebSocket connections: API Gateway holds the connections, this function answers their messages and tells them of blocks.
//!
//! What a connection asks is answered by what the function returns (the route has a route response). An answer to
//! `eth_subscribe` is sent ahead instead: a notice may follow at once, and clients know no notice whose subscription
//! they have not heard of. Before that the subscription is written down as pending: if this function dies before it is
//! more, the client believes that it is told and is not, so whoever tells others closes its connection.
//!
//! AWS: API Gateway Developer Guide, "Working with WebSocket APIs".

mod ask;
mod tell;

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::StatusCode;
use lambda_http::aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use mayfly_aws::{Absent, Cloud, Functions, NotTold, SocketGateway, Sockets};
use node_core::{
    chain::LayerId,
    flow::FlowError,
    port::PortError,
    rpc::{ApiKey, Caller, RpcError, refuse},
};
use serde::Serialize;

pub(super) use self::tell::Told;
use super::{absent, layers::Layers};

/// How long a connection is remembered: API Gateway closes each after two hours (AWS: quotas of WebSocket APIs), and
/// may not say so.
const REMEMBERED_S: u64 = 2 * 60 * 60 + 10 * 60;

/// What answers a message and tells subscribers.
pub(super) struct Wires {
    cloud: Cloud,
    layers: Arc<Layers>,
    /// For what is asked before the layer is known.
    sockets: Sockets,
    gateway: SocketGateway,
    functions: Functions,
    /// Name of this very function.
    name: String,
}

/// What API Gateway does with an event's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SocketAnswer {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// An event that was served.
pub(super) struct Served {
    pub(super) answer: SocketAnswer,
    /// The layer that it was for, where there is one.
    pub(super) layer: Option<LayerId>,
    /// What was asked for.
    pub(super) method: &'static str,
    /// Messages both ways.
    pub(super) messages: u64,
}

/// What keeps a connection from having what it asked for, or was promised.
#[derive(Debug, thiserror::Error)]
pub(in crate::lambda) enum WireError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Flow(#[from] FlowError),
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error(transparent)]
    NotTold(#[from] NotTold),
}

impl SocketAnswer {
    const DONE: Self = Self { status_code: 200, body: None };
}

impl Served {
    const fn of(answer: SocketAnswer, layer: Option<LayerId>) -> Self {
        Self { answer, layer, method: "none", messages: 0 }
    }
}

impl Wires {
    /// `name` is that of this function.
    pub(super) fn new(cloud: Cloud, layers: Arc<Layers>, (name, url): (&str, &str)) -> Self {
        Self {
            name: name.to_owned(),
            sockets: cloud.sockets(None),
            gateway: cloud.socket_gateway(url),
            functions: cloud.functions(),
            layers,
            cloud,
        }
    }

    /// Serves what happened on a connection.
    pub(super) async fn serve(&self, event: &ApiGatewayWebsocketProxyRequest) -> Served {
        let context = &event.request_context;
        let Some(connection) = context.connection_id.as_deref() else {
            return Served::of(status(StatusCode::BAD_REQUEST, "no connection"), None);
        };
        let served = match context.event_type.as_deref() {
            Some("CONNECT") => self.connect(connection, event).await,
            Some("DISCONNECT") => self.disconnect(connection).await,
            _ => self.answer(connection, event).await,
        };
        served.unwrap_or_else(|error| {
            tracing::error!(%error, connection, "an event of a connection was not served");
            Served::of(status(StatusCode::SERVICE_UNAVAILABLE, "try again"), None)
        })
    }

    async fn connect(
        &self,
        connection: &str,
        event: &ApiGatewayWebsocketProxyRequest,
    ) -> Result<Served, PortError> {
        let query = &event.query_string_parameters;
        let Some(name) = query.first("layer") else {
            let text = "expected the layer in the query: ?layer=<layer>";
            return Ok(Served::of(status(StatusCode::BAD_REQUEST, text), None));
        };
        let refused = |absent: &Absent| {
            let (status, body) = absent::answer(absent);
            SocketAnswer { status_code: status.as_u16(), body: Some(body) }
        };
        let layer = match self.layers.find(name).await {
            Ok(layer) => layer,
            Err(absent) => return Ok(Served::of(refused(&absent), None)),
        };
        if let Err(refusal) = layer.node.access.admit(&caller(event)) {
            let status = crate::manners::status_of(&refusal);
            let body = String::from_utf8(refuse(&[], refusal)).ok();
            let answer = SocketAnswer { status_code: status.as_u16(), body };
            return Ok(Served::of(answer, None));
        }
        let expires_at_s = now_s() + REMEMBERED_S;
        match self.cloud.sockets(Some(layer.id)).open(layer.id, connection, expires_at_s).await {
            Ok(()) => Ok(Served::of(SocketAnswer::DONE, Some(layer.id))),
            Err(PortError::NotFound { .. }) => {
                // It has ended since it was last looked at.
                self.layers.forget(layer.id);
                let absent = self.layers.find(name).await.err();
                let absent = absent.unwrap_or_else(|| Absent::Unknown(name.to_owned()));
                Ok(Served::of(refused(&absent), None))
            }
            Err(error) => Err(error),
        }
    }

    async fn disconnect(&self, connection: &str) -> Result<Served, PortError> {
        let layer = self.sockets.layer_of(connection).await?;
        if let Some(layer) = layer {
            self.sockets.close(layer, connection).await?;
        }
        // Nothing is counted: it may be the layer's end that closed it.
        Ok(Served::of(SocketAnswer::DONE, None))
    }

    /// Forgets a connection, and closes it if it is there.
    async fn drop(&self, layer: LayerId, connection: &str) -> Result<(), PortError> {
        self.gateway.close(connection).await;
        self.sockets.close(layer, connection).await
    }
}

/// Who sends. API Gateway says the address with every message, keys and the origin when it connects.
fn caller(event: &ApiGatewayWebsocketProxyRequest) -> Caller {
    let header = |name: &str| Some(event.headers.get(name)?.to_str().ok()?.to_owned());
    let bearer = || Some(header("authorization")?.strip_prefix("Bearer ")?.to_owned());
    let in_query = || event.query_string_parameters.first("apiKey").map(str::to_owned);
    let key = header("x-api-key").or_else(bearer).or_else(in_query);
    let address = event.request_context.identity.source_ip.as_deref();
    Caller {
        key: key.as_deref().map(ApiKey::given),
        origin: header("origin"),
        address: address.and_then(|address| address.parse().ok()),
    }
}

fn status(status: StatusCode, text: &str) -> SocketAnswer {
    SocketAnswer { status_code: status.as_u16(), body: Some(text.to_owned()) }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
