//! What is run for nobody's block is given up in time. The clock here runs ahead by the whole time limit whenever
//! somebody looks at it, so the first look while something runs is the last.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use alloy_primitives::B256;
use rstest::rstest;
use serde_json::{Value, json};

use super::kit::{Chain, MANY, START_MS, account, call};
use crate::{port::Clock, rpc::EVM_TIMEOUT_MS};

struct Hurried(AtomicU64);

impl Clock for Hurried {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(EVM_TIMEOUT_MS, Ordering::Relaxed)
    }
}

fn hurried() -> Chain {
    let mut chain = Chain::layer();
    chain.node.clock = Arc::new(Hurried(AtomicU64::new(START_MS)));
    chain
}

/// `while (true) {}`
const JUMPS: &str = "0x5b5f56";

/// `while (true) keccak256(memory[0:32])`
const HASHES: &str = "0x5b60205f20505f56";

/// `while (true) {}`, as a condition.
const BRANCHES: &str = "0x5b60015f57";

/// Calls itself, and once more: no jump anywhere.
const CALLS: &str = "0x5f5f5f5f305afa505f5f5f5f305afa5000";

/// Creates contracts with the same init code: no jump, and no call.
const CREATES: &str = "0x365f5f37365f5ff050365f5ff050365f5ff050365f5ff05000";

fn expected() -> Value {
    json!({ "code": -32000, "message": "execution aborted (timeout = 5s)" })
}

fn slow(code: &str) -> [Value; 2] {
    let overrides = json!({ account(7).to_string(): { "code": code } });
    [json!({ "to": account(7), "input": code }), overrides]
}

#[rstest]
#[case::jumps(JUMPS)]
#[case::hashes(HASHES)]
#[case::branches(BRANCHES)]
#[case::calls(CALLS)]
#[case::creates(CREATES)]
fn a_call_that_takes_too_long_is_given_up(#[case] code: &str) {
    let [request, overrides] = slow(code);
    let asked = json!([request, "latest", overrides]);
    for method in ["eth_call", "eth_estimateGas", "eth_createAccessList"] {
        assert_eq!(hurried().fail(method, asked.clone()), expected(), "{method}");
    }
}

#[test]
fn so_is_a_simulation() {
    let [request, overrides] = slow(JUMPS);
    let blocks = json!([{ "stateOverrides": overrides, "calls": [request] }]);
    let asked = json!([{ "blockStateCalls": blocks }, "latest"]);
    assert_eq!(hurried().fail("eth_simulateV1", asked), expected());
}

#[rstest]
#[case::structs(json!({ "disableStack": true }))]
#[case::calls(json!({ "tracer": "callTracer" }))]
#[case::prestate(json!({ "tracer": "prestateTracer" }))]
fn so_is_a_trace(#[case] options: Value) {
    let mut chain = Chain::layer();
    let hash = chain.include(&call(0, 0, MANY, B256::left_padding_from(&2_000_u16.to_be_bytes())));
    chain.node.clock = Arc::new(Hurried(AtomicU64::new(START_MS)));
    assert_eq!(chain.fail("debug_traceTransaction", json!([hash, options])), expected());
    assert_eq!(chain.fail("debug_traceBlockByNumber", json!(["latest", options])), expected());
    assert_eq!(chain.fail("trace_transaction", json!([hash])), expected());
    let [request, overrides] = slow(JUMPS);
    let mut options = options;
    options["stateOverrides"] = overrides;
    assert_eq!(chain.fail("debug_traceCall", json!([request, "latest", options])), expected());
}

#[test]
fn what_is_short_is_not_looked_at() {
    let code = "0x5f5b600101806101001160015700";
    let [request, overrides] = slow(code);
    // The clock is past the limit from the first look on, and nobody looks.
    let answer = hurried().ask("eth_call", json!([request, "latest", overrides]));
    assert_eq!(answer, json!("0x"));
}
