use std::{
    path::Path,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{U256, hex, keccak256};
use mayfly_it::http;
use mayfly_webhook::{
    Secret,
    provider::{STRIPE, Sample},
};
use serde_json::{Value, json};

use crate::mayfly::{self, Up};

/// Sales of the flood.
const SALES: u64 = 200;

/// Deliveries of them.
const DELIVERIES: u64 = 1_000;

/// Connections that are open at a time.
const CONNECTIONS: u64 = 32;

/// Longest wait for what was paid to be minted.
const PATIENCE: Duration = Duration::from_secs(60);

/// Delivers a sale, signed now, to the layer's own Stripe shop.
fn deliver(up: &Up, number: u64) -> std::io::Result<http::Answer> {
    let secret = up.ready["stripeSecret"].as_str().expect("a secret");
    let secret = Secret::new(secret).expect("a secret");
    let recipient = format!("0x{:040x}", number + 1_000_000);
    let sample = Sample { number, recipient, tickets: 1, is_refund: false };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let posted = STRIPE.post(&sample, &secret, now.as_secs()).expect("Stripe signs");
    let headers: Vec<_> =
        posted.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = up.ready["rpcUrl"].as_str().expect("a URL");
    http::post(url.trim_start_matches("http://"), "/webhooks/stripe", &headers, &posted.body)
}

/// Tickets that there are.
fn supply(up: &Up) -> u64 {
    let input = hex::encode_prefixed(&keccak256("totalSupply()")[..4]);
    let call = json!([{ "to": up.ready["ticket"], "input": input }, "latest"]);
    let answer = up.rpc().call("eth_call", &call);
    let number: U256 = answer.as_str().expect("a word").parse().expect("a number");
    number.try_into().expect("small")
}

fn wait_for_supply(up: &Up, expected: u64) {
    let deadline = Instant::now() + PATIENCE;
    while supply(up) < expected {
        assert!(Instant::now() < deadline, "{} of {expected} minted", supply(up));
        thread::yield_now();
    }
}

fn start(dir: &Path, more: &[&str]) -> Up {
    Up::start(dir, &[&["--ends-in", "1h"], more].concat())
}

/// What waits has been minted or refused when nothing waits any more.
fn wait_for_orders(up: &Up, numbers: impl Iterator<Item = u64>) {
    let deadline = Instant::now() + PATIENCE;
    for number in numbers {
        let key = format!("stripe/cs_sim_{number}/ticket/0");
        while up.rpc().call("mayfly_orderStatus", &json!([key]))["state"] != "minted" {
            assert!(Instant::now() < deadline, "{key} is not minted");
            thread::yield_now();
        }
    }
}

#[test]
fn a_thousand_deliveries_of_two_hundred_sales_are_two_hundred_tickets() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let up = start(dir.path(), &[]);
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let up = &up;
            scope.spawn(move || {
                let mut delivery = connection;
                while delivery < DELIVERIES {
                    let answer = deliver(up, delivery * 7 % SALES).expect("it is answered");
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    delivery += CONNECTIONS;
                }
            });
        }
    });
    wait_for_orders(&up, 0..SALES);
    assert_eq!(supply(&up), SALES);
}

/// The process is killed while it mints what it has just recorded; nothing that was answered is lost or minted twice,
/// also when the shop sends all of it again.
#[test]
fn a_crash_between_record_and_mint_loses_and_doubles_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut sold = 0;
    for round in 0..4 {
        let up = start(dir.path(), &[]);
        for _ in 0..25 {
            let answer = deliver(&up, sold).expect("it is answered");
            assert_eq!(answer.status, 200, "{}", answer.body);
            sold += 1;
        }
        if round < 3 {
            up.kill();
            continue;
        }
        wait_for_orders(&up, 0..sold);
        for number in 0..sold {
            let answer = deliver(&up, number).expect("it is answered");
            assert!(answer.body.contains("\"state\":\"minted\""), "{}", answer.body);
        }
        assert_eq!(supply(&up), sold);
    }
}

