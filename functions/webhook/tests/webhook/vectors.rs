//! Deliveries that vendors published or their libraries signed, with the verdict that these gave.

use std::collections::{BTreeMap, BTreeSet};

use mayfly_webhook::Provider;
use serde::Deserialize;

use crate::support::{header_map, scheme};

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
    let mut providers = BTreeSet::new();
    for vector in &vectors {
        let name = format!("{} {}", vector.provider, vector.name);
        let scheme = scheme(Provider::named(&vector.provider).unwrap_or_else(|| panic!("{name}")));
        assert!([0, scheme.tolerance_s].contains(&vector.tolerance), "{name}");
        let headers = vector.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let secrets = [scheme.secret(&vector.secret).expect("a secret")];
        let (headers, body) = (header_map(headers), vector.body.as_bytes());
        let verdict = scheme.verify(&headers, body, &secrets, vector.now, vector.tolerance);
        assert_eq!(verdict.is_ok(), vector.expect, "{name}: {verdict:?}");
        providers.insert(vector.provider.as_str());
    }
    assert!(vectors.len() >= 28, "expected at least 28 vectors, got {}", vectors.len());
    assert_eq!(providers.len(), 8, "{providers:?}");
}
