//! Subscriptions on a cloud: functions that hold nothing tell each subscriber of each block once, in order.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use alloy::sol_types::SolCall;
use futures::future::join_all;
use mayfly_cloud::Fate;
use mayfly_contracts::Ticket;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::{
    crash::pass_time,
    deployment::Deployment,
    event::{Opened, close},
    listener::{Heard, Listener},
    trouble::{all_arrive, open},
    wallet::{self, Rpc},
};

/// A client of viem that prints what it hears.
const LISTEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/listen.mjs");

/// Writes and messages that telling of a block takes: the turn is taken, said to begin, used, said to be done, and given
/// back.
const WRITES: usize = 5;

/// Connections that come while blocks are written.
const CROWD: usize = 8;

/// What one connection was told, by subscription.
#[derive(Default)]
struct Told(BTreeMap<String, Vec<Value>>);

impl Told {
    fn note(&mut self, notice: &Value) {
        assert_eq!(notice["method"], "eth_subscription", "{notice}");
        let id = notice["params"]["subscription"].as_str().expect("an id").to_owned();
        self.0.entry(id).or_default().push(notice["params"]["result"].clone());
    }

    fn of(&self, id: &Value) -> &[Value] {
        self.0.get(id.as_str().expect("an id")).map_or(&[], Vec::as_slice)
    }
}

fn number(value: &Value) -> u64 {
    let hex = value.as_str().and_then(|text| text.strip_prefix("0x")).expect("a quantity");
    u64::from_str_radix(hex, 16).expect("a number")
}

async fn head(layer: &Rpc) -> u64 {
    number(&layer.ask("eth_blockNumber", json!([])).await)
}

/// Listens until block `last` was told to the subscription `heads`.
async fn listen_until(listener: &mut Listener, told: &mut Told, heads: &Value, last: u64) {
    while told.of(heads).last().is_none_or(|head| number(&head["number"]) < last) {
        match listener.next().await {
            Heard::Message(notice) => told.note(&notice),
            Heard::Closed(code) => panic!("closed with {code}"),
        }
    }
}

/// Every block after `since` and up to `last` was told once, in order, as it is.
async fn check_heads(layer: &Rpc, told: &[Value], (since, last): (u64, u64)) {
    let numbers: Vec<u64> = told.iter().map(|head| number(&head["number"])).collect();
    assert_eq!(numbers, (since + 1..=last).collect::<Vec<_>>());
    for head in told {
        let block = layer.ask("eth_getBlockByNumber", json!([head["number"], false])).await;
        assert_eq!(head["hash"], block["hash"]);
    }
}

