use alloy_primitives::{Address, B256, TxHash};
use futures::executor::block_on;
use serde_json::{Value, json};

use super::kit::{Chain, REVERTER, START_MS, account, call, deposit, raw, transfer};
use crate::{
    chain::Phase,
    codec::record::Dropped,
    flow::phase,
    rpc::{SYNC_DEFAULT_MS, SYNC_MAX_MS},
};

fn status(chain: &Chain, hash: TxHash) -> Value {
    chain.ask("mayfly_transactionStatus", json!([hash]))
}

fn next_nonce(chain: &Chain, i: u8) -> Value {
    chain.ask("eth_getTransactionCount", json!([account(i), "pending"]))
}

#[test]
fn a_sent_transaction_waits_then_is_included() {
    let chain = Chain::layer();
    let hash = chain.send(&transfer(0, 0));
    assert_eq!(status(&chain, hash)["state"], "waiting");
    let pending = chain.ask("eth_getTransactionByHash", json!([hash]));
    assert_eq!((&pending["blockHash"], &pending["from"]), (&json!(null), &json!(account(0))));
    assert_eq!(chain.ask("eth_getTransactionReceipt", json!([hash])), json!(null));
    chain.commit();
    let block = chain.node.replica.head().header.hash();
    let included = json!({
        "state": "included", "blockHash": block, "blockNumber": "0x1", "transactionIndex": "0x0"
    });
    assert_eq!(status(&chain, hash), included);
    assert_eq!(chain.ask("eth_getTransactionReceipt", json!([hash]))["blockHash"], json!(block));
}

#[test]
fn sending_again_is_the_same_as_once() {
    let chain = Chain::layer();
    let tx = transfer(0, 0);
    chain.send(&tx);
    chain.send(&tx);
    chain.commit();
    chain.send(&tx);
    chain.commit();
    assert_eq!(chain.node.replica.transaction_count(), 1);
}

#[test]
fn a_batch_of_transactions_is_as_one_after_the_other() {
    let chain = Chain::layer();
    let committed = chain.include(&transfer(1, 0));
    let request = |id: Value, raw: String| {
        let method = "eth_sendRawTransaction";
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": [raw] })
    };
    let mut silent = request(json!(0), raw(&transfer(0, 1)));
    silent.as_object_mut().expect("an object").remove("id");
    let nonce = json!({ "jsonrpc": "2.0", "id": "n", "method": "eth_getTransactionCount",
        "params": [account(0), "pending"] });
    let batch = json!([
        request(json!("a"), raw(&transfer(0, 0))),
        request(json!("b"), "0xff".to_owned()),
        silent,
        request(json!("c"), "not hex".to_owned()),
        request(json!("d"), raw(&transfer(1, 0))),
        request(json!("e"), raw(&transfer(7, 0))),
        request(json!("f"), raw(&transfer(0, 0))),
        nonce,
        request(json!("g"), raw(&transfer(0, 2))),
    ]);
    let answers = chain.post(&batch.to_string()).expect("an answer");
    let seen: Vec<_> = answers.as_array().expect("a list").iter().collect();
    let ids: Vec<_> = seen.iter().map(|one| one["id"].as_str().expect("as sent")).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "e", "f", "n", "g"]);
    let hash = |at: usize| seen[at]["result"].clone();
    let first = json!(transfer(0, 0).hash());
    assert_eq!((hash(0), hash(3), hash(5)), (first.clone(), json!(committed), first));
    assert_eq!(hash(6), "0x2", "it sees the ones before it, not the one after it");
    assert_eq!(hash(7), json!(transfer(0, 2).hash()));
    let codes = [1, 2, 4].map(|at| seen[at]["error"]["code"].as_i64());
    assert_eq!(codes, [Some(-32000), Some(-32602), Some(-32000)], "{answers}");
    chain.commit();
    assert_eq!(chain.node.replica.transaction_count(), 4);
}

#[test]
fn pending_counts_what_waits_without_a_gap() {
    let chain = Chain::layer();
    assert_eq!(next_nonce(&chain, 0), "0x0");
    [0, 1, 3].into_iter().for_each(|nonce| {
        chain.send(&transfer(0, nonce));
    });
    assert_eq!(next_nonce(&chain, 0), "0x2", "2 is missing");
    assert_eq!(chain.ask("eth_getTransactionCount", json!([account(0), "latest"])), "0x0");
    chain.send(&transfer(0, 2));
    assert_eq!(next_nonce(&chain, 0), "0x4");
    chain.commit();
    assert_eq!(next_nonce(&chain, 0), "0x4");
    assert_eq!(next_nonce(&chain, 1), "0x0");
}

/// The writer forgets what it included before readers see the block.
#[test]
fn what_the_inbox_forgot_is_seen_in_the_log() {
    let chain = Chain::layer();
    let hash = chain.send(&transfer(0, 0));
    chain.commit();
    let behind = || {
        let mut reader = Chain::layer();
        reader.node.stores = chain.node.stores.clone();
        assert_eq!(reader.node.replica.head().header.number, 0, "this replica has not followed");
        reader
    };
    assert_eq!(next_nonce(&behind(), 0), "0x1");
    assert_eq!(status(&behind(), hash)["state"], "included");
}

