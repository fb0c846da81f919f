//! `ethereum/tests` `TrieTests`: any order, in order with removals, secure keys, next and previous.

#![expect(clippy::unwrap_used, reason = "a malformed fixture is a failed test")]

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, hex, keccak256};
use mayfly_spec::{Tally, fixtures};
use node_core::trie::Trie;
use serde::Deserialize;

#[derive(Deserialize)]
struct RootCase {
    #[serde(rename = "in")]
    input: Input,
    root: B256,
}

/// What to insert; an object is the same in any order, `null` removes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    AnyOrder(BTreeMap<String, Option<String>>),
    InOrder(Vec<(String, Option<String>)>),
}

#[derive(Deserialize)]
struct NeighbourCase {
    #[serde(rename = "in")]
    keys: Vec<String>,
    /// Probe, the key before it, the key after it.
    tests: Vec<(String, String, String)>,
}

type Steps = Vec<(Vec<u8>, Option<Bytes>)>;

#[test]
fn official_trie_tests() {
    let Some(files) = fixtures::tgz("ethereum-tests-trie-rlp-tx.tgz") else { return };
    let mut tally = Tally::new("official trie tests");
    for (path, json) in files.iter().filter(|(path, _)| path.starts_with("TrieTests/")) {
        if path.ends_with("nextprev.json") {
            for (name, case) in
                serde_json::from_slice::<BTreeMap<String, NeighbourCase>>(json).unwrap()
            {
                tally.record(format!("{path} {name}"), run_neighbours(&case));
            }
            continue;
        }
        let secure = path.to_lowercase().contains("secure");
        for (name, case) in serde_json::from_slice::<BTreeMap<String, RootCase>>(json).unwrap() {
            tally.record(format!("{path} {name}"), run_roots(&case, secure));
        }
    }
    tally.finish();
}

/// Reaches the root one by one; where the order is free also backwards, in one batch, and built.
fn run_roots(case: &RootCase, secure: bool) -> Result<(), String> {
    let (steps, free): (Steps, bool) = match &case.input {
        Input::AnyOrder(map) => (map.iter().map(|step| decode(step, secure)).collect(), true),
        Input::InOrder(list) => {
            (list.iter().map(|(key, value)| decode((key, value), secure)).collect(), false)
        }
    };
    expect_root("one by one", &one_by_one(steps.iter()), case.root)?;
    if free {
        expect_root("backwards", &one_by_one(steps.iter().rev()), case.root)?;
    }
    // The last step for each key decides, whatever the order was.
    let last: BTreeMap<_, _> = steps.into_iter().collect();
    let mut batched = Trie::new();
    batched.apply(last.clone()).map_err(|error| error.to_string())?;
    expect_root("batch", &batched, case.root)?;
    let present = last.into_iter().filter_map(|(key, value)| Some((key, value?)));
    expect_root("built", &Trie::from_sorted(present).map_err(|error| error.to_string())?, case.root)
}

fn one_by_one<'a>(steps: impl Iterator<Item = &'a (Vec<u8>, Option<Bytes>)>) -> Trie<Bytes> {
    let mut trie = Trie::new();
    for (key, value) in steps {
        match value {
            Some(value) => trie.insert(key, value.clone()).unwrap(),
            None => trie.remove(key).unwrap(),
        }
    }
    trie
}

fn expect_root(how: &str, trie: &Trie<Bytes>, expected: B256) -> Result<(), String> {
    let got = trie.root();
    if got == expected { Ok(()) } else { Err(format!("{how}: root {got}, expected {expected}")) }
}

fn decode((key, value): (&String, &Option<String>), secure: bool) -> (Vec<u8>, Option<Bytes>) {
    let key = bytes(key);
    let key = if secure { keccak256(key).to_vec() } else { key };
    (key, value.as_deref().map(bytes).map(Bytes::from))
}

/// Text, or hex where it says so.
fn bytes(text: &str) -> Vec<u8> {
    text.strip_prefix("0x")
        .map_or_else(|| text.as_bytes().to_vec(), |digits| hex::decode(digits).unwrap())
}

/// The leaves come in the order of their keys.
fn run_neighbours(case: &NeighbourCase) -> Result<(), String> {
    let mut trie = Trie::new();
    for key in &case.keys {
        trie.insert(key.as_bytes(), Bytes::from_static(b"value")).unwrap();
    }
    let keys: Vec<_> = trie.iter().map(|leaf| leaf.unwrap().0.as_key().unwrap().to_vec()).collect();
    for (probe, before, after) in &case.tests {
        let probe = probe.as_bytes();
        let previous =
            keys.iter().rev().find(|key| key.as_slice() < probe).map_or(&[][..], Vec::as_slice);
        let next = keys.iter().find(|key| key.as_slice() > probe).map_or(&[][..], Vec::as_slice);
        if (previous, next) != (before.as_bytes(), after.as_bytes()) {
            return Err(format!("around {probe:?}: {previous:?} and {next:?}"));
        }
    }
    Ok(())
}
