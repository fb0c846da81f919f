use alloy_primitives::B256;
use serde_json::{Value, json};

use super::kit::{Chain, LOGGER, STORE, call, transfer};
use crate::{
    flow::filter::{IDLE_MS, MOST},
    rpc::Subscriptions,
};

#[test]
fn a_poll_tells_of_what_happened_since_the_one_before() {
    let chain = Chain::layer();
    chain.include(&call(0, 0, LOGGER, B256::ZERO));
    let logs = chain.ask("eth_newFilter", json!([{ "address": LOGGER }]));
    let blocks = chain.ask("eth_newBlockFilter", json!([]));
    let transactions = chain.ask("eth_newPendingTransactionFilter", json!([]));
    let poll = |id: &Value| chain.ask("eth_getFilterChanges", json!([id]));
    assert_eq!(poll(&logs), json!([]), "nothing happened since");
    let tx = call(0, 1, LOGGER, B256::with_last_byte(1));
    chain.include(&tx);
    let told = poll(&logs);
    assert_eq!(told[0]["transactionHash"], json!(tx.hash()));
    assert_eq!(poll(&logs), json!([]), "told once");
    assert_eq!(poll(&blocks), json!([chain.committed(2).header.hash()]));
    assert_eq!(poll(&transactions), json!([tx.hash()]));
    let all = chain.ask("eth_newFilter", json!([{ "address": LOGGER, "fromBlock": "0x0" }]));
    let all = chain.ask("eth_getFilterLogs", json!([all]));
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    assert_eq!(chain.fail("eth_getFilterLogs", json!([blocks]))["message"], "filter not found");
}

#[test]
fn a_filter_ends_when_it_is_uninstalled_or_nobody_polls_it() {
    let chain = Chain::layer();
    let id = chain.ask("eth_newBlockFilter", json!([]));
    assert_eq!(chain.ask("eth_uninstallFilter", json!([id])), true);
    assert_eq!(chain.ask("eth_uninstallFilter", json!([id])), false);
    let missing = json!({ "code": -32000, "message": "filter not found" });
    assert_eq!(chain.fail("eth_getFilterChanges", json!([id])), missing);
    let idle = chain.ask("eth_newBlockFilter", json!([]));
    chain.advance_ms(IDLE_MS / 2);
    assert_eq!(chain.ask("eth_getFilterChanges", json!([idle])), json!([]));
    chain.advance_ms(IDLE_MS);
    chain.ask("eth_getFilterChanges", json!([idle]));
    chain.advance_ms(IDLE_MS + 1);
    assert_eq!(chain.fail("eth_getFilterChanges", json!([idle])), missing);
}

