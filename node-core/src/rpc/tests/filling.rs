use alloy_primitives::{B256, hex};
use alloy_rlp::Decodable;
use serde_json::json;

use super::kit::{CHAIN_ID, Chain, STORE, account, call, raw, transfer};
use crate::chain::EthereumBlock;

#[test]
fn a_transaction_is_filled_so_that_only_a_signature_is_missing() {
    let chain = Chain::layer();
    chain.send(&transfer(0, 0));
    let filled = chain.ask(
        "eth_fillTransaction",
        json!([{ "from": account(0), "to": account(1), "value": "0x1" }]),
    );
    let tx = &filled["tx"];
    assert_eq!((&tx["nonce"], &tx["gas"]), (&json!("0x1"), &json!("0x5208")));
    assert_eq!(tx["chainId"], json!(format!("{CHAIN_ID:#x}")));
    assert_eq!((&tx["maxFeePerGas"], &tx["maxPriorityFeePerGas"]), (&json!("0x6"), &json!("0x0")));
    assert!(filled["raw"].as_str().expect("hex").starts_with("0x02"));
}

#[test]
fn the_pool_shows_what_waits_and_what_waits_behind_a_gap() {
    let chain = Chain::layer();
    chain.send(&transfer(0, 0));
    chain.send(&transfer(0, 2));
    assert_eq!(chain.ask("txpool_status", json!([])), json!({ "pending": "0x1", "queued": "0x1" }));
    let sender = account(0).to_string();
    let content = chain.ask("txpool_content", json!([]));
    assert_eq!(content["pending"][&sender]["0"]["hash"], json!(transfer(0, 0).hash()));
    assert_eq!(content["queued"][&sender]["2"]["hash"], json!(transfer(0, 2).hash()));
    let from = chain.ask("txpool_contentFrom", json!([account(0)]));
    assert_eq!(from["pending"], content["pending"][&sender]);
    let nobody = chain.ask("txpool_contentFrom", json!([account(1)]));
    assert_eq!(nobody, json!({ "pending": {}, "queued": {} }));
    assert!(chain.ask("txpool_inspect", json!([]))["pending"][&sender]["0"].is_string());
}

#[test]
fn raw_blocks_and_transactions_are_ethereums_encoding() {
    let chain = Chain::layer();
    let tx = call(0, 0, STORE, B256::with_last_byte(1));
    chain.include(&tx);
    let decode = |method: &str| {
        let text = chain.ask(method, json!(["0x1"]));
        hex::decode(text.as_str().expect("hex")).expect("hex")
    };
    let block =
        EthereumBlock::decode(&mut decode("debug_getRawBlock").as_slice()).expect("a block");
    assert_eq!(block.header.hash_slow(), chain.committed(1).header.hash());
    assert_eq!((block.body.transactions.len(), block.body.ommers.len()), (1, 0));
    assert_eq!(decode("debug_getRawHeader"), alloy_rlp::encode(&block.header));
    assert_eq!(chain.ask("debug_getRawTransaction", json!([tx.hash()])), json!(raw(&tx)));
    assert_eq!(chain.ask("debug_getRawReceipts", json!(["0x1"])).as_array().map(Vec::len), Some(1));
    let unprefixed = json!(["1000000000000000000000000000000000000000000000000000000000000001"]);
    assert_eq!(chain.fail("debug_getRawTransaction", unprefixed)["code"], -32602);
}

#[test]
fn several_slots_are_read_at_once() {
    let chain = Chain::layer();
    chain.include(&call(0, 0, STORE, B256::with_last_byte(1)));
    let asked = json!([{ STORE.to_string(): ["0x0", "0x1"], account(7).to_string(): ["0x0"] }]);
    let values = chain.ask("eth_getStorageValues", asked);
    let store = STORE.to_string().to_lowercase();
    assert_eq!(values[&store], json!([B256::with_last_byte(1), B256::ZERO]));
    assert_eq!(chain.fail("eth_getStorageValues", json!([{}]))["code"], -32602);
    let info = chain.ask("eth_getAccountInfo", json!([account(7), "latest"]));
    assert_eq!(info, json!({ "balance": "0x0", "nonce": "0x0", "code": "0x" }));
}

#[test]
fn an_access_list_names_the_slots_that_a_call_touches() {
    let chain = Chain::layer();
    let listed = chain.ask("eth_createAccessList", json!([{ "to": STORE, "input": B256::ZERO }]));
    assert_eq!(listed["accessList"][0]["storageKeys"], json!([B256::ZERO]));
    assert!(listed.get("error").is_none());
}

#[test]
fn a_layer_says_that_it_is_in_osaka_for_ever() {
    let chain = Chain::layer();
    let config = chain.ask("eth_config", json!([]));
    assert_eq!((&config["next"], &config["last"]), (&json!(null), &json!(null)));
    assert_eq!(config["current"]["precompiles"].as_object().map(serde_json::Map::len), Some(18));
    assert_eq!(config["current"]["systemContracts"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(chain.ask("eth_baseFee", json!([])), "0x3");
    let capabilities = chain.ask("eth_capabilities", json!([]));
    assert_eq!(capabilities["state"]["disabled"], false);
}
