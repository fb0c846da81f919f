use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    hex,
    primitives::{Address, TxKind, U256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use mayfly_it::Rpc;
use serde_json::json;

use crate::mayfly::{self, Up};

/// How often the layer is killed.
const ROUNDS: u64 = 12;

/// Chain id that the layer is opened with.
const CHAIN_ID: u64 = 4_712;

/// Longest wait for what was acknowledged to be committed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Senders push transactions while the process is killed with SIGKILL at random moments and started again. Every
/// transaction that was acknowledged is in exactly one block at the end, and the whole chain verifies.
#[test]
fn sigkill_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let seed = std::env::var("MAYFLY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("seed {seed}: MAYFLY_SEED={seed} runs it again");
    let mut moments = Moments(seed);
    let mut senders: Vec<Sender> = (0..4).map(Sender::new).collect();
    for _ in 0..ROUNDS {
        let up = start(dir.path());
        let deadline = Instant::now() + moments.next();
        let workers: Vec<_> = senders
            .drain(..)
            .map(|mut sender| {
                let rpc = up.rpc();
                thread::spawn(move || {
                    sender.send_until_cut_off(&rpc);
                    sender
                })
            })
            .collect();
        thread::sleep(deadline.saturating_duration_since(Instant::now()));
        up.kill();
        senders.extend(workers.into_iter().map(|worker| worker.join().expect("a sender ends")));
    }
    let acknowledged: Vec<String> =
        senders.iter().flat_map(|sender| sender.acknowledged.clone()).collect();
    println!("{} transactions acknowledged in {ROUNDS} lives", acknowledged.len());
    assert!(acknowledged.len() > 100, "the layer was under load");

    let up = start(dir.path());
    acknowledged.iter().for_each(|hash| wait_for_receipt(&up.rpc(), hash));
    each_is_in_one_block(&up.rpc(), &acknowledged);
    let path = dir.path().to_str().expect("a plain name");
    let ended = mayfly::json(&["close", "--dir", path]);
    let verified = mayfly::json(&["verify", "--dir", path]);
    assert_eq!(verified["settledOnL1"], ended["ended"]["stateRoot"]);
}

fn start(dir: &Path) -> Up {
    Up::start(dir, &["--chain-id", &CHAIN_ID.to_string(), "--ends-in", "1h"])
}

fn wait_for_receipt(rpc: &Rpc, hash: &str) {
    let deadline = Instant::now() + PATIENCE;
    while rpc.call("eth_getTransactionReceipt", &json!([hash])).is_null() {
        let status = rpc.call("mayfly_transactionStatus", &json!([hash]));
        assert!(Instant::now() < deadline, "acknowledged, but not in a block: {hash} {status}");
        thread::yield_now();
    }
}

fn each_is_in_one_block(rpc: &Rpc, acknowledged: &[String]) {
    let head = rpc.call("eth_blockNumber", &json!([]));
    let head = u64::from_str_radix(&head.as_str().expect("a quantity")[2..], 16).expect("hex");
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for number in 0..=head {
        let number = format!("0x{number:x}");
        let block = rpc.call("eth_getBlockByNumber", &json!([number, false]));
        for hash in block["transactions"].as_array().expect("hashes") {
            *seen.entry(hash.as_str().expect("a hash").to_owned()).or_default() += 1;
        }
    }
    for hash in acknowledged {
        assert_eq!(seen.get(hash), Some(&1), "{hash} is in one block");
    }
}

/// One funded account that sends as fast as it is answered.
struct Sender {
    key: PrivateKeySigner,
    nonce: u64,
    acknowledged: Vec<String>,
}

impl Sender {
    fn new(index: u32) -> Self {
        let phrase = "test test test test test test test test test test test junk";
        // The organiser's account, number 0, deploys the sample ticket: leave it alone.
        let key = alloy::signers::local::MnemonicBuilder::try_from_phrase_nth(phrase, index + 1);
        let key = key.expect("the well-known phrase");
        Self { key, nonce: 0, acknowledged: Vec::new() }
    }

    fn send_until_cut_off(&mut self, rpc: &Rpc) {
        let count =
            rpc.try_call("eth_getTransactionCount", &json!([self.key.address(), "pending"]));
        let Ok(count) = count else { return };
        let Some(count) = count["result"].as_str() else { return };
        self.nonce = u64::from_str_radix(&count[2..], 16).expect("hex");
        while let Ok(answer) = rpc.try_call("eth_sendRawTransaction", &json!([self.signed()])) {
            match answer["result"].as_str() {
                Some(hash) => self.acknowledged.push(hash.to_owned()),
                // More wait than one sender may have: the next request tries again.
                None if answer.to_string().contains("are waiting") => continue,
                None => panic!("refused: {answer}"),
            }
            self.nonce += 1;
        }
    }

    fn signed(&self) -> String {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: self.nonce,
            gas_limit: 21_000,
            to: TxKind::Call(Address::repeat_byte(0xbb)),
            value: U256::ONE,
            ..TxEip1559::default()
        };
        let signature = self.key.sign_hash_sync(&tx.signature_hash()).expect("a key in memory");
        hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
    }
}

/// Random moments from a seed: xorshift, which needs no crate and no clock.
struct Moments(u64);

impl Moments {
    /// Between 0 and 0.6 seconds after the layer is ready.
    const fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % 600)
    }
}