#[test]
fn filters_take_a_bounded_place_and_old_ones_make_room() {
    let chain = Chain::layer();
    let install = || {
        chain.post(r#"{"jsonrpc":"2.0","id":1,"method":"eth_newBlockFilter"}"#).expect("an answer")
    };
    let later = |_| {
        chain.advance_ms(1);
        install().get("error").cloned()
    };
    let refused = (0..2 * u32::from(MOST)).find_map(later);
    assert_eq!(refused.expect("there is no room for twice as many")["code"], -32005);
    chain.advance_ms(IDLE_MS + 1);
    assert!(install().get("error").is_none());
}

#[test]
fn a_connection_is_told_of_blocks_logs_and_transactions() {
    let chain = Chain::layer();
    let mut subscriptions = Subscriptions::default();
    let mut subscribe = |params: Value| {
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": params });
        let answer = subscriptions.answer(&chain.node, request.to_string().as_bytes());
        serde_json::from_slice::<Value>(&answer.expect("about subscriptions").answer).expect("JSON")
    };
    let heads = subscribe(json!(["newHeads"]))["result"].clone();
    let logs = subscribe(json!(["logs", { "address": LOGGER }]))["result"].clone();
    let hashes = subscribe(json!(["newPendingTransactions"]))["result"].clone();
    assert_eq!(subscribe(json!(["syncing"]))["error"]["code"], -32602);
    let tx = call(0, 0, LOGGER, B256::ZERO);
    chain.include(&tx);
    chain.include(&call(0, 1, STORE, B256::ZERO));
    let (news, last) = told(&chain, &subscriptions, 0);
    assert_eq!(last, 2);
    let of = |id: &Value| {
        news.iter().filter(|one| one["params"]["subscription"] == *id).collect::<Vec<_>>()
    };
    assert_eq!(of(&heads).len(), 2);
    assert_eq!(of(&heads)[0]["params"]["result"]["hash"], json!(chain.committed(1).header.hash()));
    assert_eq!(of(&logs).len(), 1);
    assert_eq!(of(&hashes)[0]["params"]["result"], json!(tx.hash()));
    let end = json!({ "jsonrpc": "2.0", "id": 2, "method": "eth_unsubscribe", "params": [heads] });
    let answer = subscriptions.answer(&chain.node, end.to_string().as_bytes()).expect("about them");
    assert_eq!(serde_json::from_slice::<Value>(&answer.answer).expect("JSON")["result"], true);
    chain.include(&transfer(0, 2));
    let (news, _) = told(&chain, &subscriptions, last);
    assert!(news.iter().all(|one| one["params"]["subscription"] == hashes), "{news:?}");
    assert!(
        subscriptions
            .answer(&chain.node, br#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#)
            .is_none()
    );
}

#[test]
fn subscriptions_are_kept_as_json_and_tell_of_what_came_after_them() {
    let chain = Chain::layer();
    let mut subscriptions = Subscriptions::default();
    let subscribe = |to: &mut Subscriptions, params: Value| subscribe(&chain, to, params);
    let topics = json!([B256::ZERO, [B256::ZERO, B256::with_last_byte(1)], null]);
    let filter = json!({ "address": [LOGGER, STORE], "topics": topics });
    for params in [
        json!(["newHeads"]),
        json!(["logs", {}]),
        json!(["logs", filter]),
        json!(["logs", { "address": LOGGER, "topics": [] }]),
        json!(["newPendingTransactions", true]),
    ] {
        assert!(subscribe(&mut subscriptions, params.clone())["error"].is_null(), "{params}");
    }
    chain.include(&transfer(0, 0));
    let late = subscribe(&mut subscriptions, json!(["newHeads"]))["result"].clone();
    chain.include(&transfer(0, 1));
    let kept = serde_json::to_string(&subscriptions).expect("JSON");
    let kept: Subscriptions = serde_json::from_str(&kept).expect("what was written");
    assert_eq!(kept, subscriptions);
    assert_eq!(kept.since(), Some(0));
    let (news, _) = told(&chain, &kept, 0);
    let of_late: Vec<_> = news.iter().filter(|one| one["params"]["subscription"] == late).collect();
    assert_eq!(of_late.len(), 1, "{news:?}");
    assert_eq!(of_late[0]["params"]["result"]["number"], "0x2");
    let addresses: Vec<_> = (0..7_000).map(|number| format!("0x{number:040x}")).collect();
    let large = json!(["logs", { "address": addresses }]);
    let refused =
        (0..10).find_map(|_| subscribe(&mut subscriptions, large.clone()).get("error").cloned());
    assert_eq!(refused.expect("it fits no item")["code"], -32005);
}

fn subscribe(chain: &Chain, to: &mut Subscriptions, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": params });
    let answered = to.answer(&chain.node, request.to_string().as_bytes());
    serde_json::from_slice(&answered.expect("about subscriptions").answer).expect("JSON")
}

fn told(chain: &Chain, subscriptions: &Subscriptions, told: u64) -> (Vec<Value>, u64) {
    let news = futures::executor::block_on(subscriptions.news(&chain.node, told));
    let (news, last) = news.expect("memory");
    (news.iter().map(|one| serde_json::from_slice(one).expect("JSON")).collect(), last)
}
