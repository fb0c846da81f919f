//! An L1 that nobody here wrote, with people on it.

use std::{
    thread,
    time::{Duration, Instant},
};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    hex,
    primitives::{Address, Bytes, TxKind, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolCall,
};
use mayfly_contracts::FlashLayer::depositETHCall;
use mayfly_it::{Anvil, Rpc};
use mayfly_l1::devnet;
use serde_json::{Value, json};

use crate::mayfly::Up;

/// Key of the first of anvil's accounts, which everybody knows.
pub(crate) const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// Longest wait for what is on its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of anvil's accounts, which has ETH there.
pub(crate) fn person(i: usize) -> PrivateKeySigner {
    devnet::accounts().remove(i)
}

/// A block every second, final two blocks later.
pub(crate) fn ticking() -> Anvil {
    Anvil::start_with(&["--slots-in-an-epoch", "1", "--block-time", "1"])
}

/// Asks again until the answer is what is waited for.
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "still waiting for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a transaction from an account whose key anvil has; returns its receipt.
pub(crate) fn send(
    l1: &Rpc,
    from: Address,
    to: Option<Address>,
    value: U256,
    input: &[u8],
) -> Value {
    let input = hex::encode_prefixed(input);
    let mut tx = json!({ "from": from, "value": value, "input": input, "gas": "0x989680" });
    if let Some(to) = to {
        tx["to"] = json!(to);
    }
    let hash = l1.call("eth_sendTransaction", &json!([tx]));
    let receipt = wait("a transaction on the L1", || {
        let receipt = l1.call("eth_getTransactionReceipt", &json!([hash]));
        (!receipt.is_null()).then_some(receipt)
    });
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    receipt
}

/// Deposits for an account, from its own.
pub(crate) fn deposit(l1: &Rpc, layer: Address, from: Address, value: U256) {
    let call = depositETHCall { to: from, gasLimit: 100_000, data: Bytes::new() };
    send(l1, from, Some(layer), value, &call.abi_encode());
}

/// The contract of a layer that runs.
pub(crate) fn contract(up: &Up) -> Address {
    address(&up.ready["l1"]["layer"])
}

pub(crate) fn address(value: &Value) -> Address {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("an address: {value}"))
}

pub(crate) fn number(value: &Value) -> u64 {
    let digits = value.as_str().unwrap_or_else(|| panic!("a quantity: {value}"));
    u64::from_str_radix(digits.trim_start_matches("0x"), 16).expect("hex")
}

pub(crate) fn balance(rpc: &Rpc, of: Address) -> U256 {
    let balance = rpc.call("eth_getBalance", &json!([of, "latest"]));
    balance.as_str().and_then(|text| text.parse().ok()).expect("a quantity")
}

/// Somebody's next transaction on the layer, in a block; returns its receipt.
pub(crate) fn act(up: &Up, key: &PrivateKeySigner, to: TxKind, value: U256, input: Bytes) -> Value {
    let rpc = up.rpc();
    let nonce = rpc.call("eth_getTransactionCount", &json!([key.address(), "pending"]));
    let chain_id = number(&rpc.call("eth_chainId", &json!([])));
    let nonce = number(&nonce);
    let gas_limit = 12_000_000;
    let tx = TxEip1559 { chain_id, nonce, gas_limit, to, value, input, ..TxEip1559::default() };
    let signature = key.sign_hash_sync(&tx.signature_hash()).expect("a key in memory");
    let raw = hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718());
    let receipt = rpc.call("eth_sendRawTransactionSync", &json!([raw]));
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    receipt
}
