//! Requests over HTTP, under `/<layer>`.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    http::Uri,
    response::{IntoResponse, Response},
};
use lambda_http::{Adapter, Error, LambdaEvent, Service, request::LambdaRequest};
use mayfly_cost::Usage;
use tracing::Instrument;

use super::{
    absent, count,
    layers::{Layer, Layers},
    method,
    responses::{self, Answer, Responses},
};

/// Part of the host name of every function URL.
const FUNCTION_URL: &str = ".lambda-url.";

/// Answers requests for all layers.
#[derive(Debug)]
pub(super) struct Web {
    whole: Router,
    streamed: Option<Router>,
}

/// What an answer is made with.
#[derive(Clone)]
struct Way {
    layers: Arc<Layers>,
    responses: Responses,
}

impl Web {
    pub(super) fn new(layers: Arc<Layers>, responses: Responses) -> Self {
        let router = |responses| {
            let way = Way { layers: Arc::clone(&layers), responses };
            Router::new().fallback(answer).with_state(way)
        };
        let streamed = (responses == Responses::Streamed).then(|| router(Responses::Streamed));
        Self { whole: router(Responses::Buffered), streamed }
    }

    /// Answers a request; as it comes where that is passed on, whole everywhere else.
    pub(super) async fn answer(&self, event: LambdaEvent<LambdaRequest>) -> Result<Answer, Error> {
        match &self.streamed {
            Some(router) if is_by_function_url(&event.payload) => {
                let request: lambda_http::Request = event.payload.into();
                let Ok(response) = router.clone().call(request).await;
                Ok(responses::streamed(response))
            }
            _ => {
                let Ok(response) = Adapter::from(self.whole.clone()).call(event).await;
                responses::whole(&response)
            }
        }
    }
}

fn is_by_function_url(request: &LambdaRequest) -> bool {
    match request {
        LambdaRequest::ApiGatewayV2(request) => {
            let host = request.request_context.domain_name.as_deref();
            host.is_some_and(|host| host.contains(FUNCTION_URL))
        }
        _ => false,
    }
}

async fn answer(State(way): State<Way>, request: Request) -> Response {
    let since = Instant::now();
    let Way { layers, responses } = way;
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let (name, rest) = path.split_once('/').unwrap_or((&path, ""));
    let layer = match layers.find(name).await {
        Ok(layer) => layer,
        Err(absent) => return absent::refuse(&absent),
    };
    let (method, request) = match method::of(request).await {
        Ok(read) => read,
        Err(status) => return status.into_response(),
    };
    let response = ask(&layer, responses, rest, request).await;
    layers.rings.silent().await;
    let usage = Usage { http_requests: 1, ..Usage::default() };
    count(&layers.cloud, layer.id, method, since, usage).await;
    response
}

async fn ask(layer: &Layer, responses: Responses, rest: &str, mut request: Request) -> Response {
    *request.uri_mut() = under(request.uri(), rest);
    let router = match responses {
        Responses::Buffered => &layer.whole,
        Responses::Streamed => &layer.streamed,
    };
    let span = tracing::info_span!("layer", layer = %layer.id);
    let Ok(response) = router.clone().call(request).instrument(span).await;
    response
}

/// The URI as the layer's own routes have it.
fn under(uri: &Uri, rest: &str) -> Uri {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("/{rest}{query}").parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_sees_what_is_behind_its_name() {
        for (uri, rest, expected) in [
            ("/ab", "", "/"),
            ("/ab/", "", "/"),
            ("/ab/rpc?x=1", "rpc", "/rpc?x=1"),
            ("https://host/ab/health", "health", "/health"),
        ] {
            assert_eq!(under(&uri.parse().expect("a URI"), rest), expected, "{uri}");
        }
    }
}
