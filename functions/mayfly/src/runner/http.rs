use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use mayfly_sequencer::SystemClock;
use node_core::{
    codec::record::Record,
    flow::{
        FlowError, phase,
        teardown::{
            bundle::Bundle,
            preview::{Preview, preview},
        },
    },
    port::Clock,
};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{Chain, loopback};
use crate::{failure::Failure, keys::Keys};

/// Binds a port on the loopback interface.
pub(super) async fn bind(port: u16, option: &'static str) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| Failure::Port {
        option,
        port,
        source,
    })
}

/// The URL of a server on this machine.
pub(super) fn url(address: SocketAddr) -> String {
    loopback(address)
}

/// Serves until `stop` says true; requests under way are answered.
pub(super) fn serve(
    listener: TcpListener,
    routes: Router,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stopped = async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, routes).with_graceful_shutdown(stopped).await;
        if let Err(error) = served {
            tracing::error!(%error, "the server stopped");
        }
    })
}

#[derive(Clone)]
struct Operator {
    status: Status,
    token: Arc<str>,
    closing: Arc<Notify>,
}

#[derive(Clone)]
struct Status {
    context: node_core::flow::sequence::Context,
    replica: Arc<node_core::flow::query::Replica>,
}

/// Routes for the other commands: status, and the early end. All want the token in the layer's directory.
pub(super) fn operator(layer: &Chain, keys: &Keys, closing: Arc<Notify>) -> Router {
    let status = Status { context: layer.context.clone(), replica: Arc::clone(&layer.replica) };
    let operator = Operator { status, token: keys.operator_token.as_str().into(), closing };
    Router::new()
        .route("/operator/status", get(report))
        .route("/operator/bundle", get(bundle))
        .route("/operator/exits", get(exits))
        .route("/operator/close", post(close))
        .layer(middleware::from_fn_with_state(operator.clone(), authorise))
        .with_state(operator)
}

async fn authorise(
    State(operator): State<Operator>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
    match given.strip_prefix("Bearer ") {
        Some(token) if token.as_bytes().ct_eq(operator.token.as_bytes()).into() => {
            Ok(next.run(request).await)
        }
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn close(State(operator): State<Operator>) -> StatusCode {
    operator.closing.notify_one();
    StatusCode::ACCEPTED
}

/// All blocks so far, for `mayfly verify` of a layer that runs.
async fn bundle(State(operator): State<Operator>) -> Result<Vec<u8>, StatusCode> {
    let stores = &operator.status.context.stores;
    match Bundle::collect(stores).await {
        Ok(bundle) => Ok(bundle.to_frame()),
        Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// Who would get what if the layer ended now, for `mayfly exits --preview`.
async fn exits(State(operator): State<Operator>) -> Result<Json<Preview>, (StatusCode, String)> {
    let now_ms = SystemClock.now_ms();
    preview(&operator.status.context, now_ms)
        .await
        .map(Json)
        .map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
}

async fn report(State(operator): State<Operator>) -> Result<Json<Value>, StatusCode> {
    let Status { context, replica } = &operator.status;
    let config = &context.config;
    let phase = match phase::current(&*context.stores.registers).await {
        Ok(phase) => phase.to_string(),
        Err(FlowError::NoLayer) => "erased".to_owned(),
        Err(_) => return Err(StatusCode::SERVICE_UNAVAILABLE),
    };
    let head = replica.head();
    Ok(Json(json!({
        "layer": config.id,
        "name": config.name,
        "phase": phase,
        "chainId": config.chain_id,
        "endsAt": config.ends_at_s,
        "block": head.header.number,
        "stateRoot": head.header.state_root,
        "transactions": replica.transaction_count(),
        "l1": { "chainId": config.l1.chain_id, "layer": config.l1.layer },
    })))
}
