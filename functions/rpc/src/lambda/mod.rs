//! The function on AWS Lambda: JSON-RPC of every layer of a deployment.
//!
//! | what comes | from | what is done |
//! |---|---|---|
//! | a request under `/<layer>` | an HTTP API, or a function URL | answered |
//! | a connection to `?layer=<layer>`, and its messages | a WebSocket API | remembered, answered |
//! | the name of a layer | whoever committed a block | its subscribers are told |
//!
//! Every request begins with a look at the log, so that an answer is never older than what anybody was told before
//! it came. The function freezes when it has answered, so it first waits for what it started meanwhile.

mod absent;
mod event;
mod following;
mod http;
mod layers;
mod method;
mod responses;
mod sockets;

use std::{sync::Arc, time::Instant};

use lambda_http::{Error, LambdaEvent};
use mayfly_aws::{Cloud, When};
use mayfly_cost::Usage;
use node_core::chain::LayerId;
use serde_json::value::RawValue;

pub use self::responses::{Answer, Responses, UnknownMode};
use self::{
    event::Event,
    http::Web,
    layers::Layers,
    sockets::{Told, Wires},
};

/// Names of functions that this one wakes.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Writes.
    pub sequencer: &'a str,
    /// This one.
    pub rpc: &'a str,
}

/// The function.
pub struct Rpc {
    layers: Arc<Layers>,
    web: Web,
    wires: Wires,
}

impl core::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Rpc").field("web", &self.web).finish_non_exhaustive()
    }
}

impl Rpc {
    /// Makes the function. `sockets` is the management URL of the WebSocket API, `responses` how a function URL is
    /// answered.
    pub fn new(cloud: Cloud, names: Names<'_>, sockets: &str, responses: Responses) -> Self {
        let layers = Arc::new(Layers::new(cloud.clone(), names.sequencer));
        let web = Web::new(Arc::clone(&layers), responses);
        Self { wires: Wires::new(cloud, Arc::clone(&layers), (names.rpc, sockets)), web, layers }
    }

    /// Answers an event.
    ///
    /// # Errors
    /// What comes from none of the three; and what keeps subscribers from being told, which is tried again.
    pub async fn answer(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Answer, Error> {
        let LambdaEvent { payload, context } = event;
        let since = Instant::now();
        match Event::read(&payload)? {
            Event::Committed(layer) => {
                let told = Box::pin(self.wires.tell(layer, context.deadline())).await?;
                self.count(layer, since, told).await;
                Ok(responses::none())
            }
            Event::Socket(event) => {
                let served = Box::pin(self.wires.serve(&event)).await;
                self.layers.rings.silent().await;
                if let Some(layer) = served.layer {
                    count(
                        &self.layers.cloud,
                        layer,
                        served.method,
                        since,
                        Usage { socket_messages: served.messages, ..Usage::default() },
                    )
                    .await;
                }
                responses::whole(&served.answer)
            }
            Event::Http(request) => self.web.answer(LambdaEvent::new(*request, context)).await,
        }
    }

    /// Counts what was told. Of nothing nothing is written: a late event must leave nothing behind of a layer that has
    /// ended.
    async fn count(&self, layer: LayerId, since: Instant, Told { messages }: Told) {
        if messages == 0 {
            return;
        }
        let usage = Usage { socket_messages: messages, ..Usage::default() };
        count(&self.layers.cloud, layer, "eth_subscription", since, usage).await;
    }
}

/// Counts a request; nothing is counted of one that is still waiting when the function is frozen.
async fn count(cloud: &Cloud, layer: LayerId, method: &str, since: Instant, usage: Usage) {
    let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    cloud.metrics().answered(method, ms);
    cloud.metrics().write(When::Due);
    cloud.meters().of(layer).add(usage);
    cloud.meters().count(&[layer], since);
    cloud.meters().write(When::Due).await;
}
