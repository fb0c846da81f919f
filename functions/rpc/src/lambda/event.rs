use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest, request::LambdaRequest,
};
use node_core::chain::LayerId;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a function of ours sends that committed a block.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Committed {
    layer: LayerId,
}

/// What comes.
pub(super) enum Event {
    /// A layer has new blocks.
    Committed(LayerId),
    /// Something happened on a WebSocket.
    Socket(Box<ApiGatewayWebsocketProxyRequest>),
    /// A request over HTTP.
    Http(Box<LambdaRequest>),
}

impl Event {
    pub(super) fn read(payload: &RawValue) -> Result<Self, serde_json::Error> {
        if let Ok(Committed { layer }) = serde_json::from_str(payload.get()) {
            return Ok(Self::Committed(layer));
        }
        Ok(match serde_json::from_str(payload.get())? {
            LambdaRequest::WebSocket(event) => Self::Socket(Box::new(event)),
            request => Self::Http(Box::new(request)),
        })
    }
}
