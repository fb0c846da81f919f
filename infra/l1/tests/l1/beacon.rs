//! Blobs from a consensus node: one that this file plays, with the blobs that anvil has taken.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use alloy::{
    eips::eip4844::{Blob, kzg_to_versioned_hash},
    hex,
    primitives::B256,
};
use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    routing::get,
};
use c_kzg::ethereum_kzg_settings;
use mayfly_it::Anvil;
use mayfly_l1::{Assurance, BlobSource};
use node_core::{
    chain::Posting,
    flow::{
        batch::{self, Batcher, Due},
        query::Replica,
    },
    port::PostedBatch,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::event::{Event, HEAD, ether};

/// What a consensus node knows.
#[derive(Debug, Default)]
struct Beacon {
    genesis_s: u64,
    /// As `/eth/v1/config/spec` says it.
    spec: Value,
    /// Blobs by slot, in their order in the block.
    slots: BTreeMap<u64, Vec<String>>,
    /// Slots and hashes that were asked for.
    asked: Mutex<Vec<(u64, Vec<B256>)>>,
}

/// The hash that the commitment to a blob has, by c-kzg.
fn versioned_hash(blob: &str) -> B256 {
    let bytes = hex::decode(blob).expect("hex");
    let blob = c_kzg::Blob::from_bytes(&bytes).expect("131,072 bytes");
    let commitment = ethereum_kzg_settings(0).blob_to_kzg_commitment(&blob).expect("a blob");
    kzg_to_versioned_hash(commitment.to_bytes().as_slice())
}

async fn genesis(State(beacon): State<Arc<Beacon>>) -> Json<Value> {
    let root = B256::ZERO;
    let time = beacon.genesis_s.to_string();
    Json(
        json!({ "data": { "genesis_time": time, "genesis_validators_root": root, "genesis_fork_version": "0x00000000" } }),
    )
}

async fn spec(State(beacon): State<Arc<Beacon>>) -> Result<Json<Value>, StatusCode> {
    match &beacon.spec {
        Value::Null => Err(StatusCode::NOT_FOUND),
        spec => Ok(Json(json!({ "data": spec }))),
    }
}

/// All blobs of the block whose hashes are asked for, in the order of the block.
async fn blobs(
    State(beacon): State<Arc<Beacon>>,
    Path(slot): Path<u64>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, StatusCode> {
    let query = query.unwrap_or_default();
    let hashes: Option<Vec<B256>> =
        query.split('&').map(|pair| pair.strip_prefix("versioned_hashes=")?.parse().ok()).collect();
    let hashes = hashes.ok_or(StatusCode::BAD_REQUEST)?;
    let held = beacon.slots.get(&slot).ok_or(StatusCode::NOT_FOUND)?;
    let wanted: Vec<&String> =
        held.iter().filter(|blob| hashes.contains(&versioned_hash(blob))).collect();
    let answer = json!({ "execution_optimistic": false, "finalized": true, "data": wanted });
    beacon.asked.lock().expect("no test panics in between").push((slot, hashes));
    Ok(Json(answer))
}

/// Serves a consensus node; returns its URL.
async fn serve(beacon: Arc<Beacon>) -> String {
    let routes = Router::new()
        .route("/eth/v1/beacon/genesis", get(genesis))
        .route("/eth/v1/config/spec", get(spec))
        .route("/eth/v1/beacon/blobs/{slot}", get(blobs))
        .with_state(beacon);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// Blobs that anvil has taken, by the time of their blocks.
fn blobs_of(anvil: &Anvil) -> Vec<(u64, String)> {
    let rpc = anvil.rpc();
    let number = |value: &Value| {
        let text = value.as_str().expect("a quantity");
        u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a quantity")
    };
    let head = number(&rpc.call("eth_blockNumber", &json!([])));
    let mut found = Vec::new();
    for block in 0..=head {
        let block = rpc.call("eth_getBlockByNumber", &json!([format!("{block:#x}"), false]));
        for hash in block["transactions"].as_array().expect("hashes") {
            let blobs = rpc.call("anvil_getBlobsByTransactionHash", &json!([hash]));
            for blob in blobs.as_array().into_iter().flatten() {
                found.push((number(&block["timestamp"]), blob.as_str().expect("hex").to_owned()));
            }
        }
    }
    found
}

/// An event with two batches in blobs; returns what was posted.
async fn posted() -> (Event, Vec<PostedBatch>) {
    let event = Event::open_with(Posting::Blobs, Assurance::Operator).await;
    for i in [1, 2] {
        event.deposit(i, ether("5")).await;
        event.anvil.pass_time(60);
        event.anvil.finalize();
        event.ingest().await;
        let (stores, config) = (&event.context.stores, &*event.context.config);
        let replica = &Replica::open(stores, config.id).await.expect("memory does not fail");
        let batcher = Batcher { stores, config, replica, known_codes: &[] };
        batch::post(&batcher, &*event.recorder, Due::All).await.expect("nothing fails");
    }
    let until = event.node.block(HEAD).await.expect("anvil answers");
    let batches = event.l1.batches(until, &BlobSource::Anvil, || ()).await.expect("they are there");
    assert_eq!(batches.len(), 2);
    (event, batches)
}

async fn read(event: &Event, beacon: Arc<Beacon>) -> Result<Vec<PostedBatch>, String> {
    let url = serve(beacon).await;
    let source = BlobSource::of(Some(&url)).expect("a URL");
    let until = event.node.block(HEAD).await.expect("anvil answers");
    event.l1.batches(until, &source, || ()).await.map_err(|error| format!("{error:?}"))
}

/// Slots of five and of twelve seconds, as the node says or as Ethereum has them; with the blobs of strangers in the same
/// block, and one of ours that somebody has sent again.
#[tokio::test]
async fn blobs_come_from_the_slot_of_their_block_whatever_else_is_in_it() {
    let (event, expected) = posted().await;
    let taken = blobs_of(&event.anvil);
    let genesis_s = taken.iter().map(|(time_s, _)| *time_s).min().expect("two") - 1_003;
    let stranger = hex::encode_prefixed(Blob::repeat_byte(1));
    for (spec, slot_s) in [
        (Value::Null, 12),
        (json!({ "SECONDS_PER_SLOT": "5", "PRESET_BASE": "gnosis" }), 5),
        (json!({ "SECONDS_PER_SLOT": "5", "SLOT_DURATION_MS": "6000" }), 6),
    ] {
        let mut slots = BTreeMap::<u64, Vec<String>>::new();
        for (time_s, blob) in &taken {
            let slot = slots.entry((time_s - genesis_s) / slot_s).or_default();
            slot.extend([stranger.clone(), blob.clone(), blob.clone()]);
        }
        let asked = Mutex::default();
        let beacon = Arc::new(Beacon { genesis_s, spec, slots, asked });
        assert_eq!(read(&event, beacon.clone()).await.as_ref(), Ok(&expected), "{slot_s} s");
        let asked = beacon.asked.lock().expect("no test panics in between");
        let hashes: Vec<B256> = asked.iter().flat_map(|(_, hashes)| hashes.clone()).collect();
        let ours: Vec<B256> = taken.iter().map(|(_, blob)| versioned_hash(blob)).collect();
        assert_eq!(hashes, ours, "no other was asked for");
    }
}

#[tokio::test]
async fn blobs_that_are_gone_or_others_are_named() {
    let (event, _) = posted().await;
    let taken = blobs_of(&event.anvil);
    let genesis_s = taken[0].0 - 1_003;
    let gone = read(&event, Arc::new(Beacon { genesis_s, ..Beacon::default() })).await;
    assert!(gone.expect_err("404").contains("consensus node"));
    let slots = taken.iter().map(|(time_s, _)| ((time_s - genesis_s) / 12, Vec::new())).collect();
    let pruned = read(&event, Arc::new(Beacon { genesis_s, slots, ..Beacon::default() })).await;
    let reason = pruned.expect_err("it has none");
    let first = versioned_hash(&taken[0].1).to_string();
    assert!(reason.contains(&first) && reason.contains("18 days"), "{reason}");
}