/// A port that nobody listens on just now.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("bound"))
}

/// What an organiser does: write a configuration, have it checked, open, try every shop out.
#[test]
fn a_configuration_is_written_checked_and_tried_out() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("event.toml");
    let file = file.to_str().expect("a plain name");
    let sellers = [
        "stripe",
        "shopify",
        "standard-webhooks",
        "svix",
        "paddle",
        "lemonsqueezy",
        "tickettailor",
        "eventbrite",
        "pretix",
    ];
    let shops = sellers.iter().chain(&["github"]);
    let options: Vec<_> = shops.flat_map(|shop| ["--shop", shop]).collect();
    let init =
        [&["event", "init", file, "--claim-page", "https://t.test/#"], &options[..]].concat();
    let written = mayfly::json(&init);
    let variables: Vec<_> = written["variables"]
        .as_array()
        .expect("names")
        .iter()
        .map(|name| name.as_str().expect("text").to_owned())
        .collect();
    assert!(variables.contains(&"MAYFLY_STANDARD_WEBHOOKS_SECRET".to_owned()), "{variables:?}");
    // Where `simulate` answers for those who do not sign.
    let text = std::fs::read_to_string(file).expect("it was written");
    let text = text.replace("https://www.eventbriteapi.com/v3", &free_address());
    let text = text.replace("https://pretix.eu/api/v1", &free_address());
    std::fs::write(file, text).expect("it is ours");

    let refused = mayfly::run(&["--json", "event", "check", file]);
    let refused: Value = serde_json::from_slice(&refused.stdout).expect("one object on stdout");
    let message = refused["error"]["message"].as_str().expect("text");
    let missing = variables.iter().filter(|name| message.contains(name.as_str())).count();
    assert_eq!(missing, variables.len(), "all that is missing is said at once: {message}");

    // Good for every scheme.
    let secrets: Vec<_> = variables
        .iter()
        .map(|name| (name.as_str(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        .collect();
    let told = |arguments: &[&str]| -> Value {
        let mut command = mayfly::command(&[&["--json"], arguments].concat());
        let output = command.envs(secrets.iter().copied()).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).expect("one object on stdout")
    };
    assert_eq!(told(&["event", "check", file])["claims"], true);

    let layer = dir.path().join("layer");
    let place = layer.to_str().expect("a plain name");
    let up = Up::start_with(&layer, &["--event", file, "--ends-in", "1h"], |command| {
        command.envs(secrets.iter().copied())
    });
    assert_eq!(up.ready["webhookUrls"].as_array().map(Vec::len), Some(10));
    for shop in sellers {
        let sold = told(&[
            "event", "simulate", file, "--dir", place, "--shop", shop, "--sales", "2", "--times",
            "2",
        ]);
        for delivery in sold["deliveries"].as_array().expect("deliveries") {
            assert_eq!(delivery["status"], 200, "{shop}: {delivery}");
        }
    }
    let tickets = 2 * u64::try_from(sellers.len()).expect("few");
    wait_for_supply(&up, tickets);
    for shop in sellers {
        let paid_back =
            told(&["event", "simulate", file, "--dir", place, "--shop", shop, "--refund"]);
        let delivery = &paid_back["deliveries"][0];
        assert_eq!(delivery["status"], 200, "{shop}: {delivery}");
        assert_eq!(delivery["answer"]["orders"][0]["state"], "void", "{shop}: {delivery}");
    }
    assert_eq!(supply(&up), tickets, "without a call that burns, tickets are only marked");
    let headers = [("x-api-key", secrets[0].1)];
    let url = up.ready["rpcUrl"].as_str().expect("a URL").trim_start_matches("http://");
    let orders = http::get(url, "/office/exports/orders", &headers).expect("it is answered");
    let rows = u64::try_from(orders.body.lines().count()).expect("few") - 1;
    assert_eq!((orders.status, rows), (200, tickets));
}
