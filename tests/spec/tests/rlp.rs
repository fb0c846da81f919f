//! `ethereum/tests` `RLPTests`: the codec that everything here is encoded with, and our trie's nodes.

#![expect(clippy::unwrap_used, reason = "a malformed fixture is a failed test")]

use std::collections::BTreeMap;

use alloy_primitives::{Bytes, U512, hex, keccak256};
use alloy_rlp::{Encodable, Header, PayloadView};
use mayfly_spec::{Tally, fixtures};
use node_core::trie::verify_proof;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "in")]
    input: Value,
    #[serde(rename = "out")]
    encoded: String,
}

/// Any RLP.
#[derive(Debug, PartialEq, Eq)]
enum Item {
    String(Vec<u8>),
    List(Vec<Self>),
}

#[test]
fn official_rlp_tests() {
    let Some(files) = fixtures::tgz("ethereum-tests-trie-rlp-tx.tgz") else { return };
    let mut tally = Tally::new("official RLP tests");
    for (path, json) in files.iter().filter(|(path, _)| path.starts_with("RLPTests/")) {
        for (name, case) in serde_json::from_slice::<BTreeMap<String, Case>>(json).unwrap() {
            tally.record(format!("{path} {name}"), run(&case));
        }
    }
    tally.finish();
}

fn run(case: &Case) -> Result<(), String> {
    let bytes = hex::decode(&case.encoded).unwrap();
    match (case.input.as_str(), decode(&bytes)) {
        (Some("INVALID"), Ok(item)) => Err(format!("decoded to {item:?}")),
        (Some("INVALID"), Err(_)) => refused_as_node(bytes),
        (Some("VALID"), decoded) => decoded.map(drop),
        (_, decoded) => {
            let item = from_json(&case.input);
            let encoded = encode(&item);
            if encoded != bytes {
                return Err(format!("encoded to {}", hex::encode(encoded)));
            }
            if decoded? == item { Ok(()) } else { Err("decoded to another item".into()) }
        }
    }
}

/// The trie's own reader refuses what is not RLP, even under the right hash.
fn refused_as_node(bytes: Vec<u8>) -> Result<(), String> {
    let node = Bytes::from(bytes);
    verify_proof(keccak256(&node), b"key", &[node])
        .map_or(Ok(()), |value| Err(format!("a node, value {value:?}")))
}

fn decode(mut bytes: &[u8]) -> Result<Item, String> {
    let item = match Header::decode_raw(&mut bytes).map_err(|error| error.to_string())? {
        PayloadView::String(string) => Item::String(string.to_vec()),
        PayloadView::List(items) => {
            Item::List(items.into_iter().map(decode).collect::<Result<_, _>>()?)
        }
    };
    if bytes.is_empty() { Ok(item) } else { Err(format!("{} bytes left", bytes.len())) }
}

fn encode(item: &Item) -> Vec<u8> {
    let mut out = Vec::new();
    match item {
        Item::String(bytes) => bytes.as_slice().encode(&mut out),
        Item::List(items) => {
            let payload: Vec<u8> = items.iter().flat_map(encode).collect();
            Header { list: true, payload_length: payload.len() }.encode(&mut out);
            out.extend(payload);
        }
    }
    out
}

/// Text is a string, a number its big-endian bytes, `#` begins a decimal number.
fn from_json(value: &Value) -> Item {
    match value {
        Value::Array(items) => Item::List(items.iter().map(from_json).collect()),
        Value::Number(number) => {
            Item::String(U512::from(number.as_u64().unwrap()).to_be_bytes_trimmed_vec())
        }
        Value::String(text) => Item::String(match text.strip_prefix('#') {
            Some(digits) => digits.parse::<U512>().unwrap().to_be_bytes_trimmed_vec(),
            None => text.as_bytes().to_vec(),
        }),
        other => panic!("no RLP for {other}"),
    }
}
