use serde_json::{Value, json};

use super::kit::Chain;
use crate::rpc::MAX_BATCH;

fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().expect("an error with a code")
}

fn message(error: &Value) -> &str {
    error["message"].as_str().expect("an error with a message")
}

#[test]
fn an_answer_has_the_id_of_its_request() {
    let chain = Chain::layer();
    for id in [json!(1), json!("a"), json!(null), json!(-1.5)] {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": "eth_chainId" });
        let answer = chain.post(&request.to_string()).expect("an answer");
        assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": id, "result": "0x1092" }));
    }
}

#[test]
fn absent_null_and_empty_params_are_the_same() {
    let chain = Chain::layer();
    for params in ["", r#","params":null"#, r#","params":[]"#] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"net_version"{params}}}"#);
        assert_eq!(chain.post(&body).expect("an answer")["result"], "4242");
    }
}

#[test]
fn nobody_answers_a_notification() {
    let chain = Chain::layer();
    let notification = r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#;
    assert_eq!(chain.post(notification), None);
    assert_eq!(chain.post(&format!("[{notification},{notification}]")), None);
    assert_eq!(chain.post(r#"{"jsonrpc":"2.0","method":"no_such"}"#), None);
}

#[test]
fn a_batch_is_answered_in_order_without_its_notifications() {
    let chain = Chain::layer();
    let batch = r#" [{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},
        {"jsonrpc":"2.0","method":"eth_chainId"}, 5,
        {"jsonrpc":"2.0","id":2,"method":"no_such"}]"#;
    let answer = chain.post(batch).expect("an answer");
    let answers = answer.as_array().expect("a list");
    assert_eq!(answers.len(), 3);
    assert_eq!((&answers[0]["id"], &answers[0]["result"]), (&json!(1), &json!("0x1092")));
    assert_eq!((&answers[1]["id"], code(&answers[1])), (&json!(null), -32600));
    assert_eq!((&answers[2]["id"], code(&answers[2])), (&json!(2), -32601));
}

#[test]
fn what_is_no_json_is_a_parse_error() {
    let chain = Chain::layer();
    for body in ["", "{", "[", "[{},", "nonsense", "{}{}"] {
        let answer = chain.post(body).expect("an answer");
        assert_eq!((code(&answer), &answer["id"]), (-32700, &json!(null)), "{body}");
    }
}

#[test]
fn what_is_no_request_is_invalid() {
    let chain = Chain::layer();
    let bodies = [
        "1",
        "[]",
        "{}",
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}"#,
        r#"{"id":1,"method":"eth_chainId"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"eth_chainId"}"#,
        r#"{"jsonrpc":"2.0","id":-3e11111,"method":"eth_chainId"}"#,
        r#"{"jsonrpc":"2.0","id":"\ud800","method":"eth_chainId"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
    ];
    for body in bodies {
        let answer = chain.post(body).expect("an answer");
        assert_eq!((code(&answer), &answer["id"]), (-32600, &json!(null)), "{body}");
    }
}

#[test]
fn a_batch_has_a_limit() {
    let chain = Chain::layer();
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"net_listening"}"#;
    let batch = |count| chain.post(&format!("[{}]", vec![request; count].join(",")));
    assert_eq!(batch(MAX_BATCH).expect("an answer").as_array().map(Vec::len), Some(MAX_BATCH));
    assert_eq!(code(&batch(MAX_BATCH + 1).expect("an answer")), -32005);
}

#[test]
fn an_unknown_method_is_named() {
    let error = Chain::layer().fail("eth_noSuch", json!([]));
    assert_eq!(error["code"], -32601);
    assert_eq!(message(&error), "the method eth_noSuch does not exist/is not available");
}

#[test]
fn an_argument_error_names_the_argument_and_what_was_expected() {
    let chain = Chain::layer();
    let zero = "0x0000000000000000000000000000000000000000";
    let table = [
        ("eth_getBalance", json!([]), "argument 0: address: expected 20 bytes"),
        ("eth_getBalance", json!([null]), "missing value for required argument 0: address"),
        (
            "eth_getBalance",
            json!(["0x12"]),
            r#"address: expected 20 bytes as hex with 0x, got "0x12""#,
        ),
        ("eth_getBalance", json!([zero, "newest"]), "argument 1: block: expected a block number"),
        ("eth_getBalance", json!([zero, "latest", 1]), "too many arguments, want at most 2, got 3"),
        ("eth_chainId", json!([1]), "too many arguments, want at most 0"),
        ("eth_chainId", json!({}), "params: expected an array"),
        ("eth_getStorageAt", json!([zero, "0xasdf"]), "argument 1: key"),
        ("eth_getBlockByNumber", json!(["0x0", "yes"]), "full: expected true or false"),
        ("eth_getLogs", json!([{ "adress": zero }]), "unknown field `adress`"),
        ("eth_sendRawTransaction", json!(["0xzz"]), "transaction: expected bytes"),
    ];
    for (method, params, text) in table {
        let error = chain.fail(method, params);
        assert_eq!(error["code"], -32602, "{error}");
        assert!(message(&error).contains(text), "{error}");
    }
}

#[test]
fn a_long_argument_is_cut_in_its_error() {
    let long = "ö".repeat(5_000);
    let error = Chain::layer().fail("eth_getBalance", json!([long]));
    assert!(message(&error).len() < 400, "{error}");
}

#[test]
fn the_node_says_what_it_is() {
    let chain = Chain::layer();
    assert_eq!(chain.ask("web3_clientVersion", json!([])), "mayfly/test");
    assert_eq!(
        chain.ask("web3_sha3", json!(["0x68656c6c6f20776f726c64"])),
        "0x47173285a8d7341e5e972fc677286384f802f8ef42a5ec5f03bbfa254cb01fad"
    );
    assert_eq!(chain.ask("net_listening", json!([])), true);
    assert_eq!(chain.ask("net_peerCount", json!([])), "0x0");
    assert_eq!(chain.ask("eth_syncing", json!([])), false);
    assert_eq!(chain.ask("eth_accounts", json!([])), json!([]));
}
