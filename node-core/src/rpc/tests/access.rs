use std::sync::Arc;

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, TxKind};
use serde_json::{Value, json};

use super::kit::{CHAIN_ID, Chain, STORE, call, create, raw, sign, transfer};
use crate::{
    chain::LayerConfig,
    rpc::{Access, Subscriptions},
};

/// A layer whose organiser has `rules`; free when `base_fee_wei` is 0.
fn chain(rules: &Value, base_fee_wei: u64) -> Chain {
    let mut chain = Chain::layer();
    let rules = serde_json::from_value(rules.clone()).expect("rules");
    chain.node.access = Arc::new(Access::new(rules));
    chain.node.config = Arc::new(LayerConfig { base_fee_wei, ..(*chain.node.config).clone() });
    chain
}

fn batch(requests: &[Value]) -> String {
    let one = |(id, request): (usize, &Value)| json!({ "jsonrpc": "2.0", "id": id, "method": request[0], "params": request[1] });
    Value::from(requests.iter().enumerate().map(one).collect::<Vec<_>>()).to_string()
}

#[test]
fn a_method_that_is_not_allowed_is_refused_by_name() {
    let chain = chain(&json!({ "methods": ["eth_chainId", "eth_sendRawTransactionSync"] }), 3);
    assert_eq!(chain.ask("eth_chainId", json!([])), "0x1092");
    let refused = |method: &str| {
        json!({
            "code": -32004,
            "message": format!("methods: {method} is not answered here"),
            "data": { "rule": "methods" },
        })
    };
    for method in ["eth_blockNumber", "eth_sendRawTransaction", "no_such"] {
        assert_eq!(chain.fail(method, json!([])), refused(method));
    }
    let send = json!(["eth_sendRawTransaction", [raw(&transfer(0, 0))]]);
    let answers = chain.post(&batch(&[json!(["eth_chainId", []]), send.clone(), send]));
    let answers = answers.expect("an answer");
    assert_eq!(answers[0]["result"], "0x1092");
    for answer in [&answers[1], &answers[2]] {
        assert_eq!(answer["error"], refused("eth_sendRawTransaction"));
    }
    let subscribe = br#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"#;
    let answer = Subscriptions::default().answer(&chain.node, subscribe).expect("its own");
    let answer: Value = serde_json::from_slice(&answer.answer).expect("JSON");
    assert_eq!(answer["error"], refused("eth_subscribe"));
}

#[test]
fn free_transactions_go_to_the_targets_only() {
    let chain = chain(&json!({ "targets": [STORE] }), 0);
    chain.send(&call(1, 0, STORE, B256::ZERO));
    let error = chain.fail("eth_sendRawTransaction", json!([raw(&transfer(1, 1))]));
    assert_eq!((&error["code"], &error["data"]), (&json!(-32003), &json!({ "rule": "targets" })));
    let text = error["message"].as_str().expect("a text");
    assert!(text.contains(&Address::repeat_byte(9).to_string()), "{text}");
    let error = chain.fail("eth_sendRawTransaction", json!([raw(&create(1, 1))]));
    assert_eq!(
        error["message"],
        "targets: new contracts are not taken here, where transactions are free"
    );
    chain.send(&create(0, 0));
}

#[test]
fn who_pays_a_base_fee_may_go_anywhere() {
    chain(&json!({ "targets": [STORE] }), 3).send(&transfer(1, 0));
}

#[test]
fn a_sender_has_a_burst_and_then_its_rate() {
    let chain = chain(&json!({ "perSender": { "burst": 2, "perMinute": 60 } }), 3);
    chain.send(&transfer(1, 0));
    chain.send(&transfer(1, 1));
    let error = chain.fail("eth_sendRawTransaction", json!([raw(&transfer(1, 2))]));
    assert_eq!(error["code"], -32005);
    assert_eq!(error["data"], json!({ "rule": "perSender", "retryMs": 1_000 }));
    chain.send(&transfer(2, 0));
    for nonce in 0..4 {
        chain.send(&transfer(0, nonce));
    }
    chain.advance_ms(1_000);
    chain.send(&transfer(1, 2));
}

#[test]
fn a_batch_of_sends_is_counted_like_single_ones() {
    let chain = chain(&json!({ "perSender": { "burst": 2, "perMinute": 60 } }), 3);
    let sends: Vec<_> =
        (0..4).map(|nonce| json!(["eth_sendRawTransaction", [raw(&transfer(1, nonce))]])).collect();
    let answers = chain.post(&batch(&sends)).expect("an answer");
    assert_eq!(answers[1]["result"], json!(transfer(1, 1).hash()));
    for answer in [&answers[2], &answers[3]] {
        assert_eq!(answer["error"]["data"]["rule"], "perSender", "{answer}");
    }
}

#[test]
fn copies_and_refused_transactions_use_up_nobodys_rate() {
    let chain = chain(&json!({ "perSender": { "burst": 3, "perMinute": 1 } }), 3);
    let first = transfer(1, 0);
    for _ in 0..5 {
        chain.send(&first);
    }
    chain.commit();
    for _ in 0..5 {
        chain.send(&first);
    }
    let stale = TxEip1559 {
        chain_id: CHAIN_ID,
        gas_limit: 21_000,
        max_fee_per_gas: 10,
        to: TxKind::Call(Address::ZERO),
        ..TxEip1559::default()
    };
    let stale = sign(1, stale);
    let sends = vec![json!(["eth_sendRawTransaction", [raw(&stale)]]); 2];
    for _ in 0..5 {
        let error = chain.fail("eth_sendRawTransaction", json!([raw(&stale)]));
        assert!(error["message"].as_str().expect("a text").contains("nonce too low"), "{error}");
        let answers = chain.post(&batch(&sends)).expect("an answer");
        assert_eq!(answers[1]["error"]["code"], -32000, "{answers}");
    }
    chain.send(&transfer(1, 1));
}
