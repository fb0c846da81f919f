use proptest::{
    collection::{hash_map, vec},
    prelude::*,
};
use serde_json::{Value, json};

use super::kit::{CHAIN_ID, Chain, LOGGER, REVERTER, account, raw, transfer};
use crate::rpc::OPENRPC;

/// Names of all methods, from the document that describes them.
fn methods() -> Vec<String> {
    let document: Value = serde_json::from_str(OPENRPC).expect("the document is JSON");
    let methods = document["methods"].as_array().expect("a list");
    methods.iter().map(|method| method["name"].as_str().expect("a name").to_owned()).collect()
}

/// Values that look like arguments, and values that do not.
fn any_value() -> impl Strategy<Value = Value> {
    let words = "(latest|pending|safe|finalized|earliest|trace|vmTrace|stateDiff|newHeads|logs\
                 |callTracer|prestateTracer|muxTracer|)";
    let known = [json!(account(0)), json!(LOGGER), json!(REVERTER), json!(raw(&transfer(0, 0)))];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "0x[0-9a-f]{0,70}".prop_map(Value::from),
        "0x[0-9a-f]{1,3}".prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        proptest::sample::select(known.to_vec()),
    ];
    let field = "(from|to|input|data|gas|value|nonce|blockHash|blockNumber|fromBlock|toBlock|address|topics\
                 |blockStateCalls|calls|stateOverrides|blockOverrides|number|time|tracer|tracerConfig|code\
                 |balance|accessList|authorizationList|gasPrice|maxFeePerGas|txIndex|limit|count|after\
                 |0x[0-9a-f]{40})";
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            hash_map(field, inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

/// Whether an answer is a result, or an error that is not our fault.
fn is_sound(answer: &Value) -> bool {
    answer.get("result").is_some()
        || answer["error"]["code"].as_i64().is_some_and(|code| code != -32603)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_arguments_get_an_answer_that_is_not_our_fault(
        params in vec(any_value(), 0..5),
        named in any_value(),
    ) {
        let chain = Chain::layer();
        for method in methods() {
            for params in [json!(params), named.clone()] {
                let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
                let answer = chain.post(&request.to_string()).expect("an answer");
                prop_assert!(is_sound(&answer), "{request}: {answer}");
            }
        }
        prop_assert_eq!(chain.ask("eth_chainId", json!([])), json!(format!("{CHAIN_ID:#x}")));
    }

    #[test]
    fn any_body_gets_an_answer_or_none(body in "[\\[\\]{}\":,0-9a-z .\\\\-]{0,64}") {
        if let Some(answer) = Chain::layer().post(&body) {
            prop_assert!(answer.is_array() || answer["error"]["code"].is_i64(), "{body}: {answer}");
        }
    }

    #[test]
    fn any_bytes_get_an_answer(body in vec(any::<u8>(), 0..64)) {
        let answer = futures::executor::block_on(crate::rpc::dispatch(&Chain::layer().node, &body));
        let answer: Value = serde_json::from_slice(&answer.expect("no notification")).expect("JSON");
        prop_assert!(answer.is_array() || answer["error"]["code"].is_i64(), "{body:?}: {answer}");
    }
}

#[test]
fn depth_and_size_are_refused_not_followed() {
    let chain = Chain::layer();
    let deep = "[".repeat(100_000);
    let closed = format!("{deep}{}", "]".repeat(100_000));
    let number = format!("0x{}", "f".repeat(100_000));
    let call = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let bodies = [
        deep.clone(),
        closed.clone(),
        "{\"a\":".repeat(100_000),
        call("eth_call", &deep),
        call("eth_call", &closed),
        call("eth_call", &format!(r#"[{{"to":{closed}}}]"#)),
        call("eth_getLogs", &format!(r#"[{{"topics":{closed}}}]"#)),
        call("debug_traceCall", &format!(r#"[{{}},"latest",{{"tracerConfig":{closed}}}]"#)),
        call("eth_getBalance", &format!(r#"["{number}"]"#)),
        call("eth_feeHistory", &format!(r#"["{number}","latest"]"#)),
        call("eth_feeHistory", &format!(r#"[{},"latest"]"#, "9".repeat(100_000))),
        call("ots_hasCode", "[1e400]"),
        call(&"x".repeat(100_000), "[]"),
    ];
    for body in bodies {
        let answer = chain.post(&body).expect("an answer");
        let first = answer.get(0).unwrap_or(&answer);
        let code = first["error"]["code"].as_i64().expect("an error");
        assert!([-32700, -32600, -32601, -32602].contains(&code), "{code}: {body:.80}");
    }
}

#[test]
fn what_asks_for_too_much_is_told_so_at_once() {
    let chain = Chain::layer();
    let most = "0xffffffffffffffff";
    let table = [
        ("eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": most }])),
        ("eth_feeHistory", json!([most, "latest", []])),
        ("eth_getProof", json!([LOGGER, vec!["0x0"; 1_025], "latest"])),
        ("eth_getStorageValues", json!([{ LOGGER.to_string(): vec!["0x0"; 1_025] }])),
        ("eth_feeHistory", json!(["0x1", "latest", vec![1.0; 101]])),
        ("trace_filter", json!([{ "fromBlock": "0x0", "toBlock": most }])),
        ("ots_searchTransactionsAfter", json!([LOGGER, 0, u64::MAX])),
        ("ots_getBlockTransactions", json!(["0x0", u64::MAX, u64::MAX])),
        ("eth_call", json!([{ "to": LOGGER, "gas": most }])),
        ("eth_estimateGas", json!([{ "to": LOGGER, "gas": most }])),
    ];
    for (method, params) in table {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = chain.post(&request.to_string()).expect("an answer");
        assert!(is_sound(&answer), "{method}: {answer}");
    }
}