#[test]
fn what_cannot_be_included_is_refused_in_geths_words() {
    let chain = Chain::layer();
    chain.include(&transfer(0, 0));
    let forged = raw(&deposit(0, account(0)));
    let table = [
        (raw(&call(0, 0, Address::ZERO, B256::ZERO)), "nonce too low: next nonce 1, tx nonce 0"),
        (raw(&transfer(8, 0)), "insufficient funds for gas * price + value"),
        (raw(&transfer(0, 500)), "nonce too far ahead: next nonce 1, tx nonce 500"),
        (forged, "transaction type not supported"),
        ("0x02ff".to_owned(), "transaction could not be decoded"),
        ("0x".to_owned(), "transaction could not be decoded"),
    ];
    for (transaction, text) in table {
        let sent = chain.fail("eth_sendRawTransaction", json!([transaction]));
        assert_eq!(sent["code"], -32000, "{sent}");
        assert!(sent["message"].as_str().expect("text").contains(text), "{sent}");
        assert_eq!(chain.fail("eth_sendRawTransactionSync", json!([transaction])), sent);
    }
}

#[test]
fn a_dropped_transaction_says_why() {
    let chain = Chain::layer();
    let tx = transfer(8, 0);
    chain.force(&tx, 0);
    chain.commit();
    let status = status(&chain, *tx.hash());
    assert_eq!(
        (&status["state"], &status["droppedMs"]),
        (&json!("dropped"), &json!(format!("{START_MS:#x}")))
    );
    assert!(status["reason"].as_str().expect("text").contains("insufficient funds"), "{status}");
    assert_eq!(chain.ask("eth_getTransactionReceipt", json!([tx.hash()])), json!(null));
    assert_eq!(chain.ask("eth_getTransactionByHash", json!([tx.hash()])), json!(null));
}

#[test]
fn sync_answers_the_receipt_as_soon_as_it_is_committed() {
    let chain = Chain::layer();
    chain.while_waiting(chain.committer.clone().commit());
    let tx = transfer(0, 0);
    let receipt = chain.ask("eth_sendRawTransactionSync", json!([raw(&tx)]));
    assert_eq!(receipt, chain.ask("eth_getTransactionReceipt", json!([tx.hash()])));
    assert_eq!(chain.now_ms(), START_MS, "no time went by");
    let again = chain.ask("eth_sendRawTransactionSync", json!([raw(&tx)]));
    assert_eq!(again, receipt, "sending again answers the same receipt");
}

#[test]
fn sync_answers_the_receipt_of_a_reverted_transaction() {
    let chain = Chain::layer();
    chain.while_waiting(chain.committer.clone().commit());
    let tx = call(0, 0, REVERTER, B256::ZERO);
    let receipt = chain.ask("eth_sendRawTransactionSync", json!([raw(&tx), 1_000]));
    assert_eq!(receipt["status"], "0x0");
}

#[test]
fn sync_gives_up_with_code_4_and_the_hash() {
    let table = [
        (json!(null), SYNC_DEFAULT_MS),
        (json!("0x64"), 100),
        (json!(700), 700),
        (json!(SYNC_MAX_MS), SYNC_MAX_MS),
        // What is no time-out is the default one.
        (json!(0), SYNC_DEFAULT_MS),
        (json!(SYNC_MAX_MS + 1), SYNC_DEFAULT_MS),
        (json!("soon"), SYNC_DEFAULT_MS),
    ];
    for (timeout, waited_ms) in table {
        let chain = Chain::layer();
        let tx = transfer(0, 0);
        let error = chain.fail("eth_sendRawTransactionSync", json!([raw(&tx), timeout]));
        assert_eq!((&error["code"], &error["data"]), (&json!(4), &json!(tx.hash())), "{timeout}");
        assert_eq!(chain.now_ms() - START_MS, waited_ms, "{timeout}");
        chain.commit();
        assert_eq!(status(&chain, *tx.hash())["state"], "included", "late is not lost");
    }
}

#[test]
fn sync_behind_a_nonce_gap_gives_up_with_code_5() {
    let chain = Chain::layer();
    let tx = transfer(0, 2);
    chain.send(&transfer(0, 0));
    let error = chain.fail("eth_sendRawTransactionSync", json!([raw(&tx)]));
    assert_eq!((&error["code"], &error["data"]), (&json!(5), &json!(tx.hash())));
    let text = error["message"].as_str().expect("text");
    assert!(text.contains("next nonce 1, tx nonce 2"), "{text}");
}

#[test]
fn sync_ends_when_the_transaction_is_dropped() {
    let chain = Chain::layer();
    let tx = transfer(0, 0);
    let (inbox, hash) = (chain.node.stores.inbox.clone(), *tx.hash());
    chain.while_waiting(async move {
        let dropped = Dropped { hash, reason: "replaced by another".into(), dropped_ms: 1 };
        inbox.drop_with_reason(&[dropped]).await.expect("memory");
    });
    let error = chain.fail("eth_sendRawTransactionSync", json!([raw(&tx), "0x2710"]));
    assert_eq!((&error["code"], &error["data"]), (&json!(5), &json!(hash)));
    assert!(error["message"].as_str().expect("text").contains("replaced by another"), "{error}");
    assert!(chain.now_ms() - START_MS < 1_000, "nobody waits for what will not come");
}

#[test]
fn a_draining_layer_takes_nothing() {
    let chain = Chain::layer();
    block_on(phase::advance(&*chain.node.stores.registers, Phase::Open)).expect("open");
    let error = chain.fail("eth_sendRawTransaction", json!([raw(&transfer(0, 0))]));
    assert_eq!(error["code"], -32000);
    assert!(error["message"].as_str().expect("text").contains("phase draining"), "{error}");
}
