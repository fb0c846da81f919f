//! `ethereum/tests` `TransactionTests`: decoding, sender, and what is wrong with a transaction whatever
//! the state says.
//!
//! Each file has a verdict for each fork; the newest one counts (Cancun, Shanghai or London: the
//! suite was last filled for Cancun). So the calldata floor and the gas cap that came with Prague
//! and Osaka (EIP-7623, EIP-7825) are not in play here.

#![expect(clippy::unwrap_used, reason = "a malformed fixture is a failed test")]

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bytes, U256};
use mayfly_spec::{Tally, fixtures};
use node_core::chain::{Transaction, decode_transaction, recover_sender};
use serde::Deserialize;

/// Newest first.
const FORKS: [Fork; 3] = [
    Fork { name: "Cancun", initcode: Initcode::Metered },
    Fork { name: "Shanghai", initcode: Initcode::Metered },
    Fork { name: "London", initcode: Initcode::Free },
];

/// Nobody can pay these: all ETH there is are 2^87 wei. reth, which has the same types, refuses them too.
const FEE_ABOVE_U128: [&str; 3] =
    ["GasLimitPriceProductOverflowtMinusOne", "TransactionWithHighGasPrice", "V_equals38"];

struct Fork {
    name: &'static str,
    initcode: Initcode,
}

/// EIP-3860.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Initcode {
    Metered,
    Free,
}

#[derive(Deserialize)]
struct Case {
    result: BTreeMap<String, Verdict>,
    txbytes: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    exception: Option<String>,
    hash: Option<B256>,
    sender: Option<Address>,
    intrinsic_gas: Option<U256>,
}

#[test]
fn official_transaction_tests() {
    let Some(files) = fixtures::tgz("ethereum-tests-trie-rlp-tx.tgz") else { return };
    let mut tally = Tally::new("official transaction tests");
    for (path, json) in files.iter().filter(|(path, _)| path.starts_with("TransactionTests/")) {
        for (name, case) in serde_json::from_slice::<BTreeMap<String, Case>>(json).unwrap() {
            if FEE_ABOVE_U128.contains(&name.as_str()) {
                tally.leave_out(
                    name,
                    "valid with a gas price of 2^128 wei or more, which alloy's u128 refuses",
                );
                continue;
            }
            tally.record(format!("{path} {name}"), run(&case));
        }
    }
    tally.finish();
}

fn run(case: &Case) -> Result<(), String> {
    let fork =
        FORKS.iter().find(|fork| case.result.contains_key(fork.name)).ok_or("no known fork")?;
    let verdict = &case.result[fork.name];
    match (admit(&case.txbytes, fork), &verdict.exception) {
        (Err(_), Some(_)) => Ok(()),
        (Ok(_), Some(exception)) => Err(format!("admitted, expected {exception}")),
        (Err(error), None) => Err(format!("refused: {error}")),
        (Ok(admitted), None) => {
            let got = (
                Some(admitted.hash),
                Some(admitted.sender),
                Some(U256::from(admitted.intrinsic_gas)),
            );
            let expected = (verdict.hash, verdict.sender, verdict.intrinsic_gas);
            if got == expected { Ok(()) } else { Err(format!("{got:?}, expected {expected:?}")) }
        }
    }
}

struct Admitted {
    hash: B256,
    sender: Address,
    intrinsic_gas: u64,
}

/// All that can be said without state (Yellow Paper 6.2).
fn admit(raw: &[u8], fork: &Fork) -> Result<Admitted, String> {
    /// EIP-3860.
    const MAX_INITCODE_SIZE: usize = 2 * 24_576;

    let tx = decode_transaction(raw).map_err(|error| error.to_string())?;
    let refuse_if = |bad: bool, why: &str| if bad { Err(why.to_owned()) } else { Ok(()) };
    refuse_if(tx.as_deposit().is_some(), "a deposit is not Ethereum's")?;
    refuse_if(tx.chain_id().is_some_and(|id| id != 1), "another chain")?;
    refuse_if(tx.nonce() == u64::MAX, "nonce of EIP-2681")?;
    refuse_if(
        tx.max_priority_fee_per_gas().is_some_and(|tip| tip > tx.max_fee_per_gas()),
        "tip above fee",
    )?;
    let metered = fork.initcode == Initcode::Metered && tx.is_create();
    refuse_if(metered && tx.input().len() > MAX_INITCODE_SIZE, "initcode too long")?;
    let intrinsic_gas = intrinsic_gas(&tx, fork);
    refuse_if(intrinsic_gas > tx.gas_limit(), "intrinsic gas")?;
    let sender = recover_sender(&tx).map_err(|error| error.to_string())?;
    Ok(Admitted { hash: *tx.hash(), sender, intrinsic_gas })
}

/// EIP-2 (creation), EIP-2028 (calldata), EIP-2930 (access list), EIP-3860 (initcode).
fn intrinsic_gas(tx: &Transaction, fork: &Fork) -> u64 {
    let count = |n: usize| u64::try_from(n).unwrap();
    let zeros = tx.input().iter().filter(|byte| **byte == 0).count();
    let calldata = 4 * count(zeros) + 16 * count(tx.input().len() - zeros);
    let create = if tx.is_create() { 32_000 } else { 0 };
    let words = if tx.is_create() && fork.initcode == Initcode::Metered {
        tx.input().len().div_ceil(32)
    } else {
        0
    };
    let access = tx.access_list().map_or(0, |list| {
        list.iter().map(|entry| 2_400 + 1_900 * count(entry.storage_keys.len())).sum()
    });
    21_000 + calldata + create + 2 * count(words) + access
}
