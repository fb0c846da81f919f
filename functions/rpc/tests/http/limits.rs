//! What is too much, and what takes too long.

use std::{net::SocketAddr, time::Duration};

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, b256, hex};
use mayfly_rpc::Patience;
use node_core::{
    chain::Transaction,
    execute::Rules,
    rpc::{MAX_BATCH, Node},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    chain,
    client::{post, request},
};

/// Key of the third account of the well-known phrase.
const KEY: B256 = b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a");

/// Serves a layer that is changed by `change`, with `patience`.
async fn start(patience: Patience, change: impl FnOnce(&mut Node)) -> (chain::Served, SocketAddr) {
    let served = chain::serve(Rules::layer(chain::CHAIN_ID), 0, 0).await.expect("a free port");
    let mut node = Node::clone(&served.node);
    change(&mut node);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let router = mayfly_rpc::router_with(node.into(), patience);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (served, address)
}

/// A creation that logs eight times.
fn logs(nonce: u64) -> String {
    let input = Bytes::from([&[0x5f_u8, 0x5f, 0xa0].repeat(8)[..], &[0]].concat());
    let (chain_id, gas_limit) = (chain::CHAIN_ID, 200_000);
    let tx =
        TxEip1559 { chain_id, nonce, gas_limit, to: TxKind::Create, input, ..TxEip1559::default() };
    let signature = sign_message(KEY, tx.signature_hash()).expect("a valid key");
    let tx = Transaction::Ethereum(tx.into_signed(signature).into());
    hex::encode_prefixed(tx.encoded_2718())
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let patience = Patience { timeout: Duration::from_millis(20), ..Patience::default() };
    let (_served, server) = start(patience, |_| {}).await;
    // Behind a gap: nobody includes it.
    let body = request("eth_sendRawTransactionSync", &json!([logs(1), 25_000]));
    let error = post(server, &body).await.json()["error"].take();
    assert_eq!(error, json!({ "code": -32002, "message": "request timed out" }));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_an_error_with_the_limit() {
    let (_served, server) = start(Patience::default(), |node| node.answer_bytes = 300).await;
    let answer = post(server, &request("eth_getBlockByNumber", &json!(["0x0", true]))).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (200, &json!(-32005)));
    assert_eq!(post(server, &request("eth_chainId", &json!([]))).await.json()["result"], "0x7a69");
}

#[tokio::test]
async fn logs_that_do_not_fit_are_refused_with_a_range_that_does() {
    let (_served, server) = start(Patience::default(), |node| node.answer_bytes = 8_000).await;
    for nonce in 0..2 {
        let body = request("eth_sendRawTransactionSync", &json!([logs(nonce), 20_000]));
        assert_eq!(post(server, &body).await.json()["result"]["status"], "0x1");
    }
    let filter = |to: &Value| json!([{ "fromBlock": "0x1", "toBlock": to }]);
    let answer = post(server, &request("eth_getLogs", &filter(&json!("latest")))).await.json();
    let error = &answer["error"];
    assert_eq!(
        (&error["code"], &error["data"]["from"]),
        (&json!(-32005), &json!("0x1")),
        "{answer}"
    );
    let answer = post(server, &request("eth_getLogs", &filter(&error["data"]["to"]))).await.json();
    assert_eq!(answer["result"].as_array().map(Vec::len), Some(8), "{answer}");
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let served = chain::serve(Rules::layer(chain::CHAIN_ID), 0, 0).await.expect("a free port");
    let one = request("net_listening", &json!([]));
    let batch = |count: usize| format!("[{}]", vec![one.as_str(); count].join(","));
    let full = post(served.address, &batch(MAX_BATCH)).await.json();
    assert_eq!(full.as_array().map(Vec::len), Some(MAX_BATCH));
    let error = post(served.address, &batch(MAX_BATCH + 1)).await.json();
    assert_eq!((&error["id"], &error["error"]["code"]), (&Value::Null, &json!(-32005)));
}

#[tokio::test]
async fn a_call_has_a_cap_of_gas() {
    let served = chain::serve(Rules::layer(chain::CHAIN_ID), 0, 0).await.expect("a free port");
    let to = Address::repeat_byte(0x5e);
    // Returns the gas that is left.
    let code = json!({ to.to_string(): { "code": "0x5a5f5260205ff3" } });
    let params = json!([{ "to": to, "gas": "0xffffffffffffffff" }, "latest", code]);
    let answer = post(served.address, &request("eth_call", &params)).await.json();
    let left = answer["result"].as_str().and_then(|word| u64::from_str_radix(&word[2..], 16).ok());
    assert!(left.is_some_and(|left| (20_000_000..60_000_000).contains(&left)), "{answer}");
}
