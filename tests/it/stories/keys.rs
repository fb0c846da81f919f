//! A key of the environment stays there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use alloy::{
    hex,
    primitives::{Address, Bytes, TxKind, U256},
};
use mayfly_it::Anvil;
use serde_json::json;

use crate::{
    anvil::{KEY, act, balance, contract, deposit, number, person, wait},
    mayfly::Up,
};

/// A key that is given by the environment is in no output, however much is said, and in no file.
#[test]
fn a_key_is_in_no_output_and_in_no_file() {
    let anvil = Anvil::start();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let layer = dir.path().join("layer");
    let said = fs::File::create(dir.path().join("stderr")).expect("it can be made");
    let url = anvil.url();
    let up = Up::start_with(&layer, &["-vv", "--l1", &url], |command| {
        command.env("MAYFLY_L1_KEY", KEY).env("RUST_LOG", "trace").stderr(said)
    });
    let ready = up.ready.to_string();
    assert_eq!(number(&up.rpc().call("eth_chainId", &json!([]))), 265_669);
    let million = U256::from(1_000_000);
    deposit(anvil.rpc(), contract(&up), person(1).address(), million);
    anvil.finalize();
    wait("the deposit", || (balance(&up.rpc(), person(1).address()) == million).then_some(()));
    act(&up, &person(1), TxKind::Call(Address::ZERO), U256::ONE, Bytes::new());
    up.kill();
    let text = KEY.trim_start_matches("0x");
    assert!(!ready.contains(text), "{ready}");
    let log = fs::read_to_string(dir.path().join("stderr")).expect("it was written");
    assert!(log.contains("sent to the L1"), "much is said: {log}");
    assert!(!log.contains(text), "not in the log");
    let bytes = hex::decode(text).expect("hex");
    let files = files_under(&layer);
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        let held = fs::read(&file).expect("it is there");
        for needle in [text.as_bytes(), &bytes] {
            assert!(!held.windows(needle.len()).any(|window| window == needle), "{file:?}");
        }
    }
}

fn files_under(dir: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(dir).expect("it is there").map(|entry| entry.expect("it is read").path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}
