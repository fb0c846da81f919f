//! What clients write in more than one way.

use alloy_primitives::{Address, address};
use node_core::execute::Rules;
use serde_json::{Value, json};

use crate::{
    chain,
    client::{post, request},
};

/// The first account of the well-known phrase.
const RICH: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
const BALANCE: &str = "0x21e19e0c9bab2400000";

async fn start() -> chain::Served {
    chain::serve(Rules::layer(chain::CHAIN_ID), 0, 0).await.expect("a free port")
}

async fn ask(served: &chain::Served, method: &str, params: Value) -> Value {
    post(served.address, &request(method, &params)).await.json()
}

#[tokio::test]
async fn a_block_is_named_by_tag_number_hash_or_object() {
    let served = start().await;
    let block = ask(&served, "eth_getBlockByNumber", json!(["earliest", false])).await;
    let hash = block["result"]["hash"].clone();
    let names = [
        json!("latest"),
        json!("earliest"),
        json!("pending"),
        json!("safe"),
        json!("finalized"),
        json!("0x0"),
        json!({ "blockNumber": "0x0" }),
        json!({ "blockHash": hash }),
        json!({ "blockHash": hash, "requireCanonical": true }),
        hash.clone(),
        json!(null),
    ];
    for name in names {
        let answer = ask(&served, "eth_getBalance", json!([RICH, name])).await;
        assert_eq!(answer["result"], BALANCE, "{name}: {answer}");
    }
    assert_eq!(ask(&served, "eth_getBalance", json!([RICH])).await["result"], BALANCE);
    let both = json!([RICH, { "blockHash": hash, "blockNumber": "0x0" }]);
    assert_eq!(ask(&served, "eth_getBalance", both).await["error"]["code"], -32602);
    let nowhere = json!([RICH, { "blockHash": format!("0x{}", "ab".repeat(32)) }]);
    let error = json!({ "code": -32000, "message": "header not found" });
    assert_eq!(ask(&served, "eth_getBalance", nowhere).await["error"], error);
}

#[tokio::test]
async fn hex_of_odd_length_is_a_number_and_no_bytes() {
    let served = start().await;
    for slot in ["0x0", "0x00", "0x000"] {
        let answer = ask(&served, "eth_getStorageAt", json!([RICH, slot, "latest"])).await;
        assert_eq!(answer["result"], format!("0x{}", "00".repeat(32)), "{slot}");
    }
    let call = json!([{ "from": RICH, "to": RICH, "value": "0x1", "data": "0x" }]);
    assert_eq!(ask(&served, "eth_estimateGas", call).await["result"], "0x5208");
    for data in ["0x1", "0x123"] {
        let answer = ask(&served, "eth_call", json!([{ "to": RICH, "data": data }])).await;
        assert_eq!(answer["error"]["code"], -32602, "{data}: {answer}");
    }
}

#[tokio::test]
async fn call_data_has_two_names_and_a_creation_no_recipient() {
    let served = start().await;
    // Copies its own code out: what is called with it as init code returns it.
    let init = "0x385f5f39385ff3";
    for fields in [
        json!({ "data": init }),
        json!({ "input": init }),
        json!({ "data": init, "input": init }),
        json!({ "to": null, "input": init }),
    ] {
        let answer = ask(&served, "eth_call", json!([fields])).await;
        assert_eq!(answer["result"], init, "{fields}: {answer}");
    }
    let two = json!([{ "data": "0x01", "input": "0x02" }]);
    assert_eq!(ask(&served, "eth_call", two).await["error"]["code"], -32602);
}

#[tokio::test]
async fn what_a_client_did_wrong_is_never_our_fault() {
    let served = start().await;
    let deep = "[".repeat(200_000);
    let bodies = [
        "\u{0}\u{1}".to_owned(),
        deep.clone(),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{deep}}}"#),
        request("eth_getBalance", &json!([1e300])),
        request("eth_getBlockByNumber", &json!([{}, {}])),
        request("eth_sendRawTransaction", &json!(["0xff".repeat(1_000)])),
        request("debug_traceCall", &json!([{}, "latest", { "tracer": "{result: 1}" }])),
        request("trace_call", &json!([{}, ["everything"]])),
    ];
    for body in bodies {
        let answer = post(served.address, &body).await;
        let code = answer.json()["error"]["code"].as_i64().expect("an error");
        assert!([-32700, -32600, -32602].contains(&code), "{code}: {body:.80}");
    }
    assert_eq!(ask(&served, "eth_chainId", json!([])).await["result"], "0x7a69", "still there");
}
