use std::{
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use mayfly_webhook::provider::STANDARD_WEBHOOKS;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::box_office::BOX_SECRET;

/// An organiser's own system, which refuses to hear of one order once, and remembers what else it is told.
#[derive(Default)]
pub(crate) struct Organiser {
    refused: Option<HeaderMap>,
    pub(crate) taken: Vec<(HeaderMap, Bytes)>,
}

pub(crate) type Told = Arc<Mutex<Organiser>>;

/// The order of which the organiser's system refuses to hear at first.
pub(crate) const REFUSED: &str = "box/order-2/ticket/0";

pub(crate) async fn organisers_system() -> (Told, String) {
    let told = Told::default();
    let take = |State(told): State<Told>, headers: HeaderMap, body: Bytes| async move {
        let mut told = told.lock().expect("not poisoned");
        if told.refused.is_none() && key_of(&body) == REFUSED {
            told.refused = Some(headers);
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        told.taken.push((headers, body));
        StatusCode::NO_CONTENT
    };
    let routes = Router::new().route("/told", post(take)).with_state(Arc::clone(&told));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
    let url = format!("http://{}/told", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (told, url)
}

/// The order that a message tells of.
pub(crate) fn key_of(message: &[u8]) -> String {
    let message: Value = serde_json::from_slice(message).expect("JSON");
    message["data"]["key"].as_str().expect("text").to_owned()
}

/// Whether everything was told of once, what was refused under the same id, and all of it signed.
pub(crate) fn check_told(told: &Organiser) {
    let refused = told.refused.as_ref().expect("one was refused");
    let again = told.taken.iter().find(|(_, body)| key_of(body) == REFUSED).expect("it came again");
    assert_eq!(again.0["webhook-id"], refused["webhook-id"]);
    assert_ne!(again.0["webhook-timestamp"], refused["webhook-timestamp"]);
    let scheme = STANDARD_WEBHOOKS.scheme().expect("it signs");
    let secret = [scheme.secret(BOX_SECRET).expect("a secret")];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut types: Vec<String> = Vec::new();
    for (headers, body) in &told.taken {
        assert_eq!(scheme.verify(headers, body, &secret, now, 300), Ok(()));
        let message: Value = serde_json::from_slice(body).expect("JSON");
        types.push(message["type"].as_str().expect("text").to_owned());
    }
    types.sort();
    let minted = types.iter().filter(|one| *one == "order.minted").count();
    // What was minted before it was burned was told of by the look for names.
    let rest = types.iter().map(String::as_str).filter(|one| *one != "order.minted");
    let rest: Vec<_> = rest.collect();
    assert_eq!((minted, rest), (5, vec!["order.burned"]));
}
