//! Functions that die at each of their writes in turn: the next one goes on, nothing is lost or doubled.

use std::time::{Duration, Instant};

use alloy::{primitives::U256, sol_types::SolCall};
use mayfly_aws::Entry;
use mayfly_cloud::{Failed, Fate};
use mayfly_contracts::Ticket;
use node_core::{
    codec::{
        frame::{self, Kind},
        names,
        record::Record,
    },
    flow::{mint, teardown::bundle::Bundle},
    port::PortError,
};
use serde_json::{Value, json};

use crate::{
    deployment::Deployment,
    event::{Opened, close},
    trouble::{all_arrive, open},
    wallet::Wallet,
};

/// How long something may take that the functions do by themselves.
const PATIENCE: Duration = Duration::from_secs(60);

/// More writes than any function does in one invocation here.
const MOST: usize = 200;

/// Lets so much time pass that nobody holds the lease, tells subscribers, or works on the end, any more. What somebody
/// sent who is dead or stands still may arrive meanwhile.
pub(crate) async fn pass_time(deployment: &Deployment, opened: &Opened) {
    until_nobody_hinders(async || give_up_lease(deployment, opened).await).await;
    let sockets = deployment.cloud.sockets(None);
    sockets.take(opened.id, "time", u64::MAX / 2, 0).await.expect("nobody is alive");
    until_nobody_hinders(async || give_up_end(deployment, opened).await).await;
}

async fn until_nobody_hinders(write: impl AsyncFn() -> Result<(), PortError>) {
    loop {
        match write().await {
            Err(PortError::Conflict { .. }) => {}
            other => return other.expect("it is written"),
        }
    }
}

async fn give_up_lease(deployment: &Deployment, opened: &Opened) -> Result<(), PortError> {
    let registers = deployment.cloud.stores(opened.id).registers;
    let Some((version, bytes)) = registers.load(names::LEASE).await? else { return Ok(()) };
    let json = frame::decode(Kind::Register, &bytes).expect("a register");
    let mut lease: Value = serde_json::from_slice(&json).expect("JSON");
    lease["until_ms"] = json!(0);
    let bytes = frame::encode(Kind::Register, lease.to_string().as_bytes());
    registers.store(names::LEASE, Some(version), bytes.into()).await.map(drop)
}

