//! What is measured, not asserted: `make load`.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, U256},
    sol_types::SolCall,
};
use futures::future::join_all;
use mayfly_cloud::{Failed, program};
use mayfly_contracts::Ticket;
use mayfly_cost::{Event, Usage, estimate};
use node_core::chain::LayerId;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::{
    deployment::Deployment,
    event::{Opened, close, look},
    trouble::open,
    wallet::{Rpc, Wallet, price},
};

/// Transactions in a second, and for how long.
const RATE: usize = 1_000;
const SECONDS: usize = 60;

/// Longest wait for the last of them.
const PATIENCE: Duration = Duration::from_secs(600);

/// Senders, who send in turn.
const SENDERS: usize = 500;

/// Transactions of one request of a server that sends for many, as that of a game does.
const BATCH: usize = 100;

/// Connections of all clients: who finds none free waits, and that counts.
const CONNECTIONS: usize = 16;

/// How long wallets send, of which each waits for its answer.
const ONE_BY_ONE: Duration = Duration::from_secs(30);

/// How often a function is started to measure a cold start.
const STARTS: usize = 20;

/// A layer whose senders have something to spend.
struct Crowd {
    deployment: Deployment,
    layer: Rpc,
    client: Rpc,
    chain_id: u64,
    senders: Vec<Wallet>,
}

impl Crowd {
    async fn gather() -> Self {
        let deployment = Deployment::start().await;
        let (opened, layer, organiser) = open(&deployment).await;
        let senders: Vec<Wallet> = (0..SENDERS).map(|_| Wallet::random()).collect();
        organiser.fund_many(&layer, opened.chain_id, &senders).await;
        let last = senders.last().expect("there are some").account();
        while layer.balance(last).await.is_zero() {
            look(&deployment).await;
        }
        let (client, chain_id) = (Rpc::new(opened.rpc_url.clone()), opened.chain_id);
        Self { deployment, layer, client, chain_id, senders }
    }

    /// Transaction `number` of all: senders in turn.
    fn signed(&self, number: usize) -> String {
        let nonce = u64::try_from(number / SENDERS).expect("a small number");
        self.senders[number % SENDERS].one_wei(self.chain_id, nonce)
    }

    /// Waits until so many transactions are in blocks, and says how that went.
    async fn report(&self, since: Instant, mut times: Vec<Duration>) {
        let took = since.elapsed();
        let rate = times.len() as f64 / took.as_secs_f64();
        println!("{} acknowledged in {took:.1?}, {rate:.0} in a second", times.len());
        times.sort();
        for part in [50, 90, 99, 100] {
            let time = times[(times.len() * part / 100).min(times.len() - 1)];
            println!("{part} of 100 within {time:.1?}");
        }
        let sent = U256::from(times.len());
        while self.layer.balance(Address::repeat_byte(0xbb)).await < sent {
            assert!(since.elapsed() < PATIENCE, "some never arrive");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let gateway = &self.deployment.gateway;
        let (rpc, sequencer) = (gateway.started("rpc"), gateway.started("sequencer"));
        println!("all are in blocks {:.1?} after the first was sent", since.elapsed());
        println!("processes: {rpc} of rpc, {sequencer} of the sequencer");
    }
}

/// Sends until every transaction is acknowledged; 503 says that all places of the function are taken: clients come again.
async fn acknowledged(client: &Rpc, raws: &[String]) {
    let send = |raw| json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw] });
    let sends: Vec<_> = raws.iter().map(send).collect();
    let body = if let [one] = &sends[..] { one.clone() } else { json!(sends) };
    loop {
        if let Some(answer) = client.post_if_taken(&body).await {
            let answers = answer.as_array().cloned().unwrap_or_else(|| vec![answer]);
            let refused = answers.iter().find(|answer| !answer["result"].is_string());
            assert_eq!(refused, None);
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// 1,000 transactions a second for a minute in requests of many, each sent at its time, however late others are.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes and prints figures"]
async fn a_thousand_transactions_a_second_for_a_minute() {
    let crowd = Crowd::gather().await;
    let raws: Vec<String> = (0..RATE * SECONDS).map(|number| crowd.signed(number)).collect();
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let every = Duration::from_secs_f64(BATCH as f64 / RATE as f64);
    let started = Instant::now();
    let sends = (0..).zip(raws.chunks(BATCH)).map(|(number, raws)| {
        let at = started + every * number;
        let (client, raws, connections) =
            (crowd.client.clone(), raws.to_vec(), Arc::clone(&connections));
        tokio::spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            let _connection = connections.acquire_owned().await.expect("never closed");
            acknowledged(&client, &raws).await;
            [at.elapsed(); BATCH]
        })
    });
    let times = join_all(sends.collect::<Vec<_>>()).await;
    let times = times.into_iter().flat_map(|times| times.expect("it ends")).collect();
    crowd.report(started, times).await;
}

