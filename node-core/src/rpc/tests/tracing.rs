use alloy_primitives::{B256, Bytes};
use serde_json::{Value, json};

use super::kit::{Chain, LOGGER, REVERTER, STORE, account, call, create_code, deposit, transfer};
use crate::chain::Transaction;

/// Block 1: a transfer, a store and a call that reverts, of one sender.
fn busy() -> Chain {
    let chain = Chain::layer();
    chain.send(&transfer(0, 0));
    chain.send(&store());
    chain.send(&revert());
    chain.commit();
    assert_eq!(chain.ask("eth_blockNumber", json!([])), "0x1");
    chain
}

fn store() -> Transaction {
    call(0, 1, STORE, B256::with_last_byte(5))
}

fn revert() -> Transaction {
    call(0, 2, REVERTER, B256::repeat_byte(0xab))
}

#[test]
fn the_struct_logger_shows_every_instruction_with_gas_as_in_the_receipt() {
    let chain = busy();
    let hash = json!(store().hash());
    let trace = chain.ask("debug_traceTransaction", json!([hash]));
    let receipt = chain.ask("eth_getTransactionReceipt", json!([hash]));
    assert_eq!(json!(format!("{:#x}", trace["gas"].as_u64().expect("gas"))), receipt["gasUsed"]);
    let ops: Vec<_> = steps(&trace).iter().map(|step| step["op"].clone()).collect();
    assert_eq!(ops, ["PUSH0", "CALLDATALOAD", "PUSH0", "SSTORE", "STOP"]);
    let transfer = chain.ask("debug_traceTransaction", json!([transfer(0, 0).hash()]));
    assert_eq!((&transfer["gas"], steps(&transfer).len()), (&json!(21_000), 0));
}

fn steps(trace: &Value) -> Vec<Value> {
    trace["structLogs"].as_array().expect("an array").clone()
}

