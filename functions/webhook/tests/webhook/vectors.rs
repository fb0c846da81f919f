//! Deliveries signed by Stripe's own library, with the verdict that it gave.

use std::collections::BTreeMap;

use mayfly_webhook::stripe;
use serde::Deserialize;

use crate::support::secret;

const VECTORS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/webhook-vectors.json");

#[derive(Deserialize)]
struct Vector {
    provider: String,
    name: String,
    secret: String,
    headers: BTreeMap<String, String>,
    body: String,
    #[serde(default)]
    now: u64,
    #[serde(default)]
    tolerance: u64,
    expect: bool,
}

#[test]
fn every_published_vector_gets_its_verdict() {
    let Ok(text) = std::fs::read_to_string(VECTORS) else {
        eprintln!("SKIPPED, NOTHING WAS CHECKED: no fixtures at {VECTORS}");
        return;
    };
    let vectors: Vec<Vector> = serde_json::from_str(&text).expect("the fixtures are vectors");
    let mut checked = 0;
    for vector in vectors.iter().filter(|vector| vector.provider == "stripe") {
        let header = &vector.headers[stripe::HEADER];
        let secrets = [secret(&vector.secret)];
        let body = vector.body.as_bytes();
        let verdict = stripe::verify(header, body, &secrets, vector.now, vector.tolerance);
        assert_eq!(verdict.is_ok(), vector.expect, "{}: {verdict:?}", vector.name);
        checked += 1;
    }
    assert!(checked >= 6, "expected at least the 6 Stripe vectors, got {checked}");
}
