use alloy::{
    hex,
    primitives::{Address, TxKind, U256, address},
};
use mayfly_it::http;
use serde_json::{Value, json};

use crate::{
    anvil::{act, number, person},
    mayfly::{self, Up},
};

/// Init code of a contract that does nothing, and keeps what it is sent.
const SAFE: [u8; 9] = hex!("60015f5360015ff300");

/// What contracts hold comes first, with a word of warning; the route behind the command wants the operator's token; and
/// nothing of the rehearsal is seen on the layer.
#[test]
fn the_end_is_rehearsed_with_contracts_first() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().to_str().expect("a plain name");
    let up = Up::start(dir.path(), &["--chain-id", "4713"]);
    let deployed = act(&up, &person(3), TxKind::Create, U256::from(7), SAFE.to_vec().into());
    let contract = crate::anvil::address(&deployed["contractAddress"]);
    let before = up.rpc().call("eth_blockNumber", &json!([]));

    let preview = mayfly::json(&["exits", "--preview", "--dir", path]);
    let exits = preview["exits"].as_array().expect("a list");
    assert_eq!(crate::anvil::address(&exits[0]["holder"]), contract, "{preview}");
    assert_eq!((&exits[0]["heldByContract"], &exits[0]["value"]), (&json!(true), &json!("0x7")));
    assert!(exits[1..].iter().all(|exit| exit["heldByContract"] == false), "{preview}");
    assert_eq!(exits.len(), 11, "ten accounts with ETH, and the contract");
    assert_eq!(number(&before), preview["block"].as_u64().expect("a number"));
    assert_eq!(up.rpc().call("eth_blockNumber", &json!([])), before, "nothing happened");

    let text = mayfly::run(&["exits", "--preview", "--dir", path]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("(a contract)") && text.contains("nobody may have"), "{text}");
    the_route_wants_the_token(&up, dir.path(), &preview);

    let paid = the_end_pays(&up, path);
    assert_eq!(paid, exits.len(), "as it was rehearsed");
}

fn the_route_wants_the_token(up: &Up, dir: &std::path::Path, preview: &Value) {
    let url = up.ready["rpcUrl"].as_str().expect("a URL").trim_start_matches("http://").to_owned();
    let running = std::fs::read(dir.join("running.json")).expect("it runs");
    let running: Value = serde_json::from_slice(&running).expect("JSON");
    let token = running["operatorToken"].as_str().expect("a token");
    let get = |token: &str| {
        let bearer = format!("Bearer {token}");
        http::get(&url, "/operator/exits", &[("Authorization", &bearer)]).expect("it answers")
    };
    assert_eq!(get("nobody").status, 401);
    let answer = get(token);
    assert_eq!(answer.status, 200);
    assert_eq!(&serde_json::from_str::<Value>(&answer.body).expect("JSON"), preview);
}

/// Ends the layer; returns how many exits there are.
fn the_end_pays(up: &Up, path: &str) -> usize {
    mayfly::json(&["close", "--dir", path]);
    let listed = mayfly::json(&["claim", "--dir", path]);
    let sealer: Address = address!("4D61796600000000000000000000000000000001");
    let exits = listed["exits"].as_array().expect("a list");
    assert!(exits.iter().all(|exit| crate::anvil::address(&exit["recipient"]) != sealer));
    assert!(up.ready["layer"].is_string());
    exits.len()
}