#[test]
fn a_transaction_is_traced_on_what_the_ones_before_it_left() {
    let chain = Chain::layer();
    chain.send(&store_of(0, 7));
    chain.send(&store_of(1, 8));
    chain.commit();
    let options = json!({ "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } });
    let trace = chain.ask("debug_traceTransaction", json!([store_of(1, 8).hash(), options]));
    let slot = |when: &str| {
        trace[when][STORE.to_string().to_lowercase()]["storage"][B256::ZERO.to_string()].clone()
    };
    assert_eq!(slot("pre"), json!(B256::with_last_byte(7)));
    assert_eq!(slot("post"), json!(B256::with_last_byte(8)));
}

fn store_of(nonce: u64, value: u8) -> Transaction {
    call(0, nonce, STORE, B256::with_last_byte(value))
}

#[test]
fn the_call_tracer_shows_calls_and_what_they_reverted_with() {
    let chain = busy();
    let options = json!({ "tracer": "callTracer" });
    let traces = chain.ask("debug_traceBlockByNumber", json!(["0x1", options]));
    let traces = traces.as_array().expect("an array");
    assert_eq!(traces.len(), 3);
    assert_eq!(traces[2]["txHash"], json!(revert().hash()));
    let reverted = &traces[2]["result"];
    assert_eq!(
        (&reverted["type"], &reverted["error"]),
        (&json!("CALL"), &json!("execution reverted"))
    );
    assert_eq!(reverted["output"], json!(Bytes::from(B256::repeat_byte(0xab))));
    assert_eq!(reverted["from"], json!(account(0)));
}

#[test]
fn a_deposit_is_traced_as_well() {
    let chain = Chain::layer();
    let deposit = deposit(0, account(7));
    chain.force(&deposit, 1);
    chain.commit();
    let options = json!({ "tracer": "callTracer" });
    let trace = chain.ask("debug_traceTransaction", json!([deposit.hash(), options]));
    assert_eq!((&trace["to"], &trace["value"]), (&json!(account(7)), &json!("0xde0b6b3a7640000")));
}

#[test]
fn a_call_is_traced_with_overrides() {
    let chain = Chain::layer();
    let request = json!({ "to": account(7), "input": "0x" });
    let code = json!({ account(7).to_string(): { "code": "0x60055f5260205ff3" } });
    let trace =
        chain.ask("debug_traceCall", json!([request, "latest", { "stateOverrides": code }]));
    assert_eq!(trace["returnValue"], json!(B256::with_last_byte(5)));
    let unknown = json!([request, "latest", { "tracer": "{}" }]);
    assert_eq!(chain.fail("debug_traceCall", unknown)["code"], -32602);
}

#[test]
fn what_is_not_there_has_no_trace() {
    let chain = Chain::layer();
    let nowhere = B256::repeat_byte(1);
    let missing = json!({ "code": -32000, "message": "transaction not found" });
    assert_eq!(chain.fail("debug_traceTransaction", json!([nowhere])), missing);
    assert_eq!(chain.fail("debug_traceBlockByHash", json!([nowhere]))["code"], -32000);
    assert_eq!(chain.ask("debug_traceBlockByNumber", json!(["0x0"])), json!([]));
    assert_eq!(chain.ask("trace_transaction", json!([nowhere])), json!(null));
}

#[test]
fn flat_traces_name_block_and_transaction() {
    let chain = busy();
    let traces = chain.ask("trace_block", json!(["latest"]));
    assert_eq!(traces.as_array().map(Vec::len), Some(3));
    assert_eq!(traces[1]["transactionHash"], json!(store().hash()));
    assert_eq!(
        (&traces[1]["blockNumber"], &traces[1]["transactionPosition"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(traces[0]["result"], json!({ "gasUsed": "0x0", "output": "0x" }), "only the call's");
    assert_eq!(traces[2]["error"], "Reverted");
    assert_eq!(chain.ask("trace_transaction", json!([store().hash()])), json!([traces[1]]));
    let to_store = json!([{ "fromBlock": "0x0", "toBlock": "0x5", "toAddress": [STORE] }]);
    assert_eq!(chain.ask("trace_filter", to_store), json!([traces[1]]));
    let second = json!([{ "fromBlock": "0x1", "after": 1, "count": 1 }]);
    assert_eq!(chain.ask("trace_filter", second), json!([traces[1]]));
    let endless =
        chain.fail("trace_filter", json!([{ "fromBlock": "0x1", "toBlock": "0x1" , "mode": "x" }]));
    assert_eq!(endless["code"], -32602);
}

#[test]
fn a_replay_shows_what_the_state_changed_to() {
    let chain = busy();
    let replayed =
        chain.ask("trace_replayTransaction", json!([store().hash(), ["stateDiff", "trace"]]));
    let diff =
        &replayed["stateDiff"][STORE.to_string().to_lowercase()]["storage"][B256::ZERO.to_string()];
    assert_eq!(diff["*"]["to"], json!(B256::with_last_byte(5)));
    let all = chain.ask("trace_replayBlockTransactions", json!(["0x1", ["trace"]]));
    assert_eq!(all[1]["trace"], replayed["trace"]);
    let call = json!([{ "to": LOGGER, "input": B256::ZERO }, ["trace"], "latest"]);
    assert_eq!(chain.ask("trace_call", call)["trace"][0]["type"], "call");
}

#[test]
fn otterscan_finds_its_way() {
    let chain = busy();
    assert_eq!(chain.ask("ots_getApiLevel", json!([])), 8);
    assert_eq!(chain.ask("ots_hasCode", json!([STORE, "latest"])), true);
    assert_eq!(chain.ask("ots_hasCode", json!([account(0), "latest"])), false);
    let error = chain.ask("ots_getTransactionError", json!([revert().hash()]));
    assert_eq!(error, json!(B256::repeat_byte(0xab)));
    assert_eq!(chain.ask("ots_getTransactionError", json!([store().hash()])), "0x");
    let by_nonce = chain.ask("ots_getTransactionBySenderAndNonce", json!([account(0), 1]));
    assert_eq!(by_nonce, json!(store().hash()));
    assert_eq!(
        chain.ask("ots_getTransactionBySenderAndNonce", json!([account(0), 3])),
        json!(null)
    );
    let details = chain.ask("ots_getBlockDetails", json!(["0x1"]));
    assert_eq!(details["block"]["transactionCount"], 3);
    let page = chain.ask("ots_getBlockTransactions", json!(["0x1", 1, 2]));
    assert_eq!(page["fullblock"]["transactions"][0]["hash"], json!(revert().hash()));
    assert_eq!(page["receipts"].as_array().map(Vec::len), Some(1));
    let found = chain.ask("ots_searchTransactionsBefore", json!([STORE, 0, 25]));
    assert_eq!(found["txs"][0]["hash"], json!(store().hash()));
    assert_eq!((&found["firstPage"], &found["lastPage"]), (&json!(true), &json!(true)));
    let entries = chain.ask("ots_traceTransaction", json!([store().hash()]));
    assert_eq!(entries[0]["to"], json!(STORE));
    assert_eq!(chain.ask("ots_getInternalOperations", json!([store().hash()])), json!([]));
}

#[test]
fn otterscan_finds_who_created_a_contract() {
    let chain = Chain::layer();
    let tx = create_code(0, 0);
    chain.include(&tx);
    let contract =
        chain.ask("eth_getTransactionReceipt", json!([tx.hash()]))["contractAddress"].clone();
    let found = chain.ask("ots_getContractCreator", json!([contract]));
    assert_eq!(found, json!({ "hash": tx.hash(), "creator": account(0) }));
    assert_eq!(chain.ask("ots_getContractCreator", json!([account(5)])), json!(null));
}