/// As many as are taken of wallets that send one transaction each and wait for the answer.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn wallets_one_by_one() {
    let crowd = Arc::new(Crowd::gather().await);
    let started = Instant::now();
    // Each connection has its own senders.
    let clients = (0..CONNECTIONS).map(|first| {
        let crowd = Arc::clone(&crowd);
        tokio::spawn(async move {
            let mine = (0..).filter(|number| number % SENDERS % CONNECTIONS == first);
            let mut times = Vec::new();
            for number in mine.take_while(|_| started.elapsed() < ONE_BY_ONE) {
                let raw = crowd.signed(number);
                let since = Instant::now();
                acknowledged(&crowd.client, &[raw]).await;
                times.push(since.elapsed());
            }
            times
        })
    });
    let times = join_all(clients.collect::<Vec<_>>()).await;
    let times = times.into_iter().flat_map(|times| times.expect("it ends")).collect();
    crowd.report(started, times).await;
}

/// From the start of the process until it asks for its first event, which is what Lambda calls the init; and from nothing
/// to its first answer. And how large its program is, as it is built, stripped in a release.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn cold_starts_and_sizes() {
    let deployment = Deployment::start().await;
    let opened = Opened::open(&deployment, "cold", None).await;
    for name in ["rpc", "webhook", "sequencer", "bridge", "teardown", "operator"] {
        let bytes = fs::metadata(program(name)).expect("it is built").len();
        let (mut inits, mut firsts) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            inits.push(deployment.gateway.init(name).await);
            firsts.push(first_answer(&deployment, &opened, name).await);
        }
        println!(
            "{name}: {:.1} MB, init {:.1?}, from nothing to its first answer {:.1?} (medians of {STARTS})",
            bytes as f64 / 1e6,
            median(inits),
            median(firsts),
        );
    }
}

/// Ends all processes of a function, and asks it for the least that it answers to.
async fn first_answer(deployment: &Deployment, opened: &Opened, name: &str) -> Duration {
    deployment.gateway.kill(name);
    let since = Instant::now();
    match name {
        "rpc" => {
            deployment.layer(opened).ask("eth_blockNumber", json!([])).await;
        }
        // It is not signed, which takes as much as if it were to find out.
        "webhook" => {
            let post = reqwest::Client::new().post(opened.webhook_url()).body("{}");
            assert_eq!(post.send().await.expect("it answers").status(), 400);
        }
        "bridge" => {
            deployment.gateway.invoke(name, &json!({})).await.expect("the watch looks");
        }
        "operator" => {
            let ask = json!({ "action": "status", "layer": opened.id });
            deployment.gateway.invoke(name, &ask).await.expect("a status");
        }
        // A layer that is not there: what there is to do for one that is differs.
        _ => {
            let ask = json!({ "layer": LayerId::new([7; 16]) });
            let answer = deployment.gateway.invoke(name, &ask).await;
            assert!(matches!(answer, Ok(_) | Err(Failed::Said(_))), "{name}: {answer:?}");
        }
    }
    since.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Tickets that are sold one after the other, each after the sequencer has left.
const SALE: u64 = 20;

/// Between two tickets: longer than the sequencer waits for more.
const BETWEEN: Duration = Duration::from_secs(4);

/// What `mayfly estimate` says that such a sale uses, beside what it is metered at: the constants of the one come from the
/// other.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes and prints figures"]
async fn a_sale_beside_its_estimate() {
    let deployment = Deployment::start().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let ticket = organiser.deploy_ticket(&layer, deployment.minter()).await;
    let buy = Ticket::buyCall {}.abi_encode();
    let before = deployment.used(&opened).await;
    for _ in 0..SALE {
        tokio::time::sleep(BETWEEN).await;
        organiser.call(&layer, ticket, buy.clone(), price()).await;
    }
    for _ in 0..60 {
        look(&deployment).await;
    }
    tokio::time::sleep(BETWEEN).await;
    let sale = deployment.used(&opened).await;
    close(&deployment, &opened).await;
    let whole = deployment.used(&opened).await;
    let guess = estimate(&Event { tickets: SALE, hours: 1, gas_price_wei: 1 });
    println!("{SALE} tickets in an hour: opening, sale, end; the estimate");
    let row = |name: &str, of: fn(&Usage) -> u64| {
        let (opening, sold, all) = (of(&before), of(&sale), of(&whole));
        println!("{name}: {opening}, {}, {}; {}", sold - opening, all - sold, of(&guess));
    };
    row("requests", |used| used.http_requests);
    row("invocations", |used| used.invocations);
    row("GB-s", |used| used.mb_ms / 1_024_000);
    row("read units", |used| used.read_milli_units / 1_000);
    row("write units", |used| used.write_milli_units / 1_000);
    row("object writes", |used| used.object_writes);
    row("object reads", |used| used.object_reads);
    row("KB of objects", |used| used.object_bytes / 1_024);
    row("L1 transactions", |used| used.l1_transactions);
    row("L1 gas", |used| used.l1_gas);
}
