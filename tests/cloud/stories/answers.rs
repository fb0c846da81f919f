//! Large answers: an HTTP API takes 6 MB of JSON at the most, in which a quote has two bytes; a function URL that
//! streams takes as much as a server.

use alloy::primitives::{TxKind, U256, hex};
use serde_json::{Value, json};

use crate::{deployment::Deployment, trouble::open, wallet::Rpc};

/// A call that returns `bytes` zeros.
fn zeros(bytes: u32) -> Value {
    let account = "0x00000000000000000000000000000000000000cc";
    json!([{ "to": account }, "latest", { account: { "code": format!("0x63{bytes:08x}5ff3") } }])
}

async fn call(rpc: &Rpc, bytes: u32) -> Value {
    let request =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": zeros(bytes) });
    let (status, answer) = rpc.post(&request).await;
    assert_eq!(status, 200);
    answer
}

fn length(answer: &Value) -> Option<usize> {
    answer["result"].as_str().map(str::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_cannot_return_is_streamed_or_refused() {
    let deployment = Deployment::start().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let url = deployment.gateway.function_url("rpc").await;
    let streamed = Rpc::new(format!("{url}/{}", opened.id));

    assert_eq!(length(&call(&layer, 2_000_000).await), Some(4_000_002));
    let refused = call(&layer, 3_500_000).await;
    assert_eq!(refused["error"]["code"], -32005, "{refused}");
    assert_eq!(length(&call(&streamed, 3_500_000).await), Some(7_000_002));
    let batch: Vec<Value> = (0..4)
        .map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_call", "params": zeros(3_500_000) }))
        .collect();
    let (_, answers) = streamed.post(&json!(batch)).await;
    assert_eq!(length(&answers[2]), Some(7_000_002));
    assert_eq!(answers[3]["error"]["code"], -32005, "25 MB is the most");

    // Two creations that log 1.2 MB each.
    let log = hex!("62124f805fa0").to_vec();
    for _ in 0..2 {
        organiser.send(&layer, TxKind::Create, log.clone(), U256::ZERO, 15_000_000).await;
    }
    let all = json!([{ "fromBlock": "0x0", "toBlock": "latest" }]);
    let ask = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": all });
    let (_, refused) = layer.post(&ask).await;
    let error = &refused["error"];
    assert_eq!(error["code"], -32005);
    let message = error["message"].as_str().expect("a text");
    assert!(message.contains("Try with this block range"), "{message}");
    let part = json!([{ "fromBlock": error["data"]["from"], "toBlock": error["data"]["to"] }]);
    let logs = layer.ask("eth_getLogs", part).await;
    assert!(logs.as_array().is_some_and(|logs| !logs.is_empty()), "what was suggested fits");
    let all = streamed.ask("eth_getLogs", all).await;
    let large = |log: &&Value| log["data"].as_str().is_some_and(|data| data.len() > 2_000_000);
    assert_eq!(all.as_array().into_iter().flatten().filter(large).count(), 2);
}
