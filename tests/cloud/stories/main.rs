//! Stories of events on the emulated cloud: every function is a process of its own, anvil is the L1.

mod access;
mod answers;
mod assurance;
mod box_office;
mod crash;
mod deployment;
mod emulator;
mod event;
mod freeze;
mod listener;
mod load;
mod organiser;
mod secrets;
mod signing;
mod sockets;
mod trouble;
mod wallet;

use std::time::Instant;

use alloy::{primitives::U256, sol_types::SolCall};
use mayfly_contracts::Ticket;
use node_core::{chain::LayerId, codec::names};
use serde_json::{Value, json};

use self::{
    deployment::Deployment,
    event::{Opened, close},
    listener::{Heard, Listener},
    wallet::Wallet,
};

/// The emulators and whoever measures share two cores with the functions.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tickets that buyers buy themselves.
const BUYERS: usize = 12;

/// Tickets that a shop's webhooks mint; every third delivery comes twice.
const DELIVERIES: usize = 9;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_opened_sells_out_ends_and_leaves_nothing_behind() {
    let deployment = Deployment::start().await;
    let organiser = Wallet::organiser();
    let opened = Opened::open(&deployment, "spine", Some(organiser.account().create(0))).await;
    let layer = deployment.layer(&opened);

    let url = deployment.socket(&opened.id.to_string());
    let mut listener = Listener::connect(&url).await.expect("it may connect");
    let heads = listener.subscribe(json!(["newHeads"])).await;

    let buyers: Vec<Wallet> = (0..BUYERS).map(|_| Wallet::random()).collect();
    opened.deposit(&deployment, &organiser).await;
    let ticket = organiser.deploy_ticket(&layer, deployment.minter()).await;
    assert_eq!(ticket, organiser.account().create(0));
    organiser.fund(&layer, &buyers).await;
    let buys = buyers
        .iter()
        .map(|buyer| buyer.call(&layer, ticket, Ticket::buyCall {}.abi_encode(), wallet::price()));
    futures::future::join_all(buys).await;
    // The sequencer has left: a shop wakes it, too.
    deployment.gateway.until_idle("sequencer").await;
    opened.deliver(DELIVERIES).await;
    let sold = U256::from(BUYERS + DELIVERIES);
    layer.wait_for_call(ticket, Ticket::totalSupplyCall {}.abi_encode(), sold).await;

    let Heard::Message(notice) = listener.next().await else { panic!("it stays connected") };
    assert_eq!(notice["params"]["subscription"], heads);
    let so_far = layer.ask("mayfly_cost", json!([])).await;
    assert!(quantity(&so_far["bill"], "HTTP requests") > 0, "{so_far}");
    let ended = close(&deployment, &opened).await;
    let stores = deployment.cloud.stores(opened.id);
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
    let prefix = names::layer_prefix(opened.id);
    assert_eq!(stores.objects.list(&prefix).await.expect("listed"), [""; 0], "objects_left");
    assert_eq!(deployment.gateway.schedules(), [""; 0], "schedules");
    assert!(
        !stores
            .objects
            .get(&format!("bundles/{}.mayfly", opened.id))
            .await
            .expect("kept")
            .is_empty()
    );

    let ask = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" });
    // A function believes for a second that a layer which it saw is there.
    let (status, answer) = loop {
        let (status, answer) = layer.post(&ask).await;
        if status != 200 {
            break (status, answer);
        }
    };
    assert_eq!(status, 410);
    let message = answer["error"]["message"].as_str().expect("a JSON-RPC error").to_owned();
    for part in [opened.l1_layer.to_string().as_str(), "ended at 20", "mayfly claim"] {
        assert!(message.contains(part), "says `{part}`: {message}");
    }
    assert_eq!(answer["error"]["data"]["l1"]["layer"], json!(opened.l1_layer));
    check_cost(&deployment, &opened, &ended["cost"]);
    check_metrics(&deployment.gateway.printed());
    event::sweep_after_a_sleeper(&deployment, &opened).await;
    // A ticket for everybody, change for the buyers and the organiser, and what the tickets cost.
    let claimed = deployment.claim_all(opened.l1_layer).await;
    assert!(claimed >= 2 * BUYERS + DELIVERIES, "{claimed} exits");
    // What is gone cannot be opened again under its name, and its name still answers.
    let again = deployment.open("spine", None).await.expect("known");
    assert_eq!((&again["phase"], &again["layer"]), (&json!("erased"), &json!(opened.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_is_closed_before_its_time_leaves_nothing_behind_either() {
    let deployment = Deployment::start().await;
    let opened = Opened::open(&deployment, "short", None).await;
    let kept = Opened::open(&deployment, "long", None).await;
    let organiser = Wallet::organiser();
    opened.deposit(&deployment, &organiser).await;
    // The sequencer has left: who sends wakes it.
    deployment.gateway.until_idle("sequencer").await;
    organiser.send_many(&deployment.layer(&opened), opened.chain_id, 0..1).await;
    event::close_early(&deployment, &opened).await;
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
    assert_eq!(deployment.gateway.schedules(), [format!("end-{}", kept.id)], "its end is off");
    assert_eq!(deployment.claim_all(opened.l1_layer).await, 2, "what was sent is there as well");
    let layer = deployment.layer(&kept);
    assert_eq!(layer.ask("eth_blockNumber", json!([])).await, "0x0", "others live on");
}

/// Everything that was used is in the bill, which is told for as long as the layer is remembered.
fn check_cost(deployment: &Deployment, opened: &Opened, cost: &Value) {
    println!("the event cost {cost:#}");
    // A wallet's requests here are four: two reads, one that sends; a shop's deliveries are one.
    assert!(quantity(cost, "HTTP requests") > 30, "{cost}");
    for line in cost["lines"].as_array().expect("a list") {
        let what = line["what"].as_str().expect("text");
        let least = u64::from(!what.starts_with("GB-seconds"));
        assert!(quantity(cost, what) >= least, "{what}: {cost}");
    }
    // Opened, deposits closed, settled, published.
    assert!(cost["l1"]["transactions"].as_u64().is_some_and(|count| count >= 3), "{cost}");
    assert_eq!(deployment.cost(&opened.id.to_string()), *cost);
}

/// The whole part of how much of something was used.
fn quantity(bill: &Value, what: &str) -> u64 {
    let lines = bill["lines"].as_array().into_iter().flatten();
    let line = lines.into_iter().find(|line| line["what"] == what);
    let text = line.and_then(|line| line["quantity"].as_str()).expect("a line of the bill");
    text.split('.').next().and_then(|whole| whole.parse().ok()).expect("a number")
}

/// Every metric that an event has is printed as `CloudWatch` wants it.
fn check_metrics(printed: &str) {
    let lines: Vec<Value> =
        printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines.len(), printed.lines().count(), "nothing else is printed: {printed}");
    for name in ["ColdStarts", "SealMs", "InboxDepth", "BlockTransactions", "CostMicroUsd"] {
        let is_there = |line: &&Value| {
            line[name].is_array() && line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Mayfly"
        };
        assert!(lines.iter().find(is_there).is_some(), "{name}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_says_so_in_the_language_of_the_caller() {
    let deployment = Deployment::start().await;
    for name in ["", "favicon.ico", &LayerId::new([1; 16]).to_string()] {
        let (status, answer) = deployment.rpc(name).post(&json!({})).await;
        assert_eq!(status, 404, "{name}");
        assert_eq!(answer["error"]["code"], -32001, "{answer}");
    }
    let mistakes: [(Value, &str); 4] = [
        (json!({}), "action"),
        (json!({ "action": "status" }), "layer"),
        (json!({ "action": "open", "chain_id": 7, "ends_in_s": 60 }), "name"),
        (json!({ "action": "open", "name": "n", "chain_id": 7, "ends_in_s": 5 }), "ends_in_s"),
    ];
    for (event, field) in mistakes {
        let failed = deployment.gateway.invoke("operator", &event).await;
        let failed = format!("{:?}", failed.expect_err("it cannot be done"));
        assert!(failed.contains(field), "names {field}: {failed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_on_warm_functions_is_measured() {
    let deployment = Deployment::start().await;
    Opened::open(&deployment, "cold", None).await;
    let since = Instant::now();
    let opened = Opened::open(&deployment, "warm", None).await;
    println!("opened on a warm function in {:?}", since.elapsed());
    assert_eq!(deployment.gateway.schedules().len(), 2);
    let chain_id = deployment.layer(&opened).ask("eth_chainId", json!([])).await;
    assert_eq!(chain_id, json!(format!("{:#x}", opened.chain_id)));
}
