use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use alloy_primitives::{Address, Bytes, U256, address};
use async_trait::async_trait;
use futures::executor::block_on;
use node_core::{
    chain::{GenesisAccount, LayerConfig, LayerId},
    execute::Rules,
    flow::{
        open::{self, Alloc, Genesis},
        query::Replica,
    },
    port::{Clock, Doorbell, Heads, memory::Memory},
    rpc::{MAX_ANSWER_BYTES, Node, Sends, Tags, dispatch},
};
use serde_json::{Value, value::RawValue};

/// Code that logs, stores, and returns what it was called with.
const BUSY: Address = address!("00000000000000000000000000000000000000cc");

/// Time that goes by when it is looked at, and when somebody waits.
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

struct Impatient(Arc<Ticks>);

#[async_trait]
impl Heads for Impatient {
    async fn wait_beyond(&self, _: u64, timeout_ms: u64) {
        self.0.0.fetch_add(timeout_ms, Ordering::Relaxed);
    }
}

struct Silent;

impl Doorbell for Silent {
    fn ring(&self) {}
}

/// Any bytes as the body of a JSON-RPC request: everybody may send one.
///
/// # Panics
/// When there is no answer but to notifications, one that is not JSON, or one that says that it is our fault.
pub fn requests(data: &[u8]) {
    static NODE: OnceLock<Node> = OnceLock::new();
    let node = NODE.get_or_init(node);
    let Some(answer) = block_on(dispatch(node, data)) else {
        assert!(
            serde_json::from_slice::<&RawValue>(data).is_ok(),
            "no answer to what is no notification"
        );
        return;
    };
    assert!(answer.len() <= 2 * MAX_ANSWER_BYTES, "{} bytes", answer.len());
    let answer: Value = serde_json::from_slice(&answer).expect("the answer is JSON");
    match &answer {
        Value::Array(answers) => answers.iter().for_each(check),
        one => check(one),
    }
}

fn check(answer: &Value) {
    assert_eq!(answer["jsonrpc"], "2.0");
    if answer.get("result").is_none() {
        let code = answer["error"]["code"].as_i64().expect("a result or an error");
        assert_ne!(code, -32603, "{answer}");
    }
}

/// A layer with block 0, an account and a contract.
fn node() -> Node {
    let (stores, config) = (Memory::stores(), Arc::new(config()));
    let rules = Arc::new(Rules::layer(config.chain_id));
    let genesis = Genesis::unbacked(&config, &alloc());
    block_on(open::open(&stores, &config, &genesis)).expect("memory");
    let replica = block_on(Replica::open(&stores, config.id)).expect("memory");
    let clock = Arc::new(Ticks(AtomicU64::new(1_700_000_000_000)));
    Node {
        stores,
        config,
        rules,
        replica: Arc::new(replica),
        intake: Arc::default(),
        doorbell: Arc::new(Silent),
        heads: Arc::new(Impatient(Arc::clone(&clock))),
        clock,
        tags: Arc::new(Tags::layer()),
        annexes: Arc::default(),
        sends: Sends::Taken,
        access: Arc::default(),
        answer_bytes: MAX_ANSWER_BYTES,
        costs: None,
        signer: None,
        client_version: "mayfly/fuzz".to_owned(),
    }
}

fn alloc() -> Alloc {
    let funded = GenesisAccount { balance: U256::from(u64::MAX), ..GenesisAccount::default() };
    let code = Bytes::from_static(&[
        0x36, 0x5f, 0x5f, 0x37, 0x36, 0x5f, 0xa0, 0x5f, 0x35, 0x5f, 0x55, 0x36, 0x5f, 0xf3,
    ]);
    let busy = GenesisAccount { nonce: 1, code, ..GenesisAccount::default() };
    Alloc::from([(Address::repeat_byte(0xaa), funded), (BUSY, busy)])
}

fn config() -> LayerConfig {
    LayerConfig {
        opened_at_s: 1_700_000_000,
        ends_at_s: u64::from(u32::MAX),
        gas_limit: 30_000_000,
        ..LayerConfig::detached(LayerId::new([7; 16]), 4_242)
    }
}
