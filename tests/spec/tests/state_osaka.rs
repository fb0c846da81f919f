//! The official state tests of Osaka, through our own executor: post-state root and logs hash of every
//! case; cases that must be rejected must be rejected.

mod state_alloc;
mod state_exception;

use std::collections::BTreeMap;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U64, keccak256};
use mayfly_spec::{Tally, fixtures};
use node_core::{
    chain::{Ancestors, decode_transaction, recover_sender, seal},
    execute::{Builder, NextBlock, Outcome, Rules},
};
use serde::Deserialize;
use state_alloc::Alloc;

#[test]
fn osaka_state_tests_pass() {
    let Some(files) = fixtures::tgz("smoke_state_osaka.tgz") else { return };
    let (mut tally, mut cases) = (Tally::new("osaka state tests"), 0);
    for (path, json) in files {
        let tests: BTreeMap<String, StateTest> = serde_json::from_slice(&json).expect(&path);
        for (name, test) in &tests {
            for (index, case) in test.post["Osaka"].iter().enumerate() {
                tally.record(format!("{name} #{index}"), run(test, case));
                cases += 1;
            }
        }
    }
    tally.finish();
    assert_eq!(cases, 804, "the archive has other cases than it had");
}

#[derive(Deserialize)]
struct StateTest {
    env: Env,
    pre: Alloc,
    post: BTreeMap<String, Vec<Case>>,
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    chainid: U64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Env {
    current_coinbase: Address,
    current_gas_limit: U64,
    current_number: U64,
    current_timestamp: U64,
    current_random: B256,
    current_base_fee: U64,
    #[serde(default)]
    current_excess_blob_gas: U64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    hash: B256,
    logs: B256,
    txbytes: Bytes,
    expect_exception: Option<String>,
}

/// Runs one case; says what is wrong.
fn run(test: &StateTest, case: &Case) -> Result<(), String> {
    let world = state_alloc::world(&test.pre);
    let env = test.env.block();
    let parent = seal(Header { number: env.number.saturating_sub(1), ..Header::default() });
    let rules = Rules::ethereum(test.config.chainid.to());
    let mut builder = Builder::start(&parent, world, &Ancestors::default(), rules, env)
        .map_err(|fault| fault.to_string())?;
    let rejected = execute(&mut builder, &case.txbytes)?;
    match (&rejected, &case.expect_exception) {
        (None, Some(expected)) => return Err(format!("included, expected {expected}")),
        (Some(reason), None) => return Err(format!("rejected: {reason}")),
        (Some(reason), Some(expected)) => state_exception::check(expected, reason)?,
        (None, None) => {}
    }
    let logs: Vec<_> = builder.receipts().iter().flat_map(|it| it.logs.clone()).collect();
    let after = builder.pending_world().map_err(|fault| fault.to_string())?;
    same("logs", case.logs, keccak256(alloy_rlp::encode(logs)))?;
    same("root", case.hash, after.root())
}

/// Executes the transaction; `Some` says why it was rejected.
fn execute(builder: &mut Builder, raw: &[u8]) -> Result<Option<String>, String> {
    let tx = match decode_transaction(raw) {
        Ok(tx) => tx,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let sender = match recover_sender(&tx) {
        Ok(sender) => sender,
        Err(error) => return Ok(Some(error.to_string())),
    };
    match builder.execute(&tx, sender).map_err(|fault| fault.to_string())? {
        Outcome::Included(_) => Ok(None),
        Outcome::Rejected(reason) => Ok(Some(reason.to_string())),
    }
}

fn same(what: &str, expected: B256, got: B256) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: expected {expected}, got {got}")) }
}

impl Env {
    fn block(&self) -> NextBlock {
        NextBlock {
            number: self.current_number.to(),
            timestamp: self.current_timestamp.to(),
            gas_limit: self.current_gas_limit.to(),
            base_fee: self.current_base_fee.to(),
            beneficiary: self.current_coinbase,
            prev_randao: self.current_random,
            excess_blob_gas: self.current_excess_blob_gas.to(),
            ..NextBlock::default()
        }
    }
}
