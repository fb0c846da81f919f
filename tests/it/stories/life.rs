use std::{fs, path::Path};

use mayfly_disk::Disk;
use node_core::{
    codec::{
        frame::{self, Kind},
        names,
    },
    port::Put,
};
use serde_json::{Value, json};

use crate::mayfly::{self, Up};

/// A layer is opened, used, looked at, ended early, paid out and verified, each by its command.
#[test]
fn a_layer_is_opened_ended_claimed_and_verified_by_hand() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().to_str().expect("a plain name");
    let up = Up::start(dir.path(), &["--name", "by hand", "--chain-id", "4711"]);
    assert_eq!(up.rpc().call("eth_chainId", &json!([])), "0x1267");
    assert_eq!(up.ready["accounts"].as_array().map(Vec::len), Some(10));
    let funded = up.rpc().call("eth_getBalance", &json!([account(&up, 3), "latest"]));
    assert_eq!(funded, "0x3635c9adc5dea00000", "1,000 ETH, deposited from the L1");
    a_forged_webhook_is_refused(&up);

    let status = mayfly::json(&["status", "--dir", path]);
    assert_eq!(status["phase"], "open");
    let refused = mayfly::run(&["claim", "--all", "--dir", path]);
    assert!(!refused.status.success(), "nothing is settled yet");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("mayfly close"));
    let running = mayfly::json(&["verify", "--dir", path]);
    assert_eq!(running["audited"]["stateRoot"], status["stateRoot"], "a running layer verifies");

    let ended = mayfly::json(&["close", "--dir", path]);
    let ended = &ended["ended"];
    assert_eq!((&ended["itemsLeft"], &ended["objectsLeft"]), (&json!(0), &json!(0)));
    let again = mayfly::json(&["close", "--dir", path]);
    assert_eq!(&again["ended"], ended, "ending twice is the same as once");

    let before = up.l1().call("eth_getBalance", &json!([account(&up, 3), "latest"]));
    let paid = mayfly::json(&["claim", "--recipient", &account(&up, 3), "--dir", path]);
    assert_eq!((&paid["exits"], &paid["paid"]), (&json!(1), &json!(1)));
    let after = up.l1().call("eth_getBalance", &json!([account(&up, 3), "latest"]));
    assert_eq!(wei(&after) - wei(&before), 1_000_000_000_000_000_000_000);
    mayfly::json(&["claim", "--all", "--dir", path]);
    let twice = mayfly::json(&["claim", "--recipient", &account(&up, 4), "--dir", path]);
    assert_eq!(twice["paid"], 0, "an exit is paid once");

    let verified = mayfly::json(&["verify", "--dir", path]);
    assert_eq!(verified["audited"]["stateRoot"], ended["stateRoot"]);
    assert_eq!(verified["settledOnL1"], ended["stateRoot"]);
}

fn a_forged_webhook_is_refused(up: &Up) {
    let url = up.ready["webhookUrl"].as_str().expect("a URL");
    let before = up.rpc().call("eth_blockNumber", &json!([]));
    let client = reqwest_blocking(url, "t=1,v1=00", r#"{"type":"checkout.session.completed"}"#);
    assert_eq!(client, 400);
    assert_eq!(up.rpc().call("eth_blockNumber", &json!([])), before, "nothing happened");
}

/// Posts one delivery over HTTP/1.0 and returns the status.
fn reqwest_blocking(url: &str, signature: &str, body: &str) -> u16 {
    use std::io::{Read, Write};
    let rest = url.trim_start_matches("http://");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = std::net::TcpStream::connect(host).expect("it listens");
    let length = body.len();
    write!(
        stream,
        "POST /{path} HTTP/1.0\r\nStripe-Signature: {signature}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// The process dies while it erases: the next one finishes that, and says what the layer came to.
#[test]
fn an_erase_that_died_is_finished_by_the_next_up() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().to_str().expect("a plain name");
    let up = Up::start(dir.path(), &[]);
    mayfly::json(&["close", "--dir", path]);
    up.kill();
    let outcome = fs::read_to_string(dir.path().join("outcome.json")).expect("it has ended");
    for has_phase in [true, false] {
        fs::remove_file(dir.path().join("outcome.json")).expect("it is there");
        leave_half_erased(dir.path(), has_phase);
        let again = mayfly::run(&["up", "--port", "0", "--l1-port", "0", "--dir", path]);
        let errors = String::from_utf8_lossy(&again.stderr);
        assert!(errors.contains("ended"), "{errors}");
        let said = fs::read_to_string(dir.path().join("outcome.json")).expect("it is said again");
        assert_eq!(said, outcome, "nothing is left");
    }
}

/// Puts back what an erase leaves that dies: an object, and its phase, if that is not gone yet.
#[tokio::main]
async fn leave_half_erased(dir: &Path, has_phase: bool) {
    let place = fs::read(dir.join("place.json")).expect("it is there");
    let place: Value = serde_json::from_slice(&place).expect("JSON");
    let layer = place["layer"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let disk = Disk::open(&dir.join("layer")).expect("nobody else has it open");
    let stores = disk.stores(layer);
    let name = format!("{}packs/left", names::layer_prefix(layer));
    let left = b"a pack".as_slice();
    stores.objects.put(&name, left.into(), Put::Overwrite).await.expect("it is written");
    if has_phase {
        let phase = frame::encode(Kind::Register, br#"{"phase":"erased"}"#).into();
        stores.registers.store(names::PHASE, None, phase).await.expect("it is written");
    }
}

#[test]
fn commands_say_what_to_do_next() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().to_str().expect("a plain name");
    for command in ["status", "close"] {
        let output = mayfly::run(&[command, "--dir", path]);
        assert!(!output.status.success());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("mayfly up --dir"), "{command}: {errors}");
    }
    let output = mayfly::run(&["--json", "status", "--dir", path]);
    let error: Value = serde_json::from_slice(&output.stdout).expect("an object on stdout");
    assert_eq!(error["error"]["code"], "not-running");
    let output = mayfly::run(&["up", "--ends-in", "soon", "--dir", path]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--ends-in"));
    let output =
        mayfly::run(&["up", "--chain-id", "0", "--port", "0", "--l1-port", "0", "--dir", path]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("chain_id"));
}

fn account(up: &Up, index: usize) -> String {
    up.ready["accounts"][index]["address"].as_str().expect("an address").to_owned()
}

fn wei(hex: &Value) -> u128 {
    let digits = hex.as_str().expect("a quantity").trim_start_matches("0x");
    u128::from_str_radix(digits, 16).expect("hex")
}
