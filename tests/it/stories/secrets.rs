//! What nobody may read: it is in no output and in no log, however much is said.

use std::fs;

use alloy::hex;
use mayfly_it::http;
use serde_json::{Value, json};

use crate::mayfly::{self, Up};

/// Key that the RPC wants.
const API_KEY: &str = "an-api-key-of-a-wallet-0123456789";

/// A layer with every kind of shop, claims, an API and rules lives for a while, and says as much as it can.
#[test]
fn secrets_are_in_no_output_and_in_no_log() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| dir.path().join(name).to_str().expect("a plain name").to_owned();
    let (file, layer) = (path("event.toml"), path("layer"));
    let shops = ["stripe", "shopify", "standard-webhooks", "paddle", "github", "pretix"];
    let options: Vec<_> = shops.iter().flat_map(|shop| ["--shop", shop]).collect();
    let init = ["event", "init", &file, "--claim-page", "https://t.test/#"];
    let written = mayfly::json(&[&init[..], &options].concat());
    let names = written["variables"].as_array().expect("names").iter();
    let secrets: Vec<(String, String)> = (0..)
        .zip(names.map(|name| name.as_str().expect("text").to_owned()))
        // Base64, as some schemes want it, and different for each.
        .map(|(number, name)| {
            (name, format!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS{}", letter(number)))
        })
        .collect();
    fs::write(path("rules.json"), json!({ "apiKeys": [API_KEY] }).to_string())
        .expect("it is written");
    let said = fs::File::create(path("stderr")).expect("it can be made");
    let up = Up::start_with(
        dir.path().join("layer").as_path(),
        &["-vv", "--event", &file, "--access", &path("rules.json"), "--ends-in", "1h"],
        |command| command.envs(secrets.iter().cloned()).env("RUST_LOG", "trace").stderr(said),
    );
    for shop in ["stripe", "shopify", "standard-webhooks", "paddle"] {
        simulate(&secrets, &[&file, "--dir", &layer, "--shop", shop]);
        simulate(&secrets, &[&file, "--dir", &layer, "--shop", shop, "--refund"]);
    }
    let office = secrets.iter().find(|(name, _)| name == "MAYFLY_OFFICE_KEY").expect("a key");
    let token = hold(&up, &office.1);
    for (header, value) in [("x-api-key", API_KEY), ("authorization", &format!("Bearer {API_KEY}"))]
    {
        assert_eq!(ask(&up, "/", &[(header, value)]).status, 200);
    }
    assert_eq!(ask(&up, &format!("/?apiKey={API_KEY}"), &[]).status, 200);
    assert_eq!(ask(&up, "/", &[("x-api-key", "wrong-key-of-somebody-else")]).status, 401);
    let ready = up.ready.to_string();
    let closed = mayfly::run(&["--json", "close", "--dir", &layer]);
    drop(up);

    let mut hidden: Vec<(String, String)> = secrets;
    hidden.push(("the API key".to_owned(), API_KEY.to_owned()));
    hidden.push(("the token of a claim".to_owned(), token));
    let keys = fs::read_to_string(dir.path().join("layer").join("keys.json")).expect("keys");
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    for (name, key) in keys.as_object().expect("an object") {
        // The organiser needs the one of Stripe, and is told.
        if let (Some(key), true) = (key.as_str(), name != "stripe_secret") {
            hidden.push((name.clone(), key.trim_start_matches("0x").to_owned()));
        }
    }
    assert!(hidden.len() >= shops.len() + 6, "{}", hidden.len());
    let log = fs::read(path("stderr")).expect("it was written");
    let log = String::from_utf8_lossy(&log).into_owned();
    assert!(log.contains("TRACE"), "much is said: {} bytes", log.len());
    let texts = [ready, log, String::from_utf8_lossy(&closed.stdout).into_owned()];
    for (name, secret) in &hidden {
        let coded = hex::encode(secret);
        for text in &texts {
            assert!(!text.contains(secret.as_str()) && !text.contains(&coded), "{name} is said");
        }
    }
}

/// A letter of base64 whose bits all count.
fn letter(number: u8) -> char {
    char::from(b"AEIMQUYcgkosw048"[usize::from(number % 16)])
}

fn simulate(secrets: &[(String, String)], arguments: &[&str]) {
    let arguments = [&["--json", "event", "simulate"], arguments].concat();
    let mut command = mayfly::command(&arguments);
    let output = command.envs(secrets.iter().cloned()).output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// Makes an order for a buyer without a wallet, and returns the token of the link.
fn hold(up: &Up, key: &str) -> String {
    let url = up.ready["rpcUrl"].as_str().expect("a URL").trim_start_matches("http://");
    let headers = [("x-api-key", key), ("Idempotency-Key", "first")];
    let wanted = json!({ "email": "ada@example.org" }).to_string();
    let made = http::post(url, "/office/orders", &headers, &wanted).expect("it is answered");
    assert_eq!(made.status, 200, "{}", made.body);
    let exported = http::get(url, "/office/exports/unclaimed", &headers).expect("it is answered");
    let (_, link) = exported.body.split_once("https://t.test/#").expect("a link");
    let token: String =
        link.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.~%".contains(*c)).collect();
    let shown = http::get(url, &format!("/claims/{token}"), &[]).expect("it is answered");
    assert_eq!(shown.status, 200, "{}", shown.body);
    token
}

fn ask(up: &Up, path: &str, headers: &[(&str, &str)]) -> http::Answer {
    let url = up.ready["rpcUrl"].as_str().expect("a URL").trim_start_matches("http://");
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] });
    http::post(url, path, headers, &request.to_string()).expect("it is answered")
}
