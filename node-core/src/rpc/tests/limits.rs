use alloy_primitives::{Address, B256, U256};
use serde_json::{Value, json};

use super::kit::{Chain, LOGGER, STORE, call};
use crate::chain::Transaction;

/// A layer whose answers have at most so many bytes, with a log in each of 12 blocks.
fn chain(answer_bytes: usize) -> Chain {
    let mut chain = Chain::layer();
    for nonce in 0..12 {
        chain.include(&call(0, nonce, LOGGER, B256::with_last_byte(1)));
    }
    chain.node.answer_bytes = answer_bytes;
    chain
}

fn all() -> Value {
    json!([{ "address": LOGGER, "fromBlock": "0x1", "toBlock": "latest" }])
}

#[test]
fn too_many_bytes_of_logs_are_refused_with_a_range_that_fits() {
    let chain = chain(5_000);
    let error = chain.fail("eth_getLogs", all());
    assert_eq!(error["code"], -32005);
    let text = error["message"].as_str().expect("a text");
    assert!(text.starts_with("query returned more than 5000 bytes"), "{text}");
    let (from, to) = (&error["data"]["from"], &error["data"]["to"]);
    assert_eq!(from, "0x1");
    let narrower = json!([{ "address": LOGGER, "fromBlock": from, "toBlock": to }]);
    let logs = chain.ask("eth_getLogs", narrower);
    assert!(logs.as_array().is_some_and(|logs| logs.len() > 1), "{logs}");
}

#[test]
fn an_answer_that_is_too_large_is_an_error_instead() {
    let chain = chain(400);
    let error = chain.fail("eth_getBlockByNumber", json!(["0x1", true]));
    assert_eq!(error["code"], -32005);
    let text = error["message"].as_str().expect("a text");
    assert!(text.starts_with("answer too large: "), "{text}");
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"web3_clientVersion"},
        {"jsonrpc":"2.0","id":2,"method":"eth_getBlockByNumber","params":["0x1"]},
        {"jsonrpc":"2.0","id":3,"method":"eth_chainId"}]"#;
    let answers = chain.post(batch).expect("an answer");
    assert_eq!(answers[0]["result"], "mayfly/test");
    assert_eq!((&answers[1]["id"], &answers[1]["error"]["code"]), (&json!(2), &json!(-32005)));
    assert_eq!(answers[2]["result"], "0x1092");
}

/// Jumps back until the gas is gone: millions of instructions.
const ENDLESS: &str = "0x5b5f56";

fn endless(mut options: Value) -> Value {
    let to = Address::repeat_byte(0x5e);
    options["stateOverrides"] = json!({ to.to_string(): { "code": ENDLESS } });
    json!([{ "to": to, "gas": "0x1000000" }, "latest", options])
}

#[test]
fn a_trace_that_would_fill_the_memory_is_refused() {
    let chain = Chain::layer();
    for options in
        [json!({}), json!({ "disableStack": true }), json!({ "tracer": "erc7562Tracer" })]
    {
        let error = chain.fail("debug_traceCall", endless(options));
        assert_eq!(error["code"], -32005, "{error}");
        assert!(
            error["message"].as_str().is_some_and(|text| text.contains("callTracer")),
            "{error}"
        );
    }
    let few = chain.ask("debug_traceCall", endless(json!({ "limit": 3 })));
    assert_eq!(few["structLogs"].as_array().map(Vec::len), Some(3));
    let call = chain.ask("debug_traceCall", endless(json!({ "tracer": "callTracer" })));
    assert_eq!(call["error"], "out of gas");
}

#[test]
fn a_vm_trace_is_bounded_as_well() {
    let chain = Chain::layer();
    let code = json!({ "input": ENDLESS, "gas": "0x1000000" });
    assert_eq!(chain.fail("trace_call", json!([code, ["vmTrace"]]))["code"], -32005);
    chain.ask("trace_call", json!([code, ["trace", "stateDiff"]]));
}

/// Stores `value` as transaction `nonce` of account 0.
fn store(nonce: u64, value: u8) -> Transaction {
    call(0, nonce, STORE, B256::with_last_byte(value))
}

#[test]
fn a_call_is_traced_before_a_transaction_of_a_block() {
    let chain = Chain::layer();
    for (nonce, value) in [(0, 7), (1, 8), (2, 9)] {
        chain.send(&store(nonce, value));
    }
    chain.commit();
    let read = json!({ "to": STORE });
    // Returns slot 0 instead of storing there.
    let overrides = json!({ STORE.to_string(): { "code": "0x5f545f5260205ff3" } });
    let at = |mut options: Value| {
        options["stateOverrides"] = overrides.clone();
        let trace = chain.ask("debug_traceCall", json!([read, "0x1", options]));
        let word: B256 = serde_json::from_value(trace["returnValue"].clone()).expect("a word");
        U256::from_be_bytes(word.0).to::<u64>()
    };
    let before = |index: &str| at(json!({ "txIndex": index }));
    assert_eq!((before("0x0"), before("0x1"), before("0x2")), (0, 7, 8));
    assert_eq!(at(json!({})), 9, "after the block");
    let error = chain.fail("debug_traceCall", json!([read, "0x1", { "txIndex": "0x3" }]));
    assert_eq!(error["code"], -32602);
    assert!(error["message"].as_str().is_some_and(|text| text.starts_with("txIndex: ")), "{error}");
}
