//! A ticket that nobody claimed before the end is claimed on the L1 by its code.

use std::{fs, path::Path};

use alloy::{
    hex,
    primitives::{Address, Bytes, TxKind, U256},
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use mayfly_contracts::{FlashLayer::tokenOfCall, FlashTwin721, plain_event_ticket};
use mayfly_it::{Anvil, Rpc, http};
use mayfly_l1::ClaimCode;
use mayfly_webhook::{Secret, provider::STRIPE};
use serde_json::{Value, json};

use crate::{
    anvil::{KEY, act, contract, person, ticking, wait},
    mayfly::{self, Up},
};

const OFFICE: &str = "a key of sixteen bytes";
const SECRET: &str = "whsec_story";

const EVENT: &str = r#"
[claims]
secret = "a secret of the organiser"
page = "https://tickets.test/#"
unclaimed = "code"

[office]
key = "a key of sixteen bytes"

[shops.stripe]
secrets = "whsec_story"
"#;

/// Tickets of one tier, which the layer's minter mints.
fn deploy(up: &Up, dir: &Path) {
    let keys = fs::read(dir.join("keys.json")).expect("the layer's keys");
    let keys: Value = serde_json::from_slice(&keys).expect("JSON");
    let minter: PrivateKeySigner =
        keys["minter"].as_str().and_then(|key| key.parse().ok()).expect("a key");
    let owner = person(0).address();
    let code = plain_event_ticket(owner, minter.address(), 10, 60);
    act(up, &person(0), TxKind::Create, U256::ZERO, code);
}

/// A Checkout session of a buyer who gave an e-mail address and no wallet.
fn sell(up: &Up, number: u64) {
    let session = json!({
        "id": format!("cs_{number}"),
        "payment_status": "paid",
        "customer_details": { "email": "ada@example.org" },
    });
    let kind = "checkout.session.completed";
    let body = json!({ "id": "evt", "type": kind, "data": { "object": session } }).to_string();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    let secret = Secret::new(SECRET).expect("a secret");
    let signed = STRIPE.scheme().expect("it signs").sign(body.as_bytes(), &secret, "", now);
    let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = http::post(host(up), "/webhooks/stripe", &headers, &body).expect("it answers");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("unclaimed"), "{}", answer.body);
}

fn host(up: &Up) -> &str {
    up.ready["rpcUrl"].as_str().expect("a URL").trim_start_matches("http://")
}

fn order(up: &Up, number: u64) -> Value {
    let path = format!("/office/orders/stripe/cs_{number}/ticket/0");
    let answer = http::get(host(up), &path, &[("x-api-key", OFFICE)]).expect("it answers");
    serde_json::from_str(&answer.body).expect("JSON")
}

fn ask<C: SolCall>(l1: &Rpc, to: Address, call: &C) -> C::Return {
    let input = hex::encode_prefixed(call.abi_encode());
    let answer = l1.call("eth_call", &json!([{ "to": to, "input": input }, "latest"]));
    let bytes: Bytes = serde_json::from_value(answer).expect("bytes");
    C::abi_decode_returns(&bytes).expect("an answer")
}

fn claim(anvil: &Anvil, layer: Address, code: &str, to: Address) -> Result<Value, String> {
    let (url, layer, to) = (anvil.url(), layer.to_string(), to.to_string());
    let claim = [
        "--json", "claim", "--l1", &url, "--layer", &layer, "--l1-key", KEY, "--code", code,
        "--to", &to,
    ];
    let output = mayfly::run(&claim);
    let said: Value = serde_json::from_slice(&output.stdout).expect("an object");
    if output.status.success() { Ok(said) } else { Err(said["error"]["message"].to_string()) }
}

#[test]
fn an_unclaimed_ticket_is_claimed_on_the_l1_by_its_code() {
    let (anvil, dir) = (ticking(), tempfile::tempdir().expect("a temporary directory"));
    let file = dir.path().join("event.toml");
    fs::write(&file, EVENT).expect("written");
    let (layer_dir, url) = (dir.path().join("layer"), anvil.url());
    let ticket = person(0).address().create(0).to_string();
    let options = [
        "--l1",
        &url,
        "--l1-key",
        KEY,
        "--ends-in",
        "1h",
        "--ticket",
        &ticket,
        "--event",
        file.to_str().expect("a plain name"),
    ];
    let up = Up::start(&layer_dir, &options);
    deploy(&up, &layer_dir);
    for number in [1, 2] {
        sell(&up, number);
    }
    let code = |number| order(&up, number)["code"].as_str().expect("a code").to_owned();
    let (code, other) = (code(1), code(2));
    assert_ne!(code, other);
    // The buyer's page has it as well, for the buyer to keep.
    let link = order(&up, 1)["link"].as_str().expect("a link").to_owned();
    let token = link.strip_prefix("https://tickets.test/#").expect("the page");
    let shown = http::get(host(&up), &format!("/claims/{token}"), &[]).expect("it answers");
    assert!(shown.body.contains(&code), "{}", shown.body);
    // One of the two is claimed in time; its code is worth nothing then.
    let link = order(&up, 2)["link"].as_str().expect("a link").to_owned();
    let token = link.strip_prefix("https://tickets.test/#").expect("the page");
    let wallet = json!({ "address": person(5).address() }).to_string();
    let bound =
        http::post(host(&up), &format!("/claims/{token}"), &[], &wallet).expect("it answers");
    assert_eq!(bound.status, 200, "{}", bound.body);
    wait("the mint", || (order(&up, 2)["state"] == "minted").then_some(()));
    assert_eq!(order(&up, 2).get("code"), None);

    let layer = contract(&up);
    let dir = layer_dir.to_str().expect("a plain name");
    mayfly::json(&["close", "--dir", dir]);
    let buyer = person(6).address();
    let early = claim(&anvil, layer, &"11".repeat(32), buyer).expect_err("nobody's code");
    assert!(early.contains("nothing waits for this code"), "{early}");
    let late = claim(&anvil, layer, &other, buyer).expect_err("it was claimed in time");
    assert!(late.contains("nothing waits for this code"), "{late}");
    let vault = code.parse::<ClaimCode>().expect("a code").vault();
    let claimed = claim(&anvil, layer, &code, buyer).expect("it is the buyer's");
    let expected = json!({ "exits": 1, "released": 1, "vault": vault, "to": buyer });
    assert_eq!(claimed, expected);
    let twin = ask(anvil.rpc(), layer, &tokenOfCall { index: 1 });
    let held = ask(anvil.rpc(), twin, &FlashTwin721::balanceOfCall { owner: buyer });
    assert_eq!(held, U256::ONE);
    // Whoever has the code as well comes too late.
    let again = claim(&anvil, layer, &code, person(7).address()).expect("nothing is left");
    assert_eq!(again["released"], 0);
    assert_eq!(ask(anvil.rpc(), twin, &FlashTwin721::balanceOfCall { owner: buyer }), U256::ONE);
}
