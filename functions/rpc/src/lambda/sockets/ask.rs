//! Messages of clients.

use alloy_primitives::B128;
use lambda_http::aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use mayfly_aws::{Absent, NotTold, Socket};
use node_core::{
    port::PortError,
    rpc::{Answered, Change, Subscription, Subscriptions, dispatch, refuse},
};
use serde_json::json;

use super::{
    super::{absent, layers::Layer, method},
    REMEMBERED_S, Served, SocketAnswer, WireError, Wires, caller, now_s,
};

/// JSON-RPC: the layer of a connection is gone. EIP-1474, "resource not found".
const NOT_FOUND: i32 = -32001;

impl Wires {
    /// Answers a message.
    pub(super) async fn answer(
        &self,
        connection: &str,
        event: &ApiGatewayWebsocketProxyRequest,
    ) -> Result<Served, PortError> {
        let Some(id) = self.sockets.layer_of(connection).await? else {
            let text = "the layer of this connection has ended, or it is too old: connect again";
            return Ok(self.farewell(connection, gone(text)).await);
        };
        let layer = match self.layers.find(&id.to_string()).await {
            Ok(layer) => layer,
            Err(error @ Absent::Port(_)) => {
                let (_, body) = absent::answer(&error);
                return Ok(said(Some(body), None));
            }
            Err(absent) => return Ok(self.farewell(connection, absent::answer(&absent).1).await),
        };
        let body = event.body.as_deref().unwrap_or_default().as_bytes();
        let node = &layer.node;
        let mut served = match node.access.count(&caller(event), body, node.clock.now_ms()) {
            Err(refusal) => said(text(refuse(body, refusal)), Some(&layer)),
            Ok(()) if Subscriptions::concern(body) => {
                self.subscribe(&layer, connection, body).await?;
                said(None, Some(&layer))
            }
            Ok(()) => said(Box::pin(dispatch(node, body)).await.and_then(text), Some(&layer)),
        };
        (served.method, served.messages) = (method::name(body), 2);
        Ok(served)
    }

    /// Says a last word and closes the connection.
    async fn farewell(&self, connection: &str, body: String) -> Served {
        // It may be gone already.
        let _ = self.gateway.post(connection, body.into_bytes()).await;
        self.gateway.close(connection).await;
        Served::of(SocketAnswer::DONE, None)
    }

    /// Answers what is about subscriptions, and keeps them.
    async fn subscribe(
        &self,
        layer: &Layer,
        connection: &str,
        body: &[u8],
    ) -> Result<(), PortError> {
        let mut held = self.held(layer, connection).await?;
        let Some(Answered { answer, change }) = held.subscriptions.answer(&layer.node, body) else {
            return Ok(());
        };
        let written = match &change {
            Some(Change::Made(id, subscription)) => {
                Some(Change::Made(*id, Box::new(subscription.pending())))
            }
            other => other.clone(),
        };
        if let Some(written) = written {
            self.write_down(layer, connection, &written).await?;
        }
        if let Err(error) = self.gateway.post(connection, answer).await {
            tracing::info!(connection, %error, "an answer did not arrive");
            return match error {
                NotTold::Gone => self.sockets.close(layer.id, connection).await,
                NotTold::Unsure(_) => self.drop(layer.id, connection).await,
            };
        }
        let Some(Change::Made(id, subscription)) = change else { return Ok(()) };
        // The client has its answer: what it was promised is kept, or it is told to begin again.
        if let Err(error) = self.begin(layer, connection, (id, *subscription)).await {
            tracing::warn!(connection, %error, "a subscription was not kept; the connection is closed");
            return self.drop(layer.id, connection).await;
        }
        Ok(())
    }

    async fn held(&self, layer: &Layer, connection: &str) -> Result<Held, PortError> {
        let socket = self.cloud.sockets(Some(layer.id)).load(layer.id, connection).await?;
        let subscriptions = match &socket {
            Some(socket) => read(socket)?,
            None => Subscriptions::default(),
        };
        Ok(Held { socket, subscriptions })
    }

    /// Stores a change of what a connection subscribed to. Another of its messages may be answered at the same time.
    async fn write_down(
        &self,
        layer: &Layer,
        connection: &str,
        change: &Change,
    ) -> Result<(), PortError> {
        while !self.try_to_keep(layer, connection, change, None).await? {}
        Ok(())
    }

    /// Has a subscription tell of blocks.
    ///
    /// Whoever tells finds a new subscription only when it begins after that was stored. So the subscription is stored
    /// on condition that nobody has begun to tell of a block that it was not told of yet; and is told of these here.
    async fn begin(
        &self,
        layer: &Layer,
        connection: &str,
        (id, mut subscription): (B128, Subscription),
    ) -> Result<(), WireError> {
        let sockets = self.cloud.sockets(Some(layer.id));
        loop {
            let head = layer.follow().await?;
            let begun = sockets.cursor_from(layer.id, head).await?.begun;
            let alone = Subscriptions::of(id, &subscription);
            self.catch_up(layer, connection, &alone, begun).await?;
            subscription.since = subscription.since.max(begun);
            let change = Change::Made(id, Box::new(subscription.clone()));
            if self.try_to_keep(layer, connection, &change, Some(begun)).await? {
                break;
            }
        }
        // Whoever committed a block meanwhile saw nobody who wanted to be told.
        if layer.follow().await? > subscription.since {
            self.ring(layer.id).await?;
        }
        Ok(())
    }

    /// Stores a change; `false` when something else is stored now, or somebody has begun to tell.
    async fn try_to_keep(
        &self,
        layer: &Layer,
        connection: &str,
        change: &Change,
        begun: Option<u64>,
    ) -> Result<bool, PortError> {
        let Held { socket, mut subscriptions } = self.held(layer, connection).await?;
        subscriptions.apply(change);
        let json = serde_json::to_string(&subscriptions).expect("plain data");
        let (at, expected) = ((layer.id, connection), socket.map(|socket| socket.version));
        let sockets = self.cloud.sockets(Some(layer.id));
        match sockets.store(at, (expected, json), begun, now_s() + REMEMBERED_S).await {
            Ok(()) => Ok(true),
            Err(PortError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Tells of the blocks up to `last` that were not told of yet.
    async fn catch_up(
        &self,
        layer: &Layer,
        connection: &str,
        subscriptions: &Subscriptions,
        last: u64,
    ) -> Result<(), WireError> {
        let since = subscriptions.since().unwrap_or(last);
        if since >= last {
            return Ok(());
        }
        // Who begins to tell of a block has read it.
        layer.follow().await?;
        for block in layer.blocks(since, last).await? {
            for notice in subscriptions.notices(&layer.node, &block).await? {
                self.gateway.post(connection, notice).await?;
            }
        }
        Ok(())
    }
}

/// What is kept of a connection.
struct Held {
    socket: Option<Socket>,
    subscriptions: Subscriptions,
}

pub(super) fn read(socket: &Socket) -> Result<Subscriptions, PortError> {
    serde_json::from_str(&socket.subscriptions).map_err(|error| PortError::Corrupt {
        name: format!("socket {}", socket.connection),
        reason: error.to_string(),
    })
}

fn said(body: Option<String>, layer: Option<&Layer>) -> Served {
    Served::of(SocketAnswer { status_code: 200, body }, layer.map(|layer| layer.id))
}

/// JSON is text.
fn text(answer: Vec<u8>) -> Option<String> {
    String::from_utf8(answer).ok()
}

fn gone(text: &str) -> String {
    let error = json!({ "code": NOT_FOUND, "message": text });
    json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string()
}
