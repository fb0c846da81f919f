//! What a cloud does to functions: nothing that was acknowledged is lost, and nothing is done twice.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, U256};
use serde_json::json;

use crate::{
    deployment::Deployment,
    event::{Opened, look},
    wallet::{Rpc, Wallet},
};

/// A lease that nobody renews runs out after 15 s.
const PATIENCE: Duration = Duration::from_secs(90);

/// A layer on which the organiser has ETH.
pub(crate) async fn open(deployment: &Deployment) -> (Opened, Rpc, Wallet) {
    let organiser = Wallet::organiser();
    let opened = Opened::open(deployment, "trouble", None).await;
    opened.deposit(deployment, &organiser).await;
    let layer = deployment.layer(&opened);
    (opened, layer, organiser)
}

/// Waits until `sent` transfers of one wei have arrived, each once; the watch looks meanwhile, as every minute.
pub(crate) async fn all_arrive(deployment: &Deployment, layer: &Rpc, sender: &Wallet, sent: u64) {
    let since = Instant::now();
    let receiver = Address::repeat_byte(0xbb);
    loop {
        look(deployment).await;
        let got = layer.balance(receiver).await;
        assert!(got <= U256::from(sent), "{got} arrived of {sent}");
        if got == U256::from(sent) {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{got} arrived of {sent}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let nonce = layer.ask("eth_getTransactionCount", json!([sender.account(), "latest"])).await;
    assert_eq!(nonce, json!(format!("{sent:#x}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn sequencers_that_are_killed_at_work_lose_nothing_and_double_nothing() {
    let deployment = Deployment::start().await;
    let (opened, layer, organiser) = open(&deployment).await;
    for round in 0..3 {
        organiser.send_many(&layer, opened.chain_id, 20 * round..20 * (round + 1)).await;
        deployment.gateway.kill("sequencer");
    }
    all_arrive(&deployment, &layer, &organiser, 60).await;
    assert!(deployment.gateway.started("sequencer") > 1, "another one took over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_sequencer_that_thaws_after_another_took_over_writes_nothing() {
    let deployment = Deployment::start().await;
    let (opened, layer, organiser) = open(&deployment).await;
    organiser.send_many(&layer, opened.chain_id, 0..20).await;
    let frozen = deployment.gateway.freeze("sequencer");
    organiser.send_many(&layer, opened.chain_id, 20..30).await;
    all_arrive(&deployment, &layer, &organiser, 30).await;
    let shown = layer.ask("eth_getBlockByNumber", json!(["latest", false])).await;
    deployment.gateway.thaw(&frozen);
    organiser.send_many(&layer, opened.chain_id, 30..40).await;
    all_arrive(&deployment, &layer, &organiser, 40).await;
    // Whoever came first, the blocks that were shown are still those.
    let still = layer.ask("eth_getBlockByNumber", json!([shown["number"], false])).await;
    assert_eq!(still["hash"], shown["hash"]);
}
