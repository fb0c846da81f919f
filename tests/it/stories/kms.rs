//! Keys that nobody has: they are in AWS KMS, which moto plays.

use std::process::Command;

use alloy::primitives::Address;
use mayfly_it::{Anvil, Moto};
use serde_json::json;

use crate::{
    anvil::address,
    mayfly::{self, Up},
};

/// The kind of key that Ethereum's accounts have.
const SECP256K1: &str = "ECC_SECG_P256K1";

/// As in the environment of an operator who has no key but in KMS.
fn in_kms<'a>(command: &'a mut Command, moto: &Moto) -> &'a mut Command {
    command.envs(moto.variables())
}

/// A layer is opened, signed for and gone on with by two keys that nobody has.
#[test]
fn keys_in_kms_open_a_layer_and_sign_its_receipts() {
    let (moto, anvil) = (Moto::start(), Anvil::start());
    for name in ["operator", "sequencer"] {
        moto.alias(&format!("alias/{name}"), &moto.signing_key(SECP256K1));
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = anvil.url();
    let keys =
        ["--l1", &url, "--l1-key", "kms:alias/operator", "--sequencer-key", "kms:alias/sequencer"];
    let poor = mayfly::up(dir.path(), &keys).envs(moto.variables()).output().expect("it runs");
    let error: serde_json::Value = serde_json::from_slice(&poor.stdout).expect("an object");
    let operator = operator_in(&error.to_string());
    anvil.rpc().call("anvil_setBalance", &json!([operator, "0x8ac7230489e80000"]));

    let up = Up::start_with(dir.path(), &keys, |command| in_kms(command, &moto));
    let block = up.rpc().call("eth_getBlockByNumber", &json!(["0x0", false]));
    assert_eq!(address(&block["miner"]), operator, "it gets the fees");
    let seal = up.rpc().call("mayfly_getBlockSeal", &json!(["0x0"]));
    let sequencer = address(&seal["signer"]);
    assert_ne!(sequencer, operator);
    up.kill();

    // Its own key is another one: the L1 would not know it.
    let mut other = mayfly::up(dir.path(), &keys[..4]);
    let refused = in_kms(&mut other, &moto).output().expect("it runs");
    let error = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(error.contains("--sequencer-key: expected the key of"), "{error}");
    assert!(error.to_lowercase().contains(&format!("{sequencer:?}")), "{error}");

    moto.deny_everything();
    let mut denied = mayfly::up(dir.path(), &keys);
    let denied = in_kms(&mut denied, &moto).output().expect("it runs");
    let error = String::from_utf8_lossy(&denied.stdout).into_owned();
    assert!(error.contains("--l1-key: KMS key alias/operator: kms:GetPublicKey"), "{error}");
}

/// The account that has no ETH, out of the words of who says so.
fn operator_in(error: &str) -> Address {
    assert!(error.contains("has none"), "{error}");
    let found = error.split(' ').find_map(|word| word.parse().ok());
    found.unwrap_or_else(|| panic!("whose account has no ETH? {error}"))
}
