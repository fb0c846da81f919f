//! What an organiser allows on functions: every one of them asks the same rules.

use serde_json::{Value, json};

use crate::{deployment::Deployment, listener::Listener};

/// A key of a partner's.
const KEY: &str = "a-key-of-a-partner-1";

fn ask(method: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": [] })
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_refuse_what_the_organiser_does_not_allow_and_name_the_rule() {
    let deployment = Deployment::start().await;
    let open = |access: Value, base_fee_wei: u64| {
        json!({
            "action": "open", "key": "closed", "name": "Closed", "chain_id": 7, "ends_in_s": 3_600,
            "base_fee_wei": base_fee_wei, "access": access,
        })
    };
    for (access, field) in [
        (json!({ "methods": ["eth_nothing"] }), "methods"),
        (json!({ "apiKeys": ["short"] }), "apiKeys"),
        (json!({ "targets": [] }), "targets"),
    ] {
        let failed = deployment.gateway.invoke("operator", &open(access, 1)).await;
        let failed = format!("{:?}", failed.expect_err("it cannot be meant"));
        assert!(failed.contains(field), "names {field}: {failed}");
    }
    let rules = json!({ "apiKeys": [KEY], "methods": ["eth_chainId"] });
    let opened = deployment.gateway.invoke("operator", &open(rules, 0)).await.expect("it opens");
    let layer = opened["layer"].as_str().expect("an id");

    let (status, answer) = deployment.rpc(layer).post(&ask("eth_chainId")).await;
    assert_eq!((status, &answer["error"]["data"]["rule"]), (401, &json!("apiKeys")), "{answer}");
    let partner = deployment.rpc(&format!("{layer}?apiKey={KEY}"));
    assert_eq!(partner.ask("eth_chainId", json!([])).await, "0x7");
    // Over WebSocket it is asked when somebody connects, and of every message.
    let socket = deployment.socket(layer);
    assert_eq!(Listener::connect(&socket).await.err(), Some(401));
    let mut listener = Listener::connect(&format!("{socket}&apiKey={KEY}")).await.expect("a key");
    assert_eq!(listener.ask("eth_chainId", json!([])).await["result"], "0x7");
    for method in ["eth_blockNumber", "eth_subscribe"] {
        let answer = listener.ask(method, json!(["newHeads"])).await;
        assert_eq!(answer["error"]["data"]["rule"], "methods", "{answer}");
    }
    // Another function, which starts with nothing, asks the same rules.
    deployment.gateway.kill("rpc");
    let (_, answer) = partner.post(&ask("eth_blockNumber")).await;
    assert_eq!(answer["error"]["data"]["rule"], "methods", "{answer}");
}
