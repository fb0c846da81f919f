//! What an organiser allows, over real HTTP.

use std::{net::SocketAddr, sync::Arc};

use node_core::{
    execute::Rules,
    rpc::{Access, Node},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    chain,
    client::{exchange, post, request},
};

const KEY: &str = "0123456789abcdef-of-a-shop";

/// Serves a layer with rules, as the runner does; dropping the first ends it.
async fn start(rules: Value) -> (chain::Served, SocketAddr) {
    let served = chain::serve(Rules::layer(chain::CHAIN_ID), 0, 0).await.expect("a free port");
    let rules = serde_json::from_value(rules).expect("rules");
    let node = Node { access: Arc::new(Access::new(rules)), ..Node::clone(&served.node) };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let routes = mayfly_rpc::router(Arc::new(node));
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    (served, address)
}

fn ask() -> String {
    request("eth_chainId", &json!([]))
}

/// Status of a request with more headers, and what its error says.
async fn with(server: SocketAddr, target: &str, headers: &str) -> (u16, Value) {
    let head = format!("POST {target} HTTP/1.1\r\ncontent-type: application/json{headers}");
    let answer = exchange(server, &head, ask().as_bytes()).await;
    (answer.status, answer.json()["error"]["data"]["rule"].take())
}

#[tokio::test]
async fn a_key_comes_in_a_header_or_in_the_url() {
    let (_served, server) = start(json!({ "apiKeys": [KEY] })).await;
    let allowed = (200, Value::Null);
    let refused = (401, json!("apiKeys"));
    assert_eq!(with(server, "/", "").await, refused);
    assert_eq!(with(server, "/", "\r\nx-api-key: another").await, refused);
    assert_eq!(with(server, "/", &format!("\r\nx-api-key: {KEY}")).await, allowed);
    assert_eq!(with(server, "/", &format!("\r\nauthorization: Bearer {KEY}")).await, allowed);
    assert_eq!(with(server, &format!("/rpc?apiKey={KEY}"), "").await, allowed);
    assert_eq!(with(server, &format!("/?a=b&apiKey={KEY}"), "").await, allowed);
    assert_eq!(with(server, &format!("/?apiKey={KEY}x"), "").await, refused);
    let alive = exchange(server, "GET /health HTTP/1.1", b"").await;
    assert_eq!(alive.status, 200, "that it lives is said to everybody");
}

#[tokio::test]
async fn a_refusal_is_an_error_of_json_rpc_that_a_page_may_read() {
    let (_served, server) = start(json!({ "origins": ["https://shop.example"] })).await;
    assert_eq!(with(server, "/", "\r\norigin: https://shop.example").await, (200, Value::Null));
    let head = "POST / HTTP/1.1\r\ncontent-type: application/json\r\norigin: https://evil.example";
    let answer = exchange(server, head, ask().as_bytes()).await;
    assert_eq!(answer.status, 403);
    assert!(answer.has("access-control-allow-origin: *"), "{}", answer.head);
    let expected = json!({
        "jsonrpc": "2.0",
        "id": null,
        "error": {
            "code": 4100,
            "message": "origins: pages of https://evil.example may not ask here",
            "data": { "rule": "origins" },
        },
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let (_served, server) = start(json!({ "perAddress": { "burst": 2, "perMinute": 1 } })).await;
    for _ in 0..2 {
        assert_eq!(post(server, &ask()).await.status, 200);
    }
    let answer = post(server, &ask()).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (429, &json!(-32005)));
    assert_eq!(answer.json()["id"], 1, "it was read");
    let retry = answer.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
    let retry_s: u64 = retry.expect("it says when").parse().expect("seconds");
    assert!((1..=60).contains(&retry_s), "{retry_s}");
}

#[tokio::test]
async fn a_batch_is_as_many_requests_as_it_holds() {
    let (_served, server) = start(json!({ "perAddress": { "burst": 5, "perMinute": 1 } })).await;
    let batch = format!("[{}]", [ask(), ask(), ask(), ask(), ask()].join(","));
    assert_eq!(post(server, &batch).await.status, 200);
    assert_eq!(post(server, &ask()).await.status, 429);
}

#[tokio::test]
async fn behind_a_proxy_its_clients_are_told_apart() {
    let rules = json!({ "perAddress": { "burst": 1, "perMinute": 1 }, "behindProxy": true });
    let (_served, server) = start(rules).await;
    let from = |clients: &str| format!("\r\nx-forwarded-for: {clients}");
    let refused = (429, json!("perAddress"));
    assert_eq!(with(server, "/", &from("192.0.2.1")).await, (200, Value::Null));
    assert_eq!(with(server, "/", &from("192.0.2.2")).await, (200, Value::Null));
    assert_eq!(with(server, "/", &from("192.0.2.1")).await, refused);
    let made_up = from("198.51.100.7, 192.0.2.1");
    assert_eq!(with(server, "/", &made_up).await, refused, "what a client wrote is not believed");
}

#[tokio::test]
async fn without_a_proxy_nobody_says_who_they_are() {
    let (_served, server) = start(json!({ "perAddress": { "burst": 1, "perMinute": 1 } })).await;
    assert_eq!(with(server, "/", "\r\nx-forwarded-for: 192.0.2.1").await, (200, Value::Null));
    let refused = (429, json!("perAddress"));
    assert_eq!(with(server, "/", "\r\nx-forwarded-for: 192.0.2.2").await, refused);
}
