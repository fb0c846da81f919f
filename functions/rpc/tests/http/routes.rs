//! What a server does with requests of all kinds.

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, TxKind, U256, b256, hex};
use mayfly_rpc::Patience;
use node_core::{chain::Transaction, execute::Rules};
use serde_json::json;

use crate::{
    chain,
    client::{exchange, post, request},
};

/// Key of the first account of the well-known phrase.
const KEY: B256 = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

async fn start() -> chain::Served {
    chain::serve(Rules::layer(chain::CHAIN_ID), 0, 0).await.expect("a free port")
}

#[tokio::test]
async fn a_request_is_answered_as_json() {
    let served = start().await;
    let server = served.address;
    let answer = post(server, &request("eth_chainId", &json!([]))).await;
    assert_eq!((answer.status, &answer.json()["result"]), (200, &json!("0x7a69")));
    assert!(answer.has("content-type: application/json"));
    assert!(answer.has("access-control-allow-origin: *"));
    let head = "POST /rpc HTTP/1.1\r\ncontent-type: application/json; charset=utf-8";
    let body = request("eth_blockNumber", &json!([]));
    assert_eq!(exchange(server, head, body.as_bytes()).await.json()["result"], "0x0");
    let answer = exchange(server, "POST / HTTP/1.1", body.as_bytes()).await;
    assert_eq!(answer.status, 200, "a type is not needed");
}

#[tokio::test]
async fn a_notification_has_no_answer() {
    let served = start().await;
    let server = served.address;
    let answer = post(server, r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
}

#[tokio::test]
async fn an_error_is_an_answer_too() {
    let served = start().await;
    let server = served.address;
    let answer = post(server, "{").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (200, &json!(-32700)));
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let served = start().await;
    let server = served.address;
    let body = request("eth_chainId", &json!([]));
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let head = format!("POST / HTTP/1.1\r\ncontent-type: {wrong}");
        assert_eq!(exchange(server, &head, body.as_bytes()).await.status, 415, "{wrong}");
    }
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let served = start().await;
    let server = served.address;
    let fits = " ".repeat(mayfly_rpc::MAX_BODY_BYTES);
    assert_eq!(post(server, &fits).await.status, 200, "not JSON, but not too large");
    let too_large = " ".repeat(mayfly_rpc::MAX_BODY_BYTES + 1);
    assert_eq!(post(server, &too_large).await.status, 413);
}

#[tokio::test]
async fn the_server_shows_that_it_lives() {
    let served = start().await;
    let server = served.address;
    for path in ["/", "/health"] {
        let answer = exchange(server, &format!("GET {path} HTTP/1.1"), b"").await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("ok")), "{path}");
    }
    assert_eq!(exchange(server, "PUT / HTTP/1.1", b"").await.status, 405);
    assert_eq!(exchange(server, "GET /nowhere HTTP/1.1", b"").await.status, 404);
}

#[tokio::test]
async fn a_wallets_page_may_ask() {
    let served = start().await;
    let server = served.address;
    let head = "OPTIONS / HTTP/1.1\r\norigin: https://wallet.example\r\n\
                access-control-request-method: POST\r\n\
                access-control-request-headers: content-type,authorization\r\n\
                access-control-request-private-network: true";
    let answer = exchange(server, head, b"").await;
    assert_eq!(answer.status, 200);
    assert!(answer.has("access-control-allow-origin: *"), "{}", answer.head);
    assert!(
        answer.has("access-control-allow-headers: content-type,authorization"),
        "{}",
        answer.head
    );
    assert!(answer.has("access-control-allow-private-network: true"), "{}", answer.head);
}

#[tokio::test]
async fn a_deposit_of_the_l1_arrives() {
    let served = start().await;
    served.deposit().await;
    let answer =
        post(served.address, &request("eth_getBlockByNumber", &json!(["0x1", true]))).await;
    assert_eq!(answer.json()["result"]["transactions"][0]["type"], "0x7e");
}

#[tokio::test]
async fn a_transaction_is_sent_and_its_receipt_comes_back() {
    let served = start().await;
    let server = served.address;
    let tx = TxEip1559 {
        chain_id: chain::CHAIN_ID,
        gas_limit: 21_000,
        to: TxKind::Call(Address::repeat_byte(9)),
        value: U256::from(5),
        ..TxEip1559::default()
    };
    let signature = sign_message(KEY, tx.signature_hash()).expect("a valid key");
    let tx = Transaction::Ethereum(tx.into_signed(signature).into());
    let raw = hex::encode_prefixed(tx.encoded_2718());
    let body = request("eth_sendRawTransactionSync", &json!([raw, 20_000]));
    let receipt = post(server, &body).await.json()["result"].take();
    assert_eq!((&receipt["status"], &receipt["blockNumber"]), (&json!("0x1"), &json!("0x1")));
    let body = request("eth_getBalance", &json!([Address::repeat_byte(9), "latest"]));
    assert_eq!(post(server, &body).await.json()["result"], "0x5");
}

#[tokio::test]
async fn an_answer_is_compressed_for_who_wants_it() {
    let served = start().await;
    let body = request("eth_getBlockByNumber", &json!(["0x0", true]));
    let head = "POST / HTTP/1.1\r\ncontent-type: application/json\r\naccept-encoding: gzip";
    let answer = exchange(served.address, head, body.as_bytes()).await;
    assert!(answer.has("content-encoding: gzip"), "{}", answer.head);
    assert!(!post(served.address, &body).await.has("content-encoding: gzip"));
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_is_told_when_to_come_back() {
    let served = start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = listener.local_addr().expect("it is bound");
    let patience = Patience { places: 0, ..Patience::default() };
    let router = mayfly_rpc::router_with(served.node.clone(), patience);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let answer = post(server, &request("eth_chainId", &json!([]))).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (429, &json!(-32005)));
    assert!(answer.has("retry-after: 1"), "{}", answer.head);
    let alive = exchange(server, "GET /health HTTP/1.1", b"").await;
    assert_eq!(alive.status, 200, "that it lives is said whatever happens");
}
