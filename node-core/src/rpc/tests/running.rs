use alloy_primitives::{Address, B256, U256, hex};
use alloy_sol_types::{Panic, Revert, SolError};
use serde_json::{Value, json};

use super::kit::{BROKEN, CLOCK, Chain, ETHER, REVERTER, START_MS, STORE, account, transfer};
use crate::rpc::Sends;

fn call(to: Address, input: &[u8]) -> Value {
    json!({ "to": to, "input": hex::encode_prefixed(input) })
}

#[test]
fn a_call_sees_its_block() {
    let chain = Chain::layer();
    (0..2).for_each(|nonce| {
        chain.include(&transfer(0, nonce));
    });
    let number = |at: &str| chain.ask("eth_call", json!([call(CLOCK, &[]), at]));
    assert_eq!(number("latest"), json!(B256::with_last_byte(2)));
    assert_eq!(number("0x1"), json!(B256::with_last_byte(1)));
    assert_eq!(chain.fail("eth_call", json!([call(CLOCK, &[]), "0x3"]))["code"], -32000);
}

#[test]
fn a_call_at_the_newest_block_is_made_now() {
    let mut chain = Chain::layer();
    let tell = json!({ account(7).to_string(): { "code": "0x425f5260205ff3" } });
    let time = |chain: &Chain, at: &str| {
        let answer = chain.ask("eth_call", json!([call(account(7), &[]), at, tell]));
        answer.as_str().and_then(|word| word.parse::<U256>().ok())
    };
    let seconds = |s: u64| Some(U256::from(s));
    let (opened, now) = (START_MS / 1000 - 10, START_MS / 1000);
    assert_eq!(time(&chain, "latest"), seconds(now));
    assert_eq!(time(&chain, "pending"), seconds(now));
    assert_eq!(time(&chain, "0x0"), seconds(opened));
    chain.node.sends = Sends::Refused;
    assert_eq!(time(&chain, "latest"), seconds(opened));
}

#[test]
fn a_revert_is_code_3_with_its_data_and_reason() {
    let chain = Chain::layer();
    let error = Revert::from("sold out").abi_encode();
    let panic = Panic { code: U256::from(0x11) }.abi_encode();
    let table = [
        (error, "execution reverted: sold out"),
        (panic, "execution reverted: arithmetic underflow or overflow"),
        (hex!("deadbeef").to_vec(), "execution reverted"),
        (Vec::new(), "execution reverted"),
    ];
    for (output, message) in table {
        let data = hex::encode_prefixed(&output);
        let expected = json!({ "code": 3, "message": message, "data": data });
        assert_eq!(chain.fail("eth_call", json!([call(REVERTER, &output), "latest"])), expected);
        assert_eq!(chain.fail("eth_estimateGas", json!([call(REVERTER, &output)])), expected);
    }
}

#[test]
fn a_halt_is_said_in_geths_words() {
    let error = Chain::layer().fail("eth_call", json!([call(BROKEN, &[])]));
    assert_eq!(error, json!({ "code": -32000, "message": "invalid jump destination" }));
}

#[test]
fn funds_matter_to_a_call() {
    let chain = Chain::layer();
    let poor = json!([{ "from": account(7), "to": account(0), "value": "0x1" }]);
    let error = chain.fail("eth_call", poor);
    assert_eq!(error["code"], -32000);
    assert!(error["message"].as_str().expect("text").contains("insufficient funds"), "{error}");
}

#[test]
fn overrides_pretend() {
    let chain = Chain::layer();
    let code = json!({ account(7).to_string(): { "code": "0x60055f5260205ff3" } });
    let answer = chain.ask("eth_call", json!([call(account(7), &[]), "latest", code]));
    assert_eq!(answer, json!(B256::with_last_byte(5)));
    let block = json!({ "number": "0x64" });
    let answer = chain.ask("eth_call", json!([call(CLOCK, &[]), "latest", null, block]));
    assert_eq!(answer, json!(B256::with_last_byte(100)));
    assert_eq!(chain.ask("eth_call", json!([call(account(7), &[]), "latest"])), "0x");
}

#[test]
fn an_estimate_is_enough_and_not_too_much() {
    let chain = Chain::layer();
    let transfer = json!([{ "from": account(0), "to": account(1), "value": "0x1" }]);
    assert_eq!(chain.ask("eth_estimateGas", transfer), "0x5208");
    let store = call(STORE, B256::with_last_byte(1).as_slice());
    let gas = chain.ask("eth_estimateGas", json!([store, "latest"]));
    let gas = u64::from_str_radix(&gas.as_str().expect("hex")[2..], 16).expect("hex");
    assert!((43_000..46_000).contains(&gas), "{gas}");
    let too_much = json!([{ "from": account(0), "to": account(1), "value": U256::from(11 * u128::from(ETHER)), "gasPrice": "0x5" }]);
    assert_eq!(chain.fail("eth_estimateGas", too_much)["code"], -32000);
}

#[test]
fn a_request_that_contradicts_itself_is_refused() {
    let chain = Chain::layer();
    let table = [
        (json!({ "input": "0x01", "data": "0x02" }), "both \"data\" and \"input\" are set"),
        (json!({ "gasPrice": "0x1", "maxFeePerGas": "0x1" }), "both gasPrice and"),
        (json!({ "chainId": "0x1" }), "chainId does not match node's (have=1, want=4242)"),
    ];
    for (request, text) in table {
        let error = chain.fail("eth_call", json!([request]));
        assert_eq!(error["code"], -32602);
        assert!(error["message"].as_str().expect("text").contains(text), "{error}");
    }
}
