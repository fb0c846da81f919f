//! What nobody may read: it is in no output and in no log of a function, however much they say.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use alloy::primitives::hex;
use mayfly_cloud::Function;
use mayfly_l1::devnet;
use tempfile::tempdir;

use crate::{
    deployment::{Deployment, MINTER, STRIPE},
    event::{self, Opened},
    wallet::Wallet,
};

/// Has a function say all it can, into a file.
fn loud(function: &mut Function, folder: &Path, log: &Path) {
    let script = folder.join(&function.name);
    let text = format!("#!/bin/sh\nexec '{}' 2>>'{}'\n", function.program.display(), log.display());
    fs::write(&script, text).expect("a folder of ours");
    fs::set_permissions(&script, Permissions::from_mode(0o700)).expect("a file of ours");
    function.program = script;
    function.variables.push(("RUST_LOG".to_owned(), "trace".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_says_a_secret() {
    let folder = tempdir().expect("a temporary directory");
    let log = folder.path().join("log");
    let deployment = Deployment::set(|function| loud(function, folder.path(), &log)).await;
    let organiser = Wallet::organiser();
    let ticket = organiser.account().create(0);
    let opened = Opened::open(&deployment, "secrets", Some(ticket)).await;
    let layer = deployment.layer(&opened);
    opened.deposit(&deployment, &organiser).await;
    organiser.deploy_ticket(&layer, deployment.minter()).await;
    opened.deliver(3).await;
    event::close(&deployment, &opened).await;
    let l1_key = devnet::accounts()[0].to_bytes().to_string();
    let log = fs::read(log).expect("they have said something");
    let log = String::from_utf8_lossy(&log).into_owned();
    for function in ["rpc", "webhook", "sequencer", "bridge", "teardown", "operator"] {
        assert!(deployment.gateway.started(function) > 0, "{function} has run");
    }
    assert!(log.contains("TRACE"), "much is said: {} bytes", log.len());
    for secret in [STRIPE, MINTER, &l1_key] {
        let plain = secret.trim_start_matches("0x");
        let coded = hex::encode(plain);
        for text in [&log, &deployment.gateway.printed()] {
            assert!(!text.contains(plain) && !text.contains(&coded), "{plain:.6}.. is said");
        }
    }
}
