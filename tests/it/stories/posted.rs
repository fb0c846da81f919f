use alloy::{
    hex,
    primitives::{Address, B256, TxKind, U256, utils::parse_ether},
    sol_types::SolCall,
};
use mayfly_contracts::FlashLayer::{Exit, claimCall};
use serde_json::{Value, json};

use crate::{
    anvil::{self, KEY, act, balance, contract, deposit, number, person, ticking, wait},
    mayfly::{self, Up},
};

/// The inputs of blocks are posted while the layer runs, so that `safe` follows, and what is on the L1 is enough to build
/// the layer again: when it runs, when it is gone, with every exit.
fn rebuilt_from(post: &str) {
    let anvil = ticking();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = anvil.url();
    let arguments = ["--l1", &url, "--l1-key", KEY, "--post", post, "--post-after", "0s"];
    let up = Up::start(dir.path(), &arguments);
    let layer = contract(&up).to_string();
    let ether = |amount| parse_ether(amount).expect("a number");
    for i in [1, 2] {
        deposit(anvil.rpc(), contract(&up), person(i).address(), ether("5"));
    }
    let arrived = |i| balance(&up.rpc(), person(i).address()) == ether("5");
    wait("deposits on the layer", || (arrived(1) && arrived(2)).then_some(()));
    let to = Address::repeat_byte(0xbb);
    let last = (0..3)
        .map(|_| act(&up, &person(1), TxKind::Call(to), ether("1"), hex!("").into()))
        .map(|receipt| number(&receipt["blockNumber"]))
        .max()
        .expect("three");
    wait("the block to be safe", || {
        let safe = up.rpc().try_call("eth_getBlockByNumber", &json!(["safe", false]));
        let safe = safe.expect("it answers");
        let number = safe["result"]["number"].as_str().map(|_| number(&safe["result"]["number"]));
        number.filter(|number| *number >= last)
    });

    let rebuild = || mayfly::json(&["rebuild", "--l1", &url, "--layer", &layer]);
    let running = rebuild();
    let block = format!("{:#x}", running["blocks"].as_u64().expect("a number"));
    let block = up.rpc().call("eth_getBlockByNumber", &json!([block, false]));
    assert_eq!(running["stateRoot"], block["stateRoot"]);
    assert_eq!(running["lastBlockHash"], block["hash"]);
    assert_eq!((&running["deposits"], &running["exits"]), (&json!(2), &json!([])));

    let path = dir.path().to_str().expect("a plain name");
    let ended = mayfly::json(&["close", "--dir", path]);
    let gone = rebuild();
    assert_eq!(gone["stateRoot"], ended["ended"]["stateRoot"]);
    let exits = gone["exits"].as_array().expect("a list");
    let sum: U256 = exits.iter().map(|exit| quantity(&exit["value"])).sum();
    assert_eq!((exits.len(), sum), (3, ether("10")));
    exits.iter().for_each(|exit| contract_takes(&anvil, &layer, exit));
}

/// The layer's contract would pay this exit with this proof, and not with another one.
fn contract_takes(anvil: &mayfly_it::Anvil, layer: &str, exit: &Value) {
    let proof: Vec<B256> = serde_json::from_value(exit["proof"].clone()).expect("hashes");
    let e = Exit {
        asset: u32::try_from(exit["asset"].as_u64().expect("a number")).expect("32 bits"),
        recipient: anvil::address(&exit["recipient"]),
        id: quantity(&exit["id"]),
        value: quantity(&exit["value"]),
    };
    let index = U256::from(exit["index"].as_u64().expect("a number"));
    let claim = |e: Exit| {
        let input = hex::encode_prefixed(claimCall { index, e, proof: proof.clone() }.abi_encode());
        let call = json!([{ "to": layer, "input": input }, "latest"]);
        anvil.rpc().try_call("eth_call", &call).expect("anvil answers")
    };
    let answer = claim(e.clone());
    assert!(answer.get("error").is_none(), "{exit}: {answer}");
    let more = claim(Exit { value: e.value + U256::ONE, ..e });
    assert!(more.get("error").is_some(), "{exit}: {more}");
}

fn quantity(value: &Value) -> U256 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("a number: {value}"))
}

#[test]
fn blobs_on_anvil_rebuild_the_layer_by_its_command() {
    rebuilt_from("blobs");
}

#[test]
fn calldata_on_anvil_rebuilds_the_layer_by_its_command() {
    rebuilt_from("calldata");
}
