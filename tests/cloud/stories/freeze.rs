//! Functions that stall with a write on its way, while others go on: when they wake, nothing is lost or doubled.

use std::time::{Duration, Instant};

use mayfly_cloud::Fate;
use node_core::codec::names;
use serde_json::{Value, json};

use crate::{
    crash::pass_time,
    deployment::Deployment,
    event::{Opened, close, close_early, sweep},
    trouble::{all_arrive, open},
    wallet::{Rpc, Wallet},
};

/// How long something may take that the functions do by themselves.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes of an end that are tried: every so many, up to the last that there is.
const EVERY: usize = 6;

/// A writer stalls with a write on its way, another one takes over, and then the write arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_arrives_after_another_writer_took_over_changes_nothing() {
    let deployment = Deployment::doomed().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let mut sent = 0;
    for nth in 0..4 {
        deployment.gateway.until_idle("sequencer").await;
        deployment.fates().plan("sequencer", nth, Fate::Held);
        organiser.send_many(&layer, opened.chain_id, sent..sent + 1).await;
        until(|| deployment.fates().was_met()).await;
        let frozen = deployment.gateway.freeze("sequencer");
        pass_time(&deployment, &opened).await;
        organiser.send_many(&layer, opened.chain_id, sent + 1..sent + 2).await;
        sent += 2;
        all_arrive(&deployment, &layer, &organiser, sent).await;
        let shown = newest(&layer).await;
        deployment.fates().release();
        deployment.gateway.thaw(&frozen);
        all_arrive(&deployment, &layer, &organiser, sent).await;
        let still = layer.ask("eth_getBlockByNumber", json!([shown["number"], false])).await;
        assert_eq!(still["hash"], shown["hash"], "write {nth}");
    }
}

/// An end stalls with a write on its way, another one ends the layer, and then the write arrives.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_stalls_at_its_writes_while_another_goes_on_settles_nothing_else() {
    let deployment = Deployment::doomed().await;
    let mut stalls = 0;
    for nth in (0..).step_by(EVERY) {
        let opened = Opened::open(&deployment, &format!("night-{nth}"), None).await;
        opened.deposit(&deployment, &Wallet::random()).await;
        deployment.gateway.until_idle("sequencer").await;
        deployment.fates().plan("teardown", nth, Fate::Held);
        deployment.gateway.send("teardown", &json!({ "layer": opened.id }));
        let is_over = || !deployment.gateway.has_work("teardown");
        until(|| deployment.fates().was_met() || is_over()).await;
        if !deployment.fates().was_met() {
            break;
        }
        stalls += 1;
        let frozen = deployment.gateway.freeze("teardown");
        pass_time(&deployment, &opened).await;
        close(&deployment, &opened).await;
        wake(&deployment, &frozen, "teardown").await;
        check_end(&deployment, &opened, 1).await;
    }
    assert!(stalls > 2, "{stalls} writes were met");
}

/// A writer stalls with a block on its way, the layer ends without it, and then the write arrives where nothing is.
#[tokio::test(flavor = "multi_thread")]
async fn a_sequencer_that_sleeps_through_the_end_leaves_nothing_that_stays() {
    let deployment = Deployment::doomed().await;
    for nth in 0..4 {
        let opened = Opened::open(&deployment, &format!("night-{nth}"), None).await;
        let sender = Wallet::random();
        opened.deposit(&deployment, &sender).await;
        let layer = deployment.layer(&opened);
        deployment.gateway.until_idle("sequencer").await;
        deployment.fates().plan("sequencer", nth, Fate::Held);
        sender.send_many(&layer, opened.chain_id, 0..1).await;
        until(|| deployment.fates().was_met()).await;
        let frozen = deployment.gateway.freeze("sequencer");
        pass_time(&deployment, &opened).await;
        close_early(&deployment, &opened).await;
        wake(&deployment, &frozen, "sequencer").await;
        // The sender's change, and what was sent: it was acknowledged.
        check_end(&deployment, &opened, 2).await;
    }
}

/// Lets what is on its way arrive, and whoever sent it go on until nothing is left to do.
async fn wake(deployment: &Deployment, frozen: &[u64], function: &str) {
    deployment.fates().release();
    deployment.gateway.thaw(frozen);
    deployment.gateway.until_idle(function).await;
}

/// Everybody has what is theirs, and what a sleeper wrote into the void is gone once nobody can write any more.
async fn check_end(deployment: &Deployment, opened: &Opened, exits: usize) {
    sweep(deployment, opened).await;
    let objects = deployment.cloud.stores(opened.id).objects;
    let left = objects.list(&names::layer_prefix(opened.id)).await.expect("listed");
    assert_eq!(left, [""; 0], "objects_left");
    assert_eq!(deployment.claim_all(opened.l1_layer).await, exits);
}

async fn newest(layer: &Rpc) -> Value {
    layer.ask("eth_getBlockByNumber", json!(["latest", false])).await
}

async fn until(condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < PATIENCE, "it does not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