/// Hashes of all transactions of the blocks after `since`, in order.
async fn hashes(layer: &Rpc, (since, last): (u64, u64)) -> Vec<Value> {
    let mut hashes = Vec::new();
    for block in since + 1..=last {
        let block = layer.ask("eth_getBlockByNumber", json!([format!("{block:#x}"), false])).await;
        hashes.extend(block["transactions"].as_array().expect("hashes").iter().cloned());
    }
    hashes
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_hear_of_each_block_once_and_in_order() {
    let deployment = Deployment::start().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let url = deployment.socket(&opened.id.to_string());
    let mut listener = Listener::connect(&url).await.expect("it may connect");
    let chain_id = listener.ask("eth_chainId", json!([])).await;
    assert_eq!(number(&chain_id["result"]), opened.chain_id, "it answers as over HTTP");
    let unknown = listener.ask("eth_nothing", json!([])).await;
    assert_eq!(unknown["error"]["code"], -32601);

    let since = head(&layer).await;
    let heads = listener.subscribe(json!(["newHeads"])).await;
    let pending = listener.subscribe(json!(["newPendingTransactions"])).await;
    let mut viem = Viem::start(&url);
    viem.until("ready").await;
    let ticket = organiser.deploy_ticket(&layer, deployment.minter()).await;
    let before = head(&layer).await;
    let logs = listener.subscribe(json!(["logs", { "address": ticket }])).await;
    let others = listener.subscribe(json!(["logs", { "address": organiser.account() }])).await;
    let buy = Ticket::buyCall {}.abi_encode();
    for _ in 0..3 {
        organiser.call(&layer, ticket, buy.clone(), wallet::price()).await;
    }
    // Others come while blocks are written.
    let crowd = join_all((0..CROWD).map(|_| Latecomer::come(&url, &layer)));
    let (crowd, ()) = tokio::join!(crowd, organiser.send_many(&layer, opened.chain_id, 4..24));
    organiser.send_many(&layer, opened.chain_id, 24..25).await;
    let nonce = json!([organiser.account(), "latest"]);
    while number(&layer.ask("eth_getTransactionCount", nonce.clone()).await) < 25 {}

    let last = head(&layer).await;
    let mut told = Told::default();
    listen_until(&mut listener, &mut told, &heads, last).await;
    check_heads(&layer, told.of(&heads), (since, last)).await;
    // Notices of a block come together, heads first or last as their ids are.
    while told.of(&pending).len() < 25 {
        match listener.next().await {
            Heard::Message(notice) => told.note(&notice),
            Heard::Closed(code) => panic!("closed with {code}"),
        }
    }
    assert_eq!(told.of(&pending), hashes(&layer, (since, last)).await);
    let filter = json!([{ "address": ticket, "fromBlock": format!("{:#x}", before + 1) }]);
    let expected = layer.ask("eth_getLogs", filter).await;
    assert_eq!(json!(told.of(&logs)), expected);
    assert!(expected.as_array().is_some_and(|logs| logs.len() >= 3), "{expected}");
    assert_eq!(told.of(&others), [Value::Null; 0]);
    viem.hears_the_same(&layer, (since, last)).await;
    for latecomer in crowd {
        latecomer.hears_all(&layer, last).await;
    }

    let ended = listener.ask("eth_unsubscribe", json!([heads])).await;
    assert_eq!(ended["result"], true);
    let again = listener.ask("eth_unsubscribe", json!([heads])).await;
    assert_eq!(again["error"]["message"], "subscription not found");

    close(&deployment, &opened).await;
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
    listener.say(Message::text(r#"{"jsonrpc":"2.0","id":99,"method":"eth_chainId"}"#)).await;
    let is_over = loop {
        match listener.next().await {
            Heard::Message(answer) if answer["error"]["code"] == -32001 => break true,
            Heard::Message(notice) => told.note(&notice),
            Heard::Closed(_) => break false,
        }
    };
    assert!(is_over, "it says that the layer has ended");
    assert!(matches!(listener.next().await, Heard::Closed(1001)));
    assert_eq!(Listener::connect(&url).await.err(), Some(410));
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_dead_or_slow_hinders_nobody() {
    let deployment = Deployment::start().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let url = deployment.socket(&opened.id.to_string());
    let mut listeners = Vec::new();
    for _ in 0..4 {
        let before = deployment.gateway.connections();
        let mut listener = Listener::connect(&url).await.expect("it may connect");
        let heads = listener.subscribe(json!(["newHeads"])).await;
        let all = deployment.gateway.connections();
        let name = all.into_iter().find(|name| !before.contains(name)).expect("there is one more");
        listeners.push((name, listener, heads));
    }
    let since = head(&layer).await;
    let kept = |name: &str| {
        let (name, items) = (name.to_owned(), deployment.ground.items_of(opened.id));
        async move { items.await.into_iter().filter(|item| item.contains(&name)).count() }
    };
    deployment.gateway.forget(&listeners[0].0);
    deployment.gateway.stall(&listeners[1].0);
    deployment.gateway.hang_up(&listeners[2].0);
    for nonce in 0..3 {
        organiser.send_many(&layer, opened.chain_id, nonce..nonce + 1).await;
        all_arrive(&deployment, &layer, &organiser, nonce + 1).await;
    }
    let last = head(&layer).await;
    let (name, mut listener, heads) = listeners.pop().expect("the one that is well");
    let mut told = Told::default();
    listen_until(&mut listener, &mut told, &heads, last).await;
    check_heads(&layer, told.of(&heads), (since, last)).await;
    deployment.gateway.until_idle("rpc").await;
    assert_eq!(kept(&name).await, 2, "the connection, and what it subscribed to");
    for (name, ..) in &listeners {
        assert_eq!(kept(name).await, 0, "nothing is kept of who is gone");
    }
    assert_eq!(deployment.gateway.connections(), [name]);
}

/// Whoever tells dies at each of its writes and messages in turn. A connection that stays open was told everything,
/// once; one of which that is not known is closed, and its client begins again.
#[tokio::test(flavor = "multi_thread")]
async fn tellers_that_die_leave_no_gap_and_tell_nothing_twice() {
    let deployment = Deployment::doomed().await;
    let (opened, layer, organiser) = open(&deployment).await;
    let mut ears = Ears::open(&deployment, &opened).await;
    let (mut sent, mut deaths, mut closed, mut survived) = (0, 0, 0, 0);
    for nth in 0..WRITES {
        for fate in [Fate::KilledBefore, Fate::KilledAfter] {
            // Nothing is sent by the function that is to die, but what it tells.
            deployment.fates().plan("rpc", nth, fate);
            let stores = deployment.cloud.stores(opened.id);
            let pending = organiser.pending(opened.chain_id, sent);
            stores.inbox.append(pending).await.expect("nobody hinders it");
            sent += 1;
            let news = json!({ "layer": opened.id });
            deployment.gateway.send("sequencer", &news);
            deployment.gateway.until_idle("sequencer").await;
            deployment.gateway.until_idle("rpc").await;
            let has_died = deployment.fates().end();
            pass_time(&deployment, &opened).await;
            deployment.gateway.send("rpc", &news);
            deployment.gateway.until_idle("rpc").await;
            let last = head(&layer).await;
            let is_open = ears.hear_until(last).await;
            check_heads(&layer, ears.told.of(&ears.heads), (ears.since, ears.last)).await;
            deaths += usize::from(has_died);
            match is_open {
                true => survived += usize::from(has_died),
                false => {
                    closed += 1;
                    ears = Ears::open(&deployment, &opened).await;
                }
            }
        }
    }
    println!("{deaths} deaths: {survived} survived, {closed} closed");
    assert!(deaths >= 4 && survived >= 1 && closed >= 1, "{deaths}, {survived}, {closed}");
    close(&deployment, &opened).await;
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
}

/// Somebody who subscribes to heads while blocks are written.
struct Latecomer {
    listener: Listener,
    heads: Value,
    /// The newest blocks before and after that.
    between: [u64; 2],
}

impl Latecomer {
    async fn come(url: &str, layer: &Rpc) -> Self {
        let mut listener = Listener::connect(url).await.expect("it may connect");
        let before = head(layer).await;
        let heads = listener.subscribe(json!(["newHeads"])).await;
        Self { listener, heads, between: [before, head(layer).await] }
    }

    async fn hears_all(mut self, layer: &Rpc, last: u64) {
        let mut told = Told::default();
        listen_until(&mut self.listener, &mut told, &self.heads, last).await;
        let told = told.of(&self.heads);
        let since = number(&told[0]["number"]) - 1;
        let [before, after] = self.between;
        assert!((before..=after).contains(&since), "{before} <= {since} <= {after}");
        check_heads(layer, told, (since, last)).await;
    }
}

/// One connection with a subscription to heads.
struct Ears {
    listener: Listener,
    heads: Value,
    told: Told,
    since: u64,
    last: u64,
}

impl Ears {
    /// Subscribes, and waits until that is written down: the function that does so is not the one that is to die.
    async fn open(deployment: &Deployment, opened: &Opened) -> Self {
        let url = deployment.socket(&opened.id.to_string());
        let mut listener = Listener::connect(&url).await.expect("it may connect");
        let since = head(&deployment.layer(opened)).await;
        let heads = listener.subscribe(json!(["newHeads"])).await;
        let (id, pending) = (heads.as_str().expect("an id"), u64::MAX.to_string());
        let sockets = deployment.cloud.sockets(None);
        loop {
            let kept = sockets.list(opened.id).await.expect("the table answers");
            let of_it = |json: &str| json.contains(id) && !json.contains(&pending);
            if kept.iter().any(|socket| of_it(&socket.subscriptions)) {
                break;
            }
        }
        Self { listener, heads, told: Told::default(), since, last: since }
    }

    /// Listens until block `last` was told; `false` when the connection is closed before.
    async fn hear_until(&mut self, last: u64) -> bool {
        while self.last < last {
            match self.listener.next().await {
                // Whoever answered died after it had.
                Heard::Message(failed) if failed["message"] == "Internal server error" => {}
                Heard::Message(notice) => {
                    self.told.note(&notice);
                    self.last = number(&notice["params"]["result"]["number"]);
                }
                Heard::Closed(_) => return false,
            }
        }
        // What is told twice comes now, if at all.
        match self.listener.next_within(Duration::ZERO).await {
            Some(Heard::Message(notice)) => panic!("told twice: {notice}"),
            Some(Heard::Closed(_)) => false,
            None => true,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_the_front_are_met_by_name() {
    let deployment = Deployment::start().await;
    let (opened, ..) = open(&deployment).await;
    let id = opened.id.to_string();
    let plain = deployment.socket("x").replace("?layer=x", "");
    assert_eq!(Listener::connect(&plain).await.err(), Some(400));
    assert_eq!(Listener::connect(&deployment.socket("none")).await.err(), Some(404));

    let url = deployment.socket(&id);
    let large =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","x":"{}"}}"#, "0".repeat(40_000));
    for (message, code) in
        [(Message::binary(Bytes::from_static(b"{}")), 1003), (Message::text(large), 1009)]
    {
        let mut listener = Listener::connect(&url).await.expect("it may connect");
        listener.say(message).await;
        assert!(matches!(listener.next().await, Heard::Closed(got) if got == code), "{code}");
    }
    // What does not fit into a message says so.
    let mut listener = Listener::connect(&url).await.expect("it may connect");
    let batch: Vec<Value> = (0..4)
        .map(|id| {
            json!({
                "jsonrpc": "2.0", "id": id, "method": "eth_call",
                "params": [{ "to": "0x00000000000000000000000000000000000000cc" }, "latest", {
                    // 32 KiB of nothing.
                    "0x00000000000000000000000000000000000000cc": { "code": "0x6180005ff3" },
                }],
            })
        })
        .collect();
    listener.say(Message::text(json!(batch).to_string())).await;
    let Heard::Message(answers) = listener.next().await else { panic!("it answers") };
    assert!(answers[0]["error"].is_null(), "{answers}");
    assert_eq!(answers[3]["error"]["code"], -32005, "{answers}");
}

/// viem in a process of its own.
struct Viem {
    process: Child,
    lines: UnboundedReceiver<String>,
    heard: Vec<Value>,
}

impl Viem {
    fn start(url: &str) -> Self {
        let mut node = Command::new("node");
        let mut process =
            node.args([LISTEN, url]).stdout(Stdio::piped()).spawn().expect("node starts");
        let stdout = process.stdout.take().expect("piped");
        let (tell, lines) = unbounded_channel();
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            // Nobody reads the rest.
            lines.take_while(|line| tell.send(line.clone()).is_ok()).for_each(drop);
        });
        Self { process, lines, heard: Vec::new() }
    }

    /// Reads what it prints until there is a line about `what`.
    async fn until(&mut self, what: &str) {
        loop {
            let line = tokio::time::timeout(Duration::from_secs(60), self.lines.recv()).await;
            let line = line.expect("viem says something").expect("viem runs");
            let line: Value = serde_json::from_str(&line).expect("JSON");
            self.heard.push(line.clone());
            if !line[what].is_null() {
                return;
            }
        }
    }

    async fn hears_the_same(&mut self, layer: &Rpc, (since, last): (u64, u64)) {
        let expected = hashes(layer, (since, last)).await;
        let of = |heard: &[Value], what: &str| -> Vec<Value> {
            heard.iter().map(|line| line[what].clone()).filter(|value| !value.is_null()).collect()
        };
        while of(&self.heard, "block").last() != Some(&json!(last)) {
            self.until("block").await;
        }
        while of(&self.heard, "hash").len() < expected.len() {
            self.until("hash").await;
        }
        while of(&self.heard, "log").len() < 3 {
            self.until("log").await;
        }
        assert_eq!(
            of(&self.heard, "block"),
            (since + 1..=last).map(Value::from).collect::<Vec<_>>()
        );
        assert_eq!(of(&self.heard, "hash"), expected);
    }
}

impl Drop for Viem {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