async fn give_up_end(deployment: &Deployment, opened: &Opened) -> Result<(), PortError> {
    let registry = deployment.cloud.registry();
    let (version, entry) = registry.load(opened.id).await?.expect("known");
    let entry = Entry { ending_until_ms: 0, ..entry };
    registry.store(Some(version), &entry).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_dies_at_each_of_its_writes_is_gone_on_with() {
    let deployment = Deployment::doomed().await;
    let (opened, layer, organiser) = open(&deployment).await;
    organiser.send_many(&layer, opened.chain_id, 0..5).await;
    all_arrive(&deployment, &layer, &organiser, 5).await;
    deployment.gateway.until_idle("sequencer").await;
    let mut deaths = 0;
    for nth in 0..MOST {
        for fate in [Fate::KilledBefore, Fate::KilledAfter] {
            deployment.fates().plan("teardown", nth, fate);
            let answer =
                deployment.gateway.invoke("teardown", &json!({ "layer": opened.id })).await;
            match (answer, deployment.fates().end()) {
                (Err(Failed::Ended), true) => deaths += 1,
                (Ok(_), false) => {}
                other => panic!("write {nth}, {fate:?}: {other:?}"),
            }
            pass_time(&deployment, &opened).await;
        }
        let registry = deployment.cloud.registry();
        let (_, entry) = registry.load(opened.id).await.expect("read").expect("known");
        if entry.ended_at_s.is_some() {
            break;
        }
    }
    assert!(deaths > 10, "it died {deaths} times");
    let stores = deployment.cloud.stores(opened.id);
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
    let prefix = names::layer_prefix(opened.id);
    assert_eq!(stores.objects.list(&prefix).await.expect("listed"), [""; 0], "objects_left");
    // The organiser's, and what was sent.
    assert_eq!(deployment.claim_all(opened.l1_layer).await, 2);
}

/// What it left is no layer that anybody can read, and is erased all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_dies_once_the_objects_are_gone_is_gone_on_with() {
    let deployment = Deployment::doomed().await;
    for fate in [Fate::KilledBefore, Fate::KilledAfter] {
        let opened = Opened::open(&deployment, &format!("{fate:?}"), None).await;
        opened.deposit(&deployment, &Wallet::random()).await;
        deployment.gateway.until_idle("sequencer").await;
        deployment.fates().plan_delete("teardown", fate);
        deployment.gateway.send("teardown", &json!({ "layer": opened.id }));
        deployment.gateway.until_idle("teardown").await;
        assert!(deployment.fates().end(), "{fate:?}: it dies");
        pass_time(&deployment, &opened).await;
        close(&deployment, &opened).await;
        let objects = deployment.cloud.stores(opened.id).objects;
        let left = objects.list(&names::layer_prefix(opened.id)).await.expect("listed");
        assert_eq!(left, [""; 0], "objects_left");
        assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
        let bundle = objects.get(&format!("bundles/{}.mayfly", opened.id)).await.expect("kept");
        let bundle = Bundle::from_frame(&bundle).expect("it is whole");
        assert!(!bundle.blocks.is_empty(), "what auditors need");
        assert_eq!(deployment.claim_all(opened.l1_layer).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequencer_that_dies_at_each_of_its_writes_loses_nothing_and_doubles_nothing() {
    let deployment = Deployment::doomed().await;
    let (opened, layer, organiser) = open(&deployment).await;
    deployment.gateway.until_idle("sequencer").await;
    let mut sent = 0;
    for nth in 0..MOST {
        pass_time(&deployment, &opened).await;
        let fate = [Fate::KilledBefore, Fate::KilledAfter][nth % 2];
        deployment.fates().plan("sequencer", nth, fate);
        organiser.send_many(&layer, opened.chain_id, sent..sent + 1).await;
        sent += 1;
        deployment.gateway.until_idle("sequencer").await;
        if !deployment.fates().end() {
            break;
        }
    }
    pass_time(&deployment, &opened).await;
    all_arrive(&deployment, &layer, &organiser, sent).await;
    assert!(sent > 6, "{sent} writes were met");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_dies_at_each_of_its_writes_credits_every_deposit_once() {
    let deployment = Deployment::doomed().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let receiver = Wallet::random();
    let (mut owed, mut deaths) = (U256::ZERO, 0);
    for nth in 0..MOST {
        let mut was_met = true;
        for fate in [Fate::KilledBefore, Fate::KilledAfter] {
            deployment.fates().plan("bridge", nth, fate);
            owed += opened.deposit_on_l1(&deployment, &receiver).await;
            let since = Instant::now();
            while layer.balance(receiver.account()).await != owed {
                assert!(since.elapsed() < PATIENCE, "write {nth}, {fate:?}: it is not credited");
                match deployment.gateway.invoke("bridge", &json!({})).await {
                    // Its one place is free again once it is gone.
                    Ok(_) | Err(Failed::Ended | Failed::NoPlace) => {}
                    Err(other) => panic!("write {nth}, {fate:?}: {other:?}"),
                }
            }
            let died = deployment.fates().end();
            deaths += usize::from(died);
            was_met &= died;
        }
        if !was_met {
            break;
        }
    }
    assert!(deaths > 4, "it died {deaths} times");
    all_arrive(&deployment, &layer, &organiser, 0).await;
    assert_eq!(layer.balance(receiver.account()).await, owed, "credited once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_dies_at_each_of_its_writes_opens_the_layer_when_it_is_asked_again() {
    let deployment = Deployment::doomed().await;
    let (mut opened, mut deaths) = (0, 0);
    for nth in 0..MOST {
        let fate = [Fate::KilledBefore, Fate::KilledAfter][nth % 2];
        deployment.fates().plan("operator", nth, fate);
        let key = format!("night-{nth}");
        let first = deployment.open(&key, None).await;
        let died = deployment.fates().end();
        assert_eq!(first.is_err(), died, "write {nth}, {fate:?}: {first:?}");
        let again = Opened::open(&deployment, &key, None).await;
        let chain_id = deployment.layer(&again).ask("eth_chainId", json!([])).await;
        assert_eq!(chain_id, json!(format!("{:#x}", again.chain_id)));
        opened += 1;
        deaths += usize::from(died);
        assert_eq!(deployment.gateway.schedules().len(), opened, "an end for each layer");
        if !died {
            break;
        }
    }
    assert!(deaths > 4, "it died {deaths} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_to_functions_that_died_is_done_once() {
    let deployment = Deployment::doomed().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let mut sent = 0;
    for nth in 0..2 {
        for fate in [Fate::KilledBefore, Fate::KilledAfter] {
            deployment.fates().plan("rpc", nth, fate);
            organiser.send_again(&layer, opened.chain_id, sent).await;
            sent += 1;
        }
    }
    all_arrive(&deployment, &layer, &organiser, sent).await;
    let ticket = organiser.deploy_ticket(&layer, deployment.minter()).await;
    let stores = deployment.cloud.stores(opened.id);
    mint::set_ticket(&stores, ticket).await.expect("nobody else sets it");
    for nth in 0..3 {
        for (number, fate) in [Fate::KilledBefore, Fate::KilledAfter].into_iter().enumerate() {
            deployment.fates().plan("webhook", nth, fate);
            opened.deliver_again(2 * nth + number).await;
        }
    }
    let supply = Ticket::totalSupplyCall {}.abi_encode();
    layer.wait_for_call(ticket, supply, U256::from(6)).await;
}
