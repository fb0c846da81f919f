//! What is measured, not asserted: `make load`.

use std::{
    fs,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, U256};
use futures::future::join_all;
use mayfly_cloud::program;
use serde_json::json;

use crate::{
    deployment::Deployment,
    event::Opened,
    trouble::open,
    wallet::{Rpc, Wallet},
};

/// Transactions in a second, and for how long.
const RATE: u32 = 1_000;
const SECONDS: u32 = 60;

/// Longest wait for the last of them.
const PATIENCE: Duration = Duration::from_secs(600);

/// Senders, who send in turn: each has one transaction on its way at a time.
const SENDERS: usize = 500;

/// How often a function is started to measure a cold start.
const STARTS: usize = 20;

/// 1,000 transactions a second for a minute, each sent at its time, however late others are.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes and prints figures"]
async fn a_thousand_transactions_a_second_for_a_minute() {
    let deployment = Deployment::start().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let senders: Vec<Wallet> = (0..SENDERS).map(|_| Wallet::random()).collect();
    organiser.fund_many(&layer, opened.chain_id, &senders).await;
    let last = senders.last().expect("there are some").account();
    while layer.balance(last).await.is_zero() {
        deployment.gateway.invoke("bridge", &json!({})).await.expect("the watch looks");
    }
    let raws = signed(&senders, opened.chain_id);
    let (started, client) = (Instant::now(), Rpc::new(opened.rpc_url.clone()));
    let sends = (0..).zip(raws).map(|(number, raw)| {
        let (at, client) = (started + Duration::from_secs(1) / RATE * number, client.clone());
        tokio::spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            let send = json!({
                "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw],
            });
            // 503 says that all places of the function are taken: clients come again.
            while client.status_of(&send).await != 200 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            at.elapsed()
        })
    });
    let times = join_all(sends.collect::<Vec<_>>()).await;
    println!("{} sent and acknowledged in {:.1?}", times.len(), started.elapsed());
    let mut times: Vec<Duration> = times.into_iter().map(|time| time.expect("it ends")).collect();
    times.sort();
    for part in [50, 90, 99, 100] {
        let time = times[(times.len() * part / 100).min(times.len() - 1)];
        println!("acknowledged, {part} of 100 within {time:.1?}");
    }
    let sent = U256::from(times.len());
    while layer.balance(Address::repeat_byte(0xbb)).await < sent {
        assert!(started.elapsed() < PATIENCE, "some never arrive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("all are in blocks {:.1?} after the first was sent", started.elapsed());
    let (rpc, sequencer) =
        (deployment.gateway.started("rpc"), deployment.gateway.started("sequencer"));
    println!("processes: {rpc} of rpc, {sequencer} of the sequencer");
}

/// Every transaction, in the order of its time.
fn signed(senders: &[Wallet], chain_id: u64) -> Vec<String> {
    let count = usize::try_from(RATE * SECONDS).expect("a small number");
    let turn = |number: usize| {
        let nonce = u64::try_from(number / senders.len()).expect("a small number");
        senders[number % senders.len()].one_wei(chain_id, nonce)
    };
    (0..count).map(turn).collect()
}

/// From the start of the process until it asks for its first event, which is what Lambda calls the init; then its first
/// answer. And how large its program is, as it is built, stripped in a release.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn cold_starts_and_sizes() {
    let deployment = Deployment::start().await;
    let opened = Opened::open(&deployment, "cold", None).await;
    let layer = deployment.layer(&opened);
    for name in ["rpc", "webhook", "sequencer", "bridge", "teardown", "operator"] {
        let bytes = fs::metadata(program(name)).expect("it is built").len();
        let mut inits: Vec<Duration> = Vec::new();
        for _ in 0..STARTS {
            inits.push(deployment.gateway.init(name).await);
        }
        inits.sort();
        println!(
            "{name}: {:.1} MB, init {:.1?} (median of {STARTS})",
            bytes as f64 / 1e6,
            inits[STARTS / 2]
        );
    }
    let mut firsts: Vec<Duration> = Vec::new();
    for _ in 0..STARTS {
        deployment.gateway.kill("rpc");
        let since = Instant::now();
        layer.ask("eth_blockNumber", json!([])).await;
        firsts.push(since.elapsed());
    }
    firsts.sort();
    println!("rpc: from nothing to its first answer {:.1?}", firsts[STARTS / 2]);
}
