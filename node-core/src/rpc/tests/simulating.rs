use alloy_primitives::{Address, B256};
use serde_json::{Value, json};

use super::kit::{CLOCK, Chain, LOGGER, REVERTER, STORE, account};

fn simulate(chain: &Chain, blocks: Value) -> Value {
    chain.ask("eth_simulateV1", json!([{ "blockStateCalls": blocks }, "latest"]))
}

#[test]
fn simulated_blocks_follow_each_other_and_see_what_was_before() {
    let chain = Chain::layer();
    let write = json!({ "from": account(0), "to": STORE, "input": B256::with_last_byte(9) });
    let code = json!({ account(7).to_string(): { "code": "0x5f545f5260205ff3" } });
    let clock = json!({ "to": CLOCK });
    let blocks = simulate(
        &chain,
        json!([{ "calls": [write, clock] }, { "stateOverrides": code, "calls": [clock] }]),
    );
    assert_eq!(blocks[1]["parentHash"], blocks[0]["hash"]);
    assert_eq!(blocks[0]["calls"][1]["returnData"], json!(B256::with_last_byte(1)));
    assert_eq!(blocks[1]["calls"][0]["returnData"], json!(B256::with_last_byte(2)));
    assert_eq!(
        chain.ask("eth_getStorageAt", json!([STORE, "0x0"])),
        json!(B256::ZERO),
        "nothing is kept"
    );
    assert_eq!(chain.ask("eth_blockNumber", json!([])), "0x0");
}

#[test]
fn gaps_are_filled_and_order_is_checked() {
    let chain = Chain::layer();
    let blocks = simulate(&chain, json!([{ "blockOverrides": { "number": "0x3" } }]));
    assert_eq!(blocks.as_array().map(Vec::len), Some(3));
    let fail = |blocks: Value| {
        chain.fail("eth_simulateV1", json!([{ "blockStateCalls": blocks }]))["code"].clone()
    };
    assert_eq!(fail(json!([{ "blockOverrides": { "number": "0x0" } }])), -38020);
    assert_eq!(fail(json!([{ "blockOverrides": { "time": "0x1" } }])), -38021);
    assert_eq!(fail(json!([{ "blockOverrides": { "number": "0x101" } }])), -38026);
    assert_eq!(fail(json!([])), -32602);
}

#[test]
fn a_call_that_reverts_says_so_and_others_go_on() {
    let chain = Chain::layer();
    let revert = json!({ "to": REVERTER, "input": "0xdeadbeef" });
    let log = json!({ "to": LOGGER, "input": B256::with_last_byte(4) });
    let blocks = simulate(&chain, json!([{ "calls": [revert, log] }]));
    let calls = &blocks[0]["calls"];
    assert_eq!((&calls[0]["status"], &calls[0]["error"]["code"]), (&json!("0x0"), &json!(3)));
    assert_eq!(calls[0]["error"]["data"], "0xdeadbeef");
    assert_eq!(calls[1]["logs"][0]["topics"], json!([B256::with_last_byte(4)]));
    assert_eq!(calls[1]["logs"][0]["blockHash"], blocks[0]["hash"]);
}

#[test]
fn moved_eth_is_logged_when_asked_for() {
    let chain = Chain::layer();
    let send = json!({ "from": account(0), "to": account(7), "value": "0x5" });
    let payload = json!({ "blockStateCalls": [{ "calls": [send] }], "traceTransfers": true });
    let blocks = chain.ask("eth_simulateV1", json!([payload]));
    assert_eq!(blocks[0]["calls"][0]["logs"][0]["address"], json!(Address::repeat_byte(0xee)));
    assert_eq!(
        blocks[0]["receiptsRoot"],
        simulate(&chain, json!([{ "calls": [send] }]))[0]["receiptsRoot"]
    );
}

#[test]
fn eth_that_was_taken_back_leaves_a_number_but_no_log() {
    let chain = Chain::layer();
    let logs = |code: &str| {
        let send = json!({ "from": account(0), "to": account(7), "value": "0x5" });
        let state = json!({ account(7).to_string(): { "code": code } });
        let block = json!({ "stateOverrides": state, "calls": [send] });
        let payload = json!({ "blockStateCalls": [block], "traceTransfers": true });
        chain.ask("eth_simulateV1", json!([payload]))[0]["calls"][0]["logs"].clone()
    };
    let indexes = |logs: &Value| -> Vec<Value> {
        logs.as_array().expect("a list").iter().map(|log| log["logIndex"].clone()).collect()
    };
    // Sends 1 wei to REVERTER, which does not take it, then logs.
    let refused = logs("0x5f5f5f5f600160aa5af1505f5fa000");
    assert_eq!(indexes(&refused), ["0x0", "0x2"], "{refused}");
    assert_eq!(refused[1]["address"], json!(account(7)));
    // Ends and leaves all to REVERTER, which is not asked.
    let left = logs("0x60aaff");
    assert_eq!(indexes(&left), ["0x0", "0x1"], "{left}");
    assert_eq!(left[1]["topics"][2], json!(REVERTER.into_word()));
}

#[test]
fn with_validation_nonce_and_price_matter() {
    let chain = Chain::layer();
    let fail = |call: Value| {
        let payload = json!({ "blockStateCalls": [{ "calls": [call] }], "validation": true });
        chain.fail("eth_simulateV1", json!([payload]))["code"].clone()
    };
    let to = account(7);
    assert_eq!(fail(json!({ "from": account(0), "to": to })), -38012);
    assert_eq!(
        fail(json!({ "from": account(0), "to": to, "maxFeePerGas": "0x3", "nonce": "0x5" })),
        -38011
    );
    assert_eq!(fail(json!({ "from": account(7), "to": to, "maxFeePerGas": "0x3" })), -38014);
}

#[test]
fn a_moved_precompile_answers_where_it_is_now() {
    let chain = Chain::layer();
    let identity = Address::with_last_byte(4);
    let overrides = json!({ identity.to_string(): { "movePrecompileToAddress": account(7) } });
    let ask = |to: Address| {
        let call = json!({ "to": to, "input": "0x0102" });
        chain.ask("eth_call", json!([call, "latest", overrides]))
    };
    assert_eq!((ask(account(7)), ask(identity)), (json!("0x0102"), json!("0x")));
    let wrong = json!({ STORE.to_string(): { "movePrecompileToAddress": account(7) } });
    assert_eq!(chain.fail("eth_call", json!([{ "to": STORE }, "latest", wrong]))["code"], -32000);
}
