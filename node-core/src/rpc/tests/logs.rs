use alloy_primitives::{Address, B256};
use serde_json::{Value, json};

use super::kit::{Chain, LOGGER, MANY, call, transfer};
use crate::rpc::MAX_LOGS;

fn topic(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

/// Topics 1 to 3 in blocks 1 to 3, nothing in block 4.
fn logged() -> Chain {
    let chain = Chain::layer();
    for nonce in 0..3 {
        let byte = u8::try_from(nonce + 1).expect("small");
        chain.include(&call(0, nonce, LOGGER, topic(byte)));
    }
    chain.include(&transfer(1, 0));
    chain
}

/// Numbers of the blocks that have matching logs.
fn blocks(chain: &Chain, filter: Value) -> Vec<Value> {
    let logs = chain.ask("eth_getLogs", json!([filter]));
    logs.as_array().expect("a list").iter().map(|log| log["blockNumber"].clone()).collect()
}

#[test]
fn a_filter_takes_ranges_addresses_and_topics() {
    let chain = logged();
    let all = |more: Value| {
        let mut filter = json!({ "fromBlock": "earliest", "toBlock": "latest" });
        filter
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        blocks(&chain, filter)
    };
    assert_eq!(all(json!({})), ["0x1", "0x2", "0x3"]);
    assert_eq!(all(json!({ "address": LOGGER })).len(), 3);
    assert_eq!(all(json!({ "address": [LOGGER, MANY] })).len(), 3);
    assert!(all(json!({ "address": MANY })).is_empty());
    assert_eq!(all(json!({ "topics": [topic(2)] })), ["0x2"]);
    assert_eq!(all(json!({ "topics": [[topic(1), topic(3)]] })), ["0x1", "0x3"]);
    assert_eq!(all(json!({ "topics": [null] })).len(), 3);
    assert!(all(json!({ "topics": [null, topic(1)] })).is_empty(), "there is no second topic");
    assert!(all(json!({ "topics": [topic(9)] })).is_empty());
}

#[test]
fn a_range_is_the_newest_block_unless_said() {
    let chain = logged();
    assert!(blocks(&chain, json!({})).is_empty(), "block 4 has no log");
    assert_eq!(blocks(&chain, json!({ "fromBlock": "0x2" })), ["0x2", "0x3"]);
    assert_eq!(blocks(&chain, json!({ "fromBlock": "0x1", "toBlock": "0x2" })), ["0x1", "0x2"]);
    assert_eq!(blocks(&chain, json!({ "fromBlock": "0x2", "toBlock": "0x99" })), ["0x2", "0x3"]);
    assert!(blocks(&chain, json!({ "fromBlock": "0x99" })).is_empty());
    let error = chain.fail("eth_getLogs", json!([{ "fromBlock": "0x3", "toBlock": "0x2" }]));
    assert_eq!(error, json!({ "code": -32602, "message": "invalid block range params" }));
}

#[test]
fn a_block_hash_names_one_block() {
    let chain = logged();
    let hash = chain.committed(2).header.hash();
    assert_eq!(blocks(&chain, json!({ "blockHash": hash })), ["0x2"]);
    assert!(blocks(&chain, json!({ "blockHash": hash, "address": Address::ZERO })).is_empty());
    let unknown = chain.fail("eth_getLogs", json!([{ "blockHash": topic(1) }]));
    assert_eq!(unknown["code"], -32000);
    let both = chain.fail("eth_getLogs", json!([{ "blockHash": hash, "fromBlock": "0x1" }]));
    assert_eq!(both["code"], -32602);
}

#[test]
fn a_log_says_where_it_is() {
    let chain = logged();
    let log = &chain.ask("eth_getLogs", json!([{ "topics": [topic(2)], "fromBlock": "0x0" }]))[0];
    let block = chain.committed(2);
    assert_eq!(log["blockHash"], json!(block.header.hash()));
    assert_eq!(log["blockTimestamp"], json!(format!("{:#x}", block.header.timestamp)));
    assert_eq!(log["transactionHash"], json!(call(0, 1, LOGGER, topic(2)).hash()));
    assert_eq!((&log["logIndex"], &log["removed"]), (&json!("0x0"), &json!(false)));
}

#[test]
fn too_many_logs_are_refused_with_a_range_that_works() {
    let chain = Chain::layer();
    let most = B256::left_padding_from(&u16::try_from(MAX_LOGS).expect("small").to_be_bytes());
    chain.include(&call(0, 0, MANY, most));
    chain.include(&call(0, 1, MANY, most));
    let error = chain.fail("eth_getLogs", json!([{ "fromBlock": "earliest" }]));
    assert_eq!(
        (&error["code"], &error["data"]),
        (&json!(-32005), &json!({ "from": "0x0", "to": "0x1" }))
    );
    let text = error["message"].as_str().expect("text");
    assert!(text.contains("Try with this block range [0x0, 0x1]"), "{text}");
    let (from, to) = (&error["data"]["from"], &error["data"]["to"]);
    assert_eq!(blocks(&chain, json!({ "fromBlock": from, "toBlock": to })).len(), MAX_LOGS);
}

#[test]
fn one_block_is_answered_whatever_it_holds() {
    let chain = Chain::layer();
    let half = B256::left_padding_from(&6_000_u16.to_be_bytes());
    chain.send(&call(0, 0, MANY, half));
    chain.send(&call(1, 0, MANY, half));
    chain.commit();
    assert_eq!(blocks(&chain, json!({ "fromBlock": "0x1", "toBlock": "0x1" })).len(), 12_000);
}
