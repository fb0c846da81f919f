//! A layer in memory that is asked over JSON-RPC. Its clock moves only while somebody waits.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use alloy_consensus::{SignableTransaction, TxEip1559, TxLegacy, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{
    Address, B256, Bytes, Signature, TxHash, TxKind, U256, address, bytes, hex,
};
use async_trait::async_trait;
use futures::{executor::block_on, future::BoxFuture};
use serde_json::{Value, json};

use super::unique::Unique;
use crate::{
    chain::{
        DepositEvent, EXIT_SEALER, Finality, GenesisAccount, L1Binding, LayerConfig, LayerId,
        MintConfig, Transaction, recover_sender,
    },
    codec::record::Pending,
    execute::Rules,
    flow::{
        Caches,
        open::{self, Alloc, Genesis},
        query::Replica,
        sequence::{Committed, Context, Pipeline, Sequencer, Step, TakeOver, Timing},
    },
    port::{Clock, Doorbell, Heads, SignError, Signer, memory::Memory},
    rpc::{MAX_ANSWER_BYTES, Node, Sends, Tags, dispatch},
};

pub(super) const CHAIN_ID: u64 = 4_242;
pub(super) const START_MS: u64 = 1_700_000_000_000;
pub(super) const ETHER: u64 = 1_000_000_000_000_000_000;

/// Reverts with its call data.
pub(super) const REVERTER: Address = address!("00000000000000000000000000000000000000aa");
/// Logs one topic, the first word of its call data.
pub(super) const LOGGER: Address = address!("00000000000000000000000000000000000000bb");
/// Stores the first word of its call data in slot 0.
pub(super) const STORE: Address = address!("00000000000000000000000000000000000000cc");
/// Returns the block number.
pub(super) const CLOCK: Address = address!("00000000000000000000000000000000000000dd");
/// Logs without topics, as often as its call data says.
pub(super) const MANY: Address = address!("00000000000000000000000000000000000000ee");
/// Jumps nowhere.
pub(super) const BROKEN: Address = address!("00000000000000000000000000000000000000ff");

#[derive(Debug)]
pub(super) struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

type Hook = BoxFuture<'static, ()>;

/// While somebody waits, a hook runs once; otherwise time goes by.
pub(super) struct TestHeads {
    clock: Arc<TestClock>,
    hook: Mutex<Option<Hook>>,
}

#[async_trait]
impl Heads for TestHeads {
    async fn wait_beyond(&self, _: u64, timeout_ms: u64) {
        let hook = self.hook.lock().expect("one thread").take();
        match hook {
            Some(hook) => hook.await,
            None => {
                self.clock.0.fetch_add(timeout_ms, Ordering::Relaxed);
            }
        }
    }
}

struct Silent;

impl Doorbell for Silent {
    fn ring(&self) {}
}

/// Signs as account 1.
#[derive(Debug)]
struct Sequencer1;

#[async_trait]
impl Signer for Sequencer1 {
    fn address(&self) -> Address {
        account(1)
    }

    async fn sign(&self, hash: B256) -> Result<Signature, SignError> {
        Ok(sign_message(secret(1), hash).expect("a valid key"))
    }
}

/// Commits what waits.
#[derive(Clone)]
pub(super) struct Committer {
    context: Context,
    replica: Arc<Replica>,
    clock: Arc<TestClock>,
}

impl Committer {
    pub(super) async fn commit(self) {
        let now_ms = self.clock.now_ms();
        let take_over = Sequencer::take_over(self.context, "writer", now_ms);
        let Ok(TakeOver::Won(mut sequencer)) = take_over.await else {
            panic!("nobody else writes");
        };
        let timing = Timing { now_ms, last_call: false };
        while let Step::Committed(block) = sequencer.step(timing).await.expect("memory") {
            self.replica.push(*block);
        }
        sequencer.leave().await.expect("memory");
    }
}

pub(super) struct Chain {
    pub(super) node: Node,
    pub(super) committer: Committer,
    heads: Arc<TestHeads>,
}

impl Chain {
    pub(super) fn layer() -> Self {
        Self::open(Rules::layer(CHAIN_ID), Tags::layer())
    }

    pub(super) fn ethereum() -> Self {
        Self::open(Rules::ethereum(CHAIN_ID), Tags::instant())
    }

    fn open(rules: Rules, tags: Tags) -> Self {
        let (stores, config, rules) = (Memory::stores(), Arc::new(config()), Arc::new(rules));
        let genesis = Genesis::unbacked(&config, &alloc());
        block_on(open::open(&stores, &config, &genesis)).expect("memory");
        let replica = Arc::new(block_on(Replica::open(&stores, config.id)).expect("memory"));
        let clock = Arc::new(TestClock(AtomicU64::new(START_MS)));
        let heads = Arc::new(TestHeads { clock: clock.clone(), hook: Mutex::default() });
        let node = Node {
            stores: stores.clone(),
            config: config.clone(),
            rules: rules.clone(),
            replica: replica.clone(),
            intake: Arc::default(),
            doorbell: Arc::new(Silent),
            heads: heads.clone(),
            clock: clock.clone(),
            tags: Arc::new(tags),
            annexes: Arc::default(),
            sends: Sends::Taken,
            access: Arc::default(),
            answer_bytes: MAX_ANSWER_BYTES,
            costs: None,
            signer: Some(Arc::new(Sequencer1)),
            client_version: "mayfly/test".to_owned(),
        };
        let pipeline = Pipeline::default();
        let context =
            Context { stores, config, rules, signer: None, pipeline, caches: Caches::default() };
        Self { node, committer: Committer { context, replica, clock }, heads }
    }

    pub(super) fn commit(&self) {
        block_on(self.committer.clone().commit());
    }

    /// Runs `hook` when somebody waits for a block.
    pub(super) fn while_waiting(&self, hook: impl Future<Output = ()> + Send + 'static) {
        *self.heads.hook.lock().expect("one thread") = Some(Box::pin(hook));
    }

    pub(super) fn committed(&self, number: u64) -> Arc<Committed> {
        block_on(self.node.replica.block(number)).expect("memory").expect("committed")
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.node.clock.now_ms()
    }

    /// Lets time go by.
    pub(super) fn advance_ms(&self, ms: u64) {
        self.committer.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    pub(super) fn post(&self, body: &str) -> Option<Value> {
        let answer = block_on(dispatch(&self.node, body.as_bytes()))?;
        serde_json::from_slice::<Unique>(&answer).expect("no member is there twice");
        Some(serde_json::from_slice(&answer).expect("answers are JSON"))
    }

    fn request(&self, method: &str, params: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let answer = self.post(&body.to_string()).expect("a request gets an answer");
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
        answer
    }

    /// Returns the result.
    pub(super) fn ask(&self, method: &str, params: Value) -> Value {
        let mut answer = self.request(method, &params);
        assert!(answer.get("error").is_none(), "{method}{params}: {answer}");
        answer["result"].take()
    }

    /// Returns the error.
    pub(super) fn fail(&self, method: &str, params: Value) -> Value {
        let mut answer = self.request(method, &params);
        assert!(answer.get("result").is_none(), "{method}{params}: {answer}");
        answer["error"].take()
    }

    /// Sends a transaction and returns its hash.
    pub(super) fn send(&self, tx: &Transaction) -> TxHash {
        let hash = self.ask("eth_sendRawTransaction", json!([raw(tx)]));
        assert_eq!(hash, json!(tx.hash()));
        *tx.hash()
    }

    /// Sends a transaction and commits it in a block of its own.
    pub(super) fn include(&self, tx: &Transaction) -> TxHash {
        let hash = self.send(tx);
        self.commit();
        hash
    }

    /// Puts a transaction into the inbox without any check.
    pub(super) fn force(&self, tx: &Transaction, deposit_position: u64) {
        let pending = Pending {
            hash: *tx.hash(),
            sender: recover_sender(tx).expect("our own signature"),
            raw: tx.encoded_2718().into(),
            received_ms: self.now_ms(),
            deposit_position,
        };
        block_on(self.node.stores.inbox.append(pending)).expect("memory");
    }
}

pub(super) fn raw(tx: &Transaction) -> String {
    hex::encode_prefixed(tx.encoded_2718())
}

fn secret(i: u8) -> B256 {
    B256::with_last_byte(i + 1)
}

/// Account `i`; those up to 3 have ETH.
pub(super) fn account(i: u8) -> Address {
    recover_sender(&transfer(i, 0)).expect("our own signature")
}

pub(super) fn sign(i: u8, tx: TxEip1559) -> Transaction {
    let signature = sign_message(secret(i), tx.signature_hash()).expect("a valid key");
    Transaction::Ethereum(tx.into_signed(signature).into())
}

/// 1 wei from account `i` to account 9.
pub(super) fn transfer(i: u8, nonce: u64) -> Transaction {
    let to = TxKind::Call(Address::repeat_byte(9));
    sign(i, TxEip1559 { to, value: U256::ONE, gas_limit: 21_000, ..request(nonce) })
}

/// The same with a legacy transaction.
pub(super) fn legacy(i: u8, nonce: u64) -> Transaction {
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 5,
        gas_limit: 21_000,
        to: TxKind::Call(Address::repeat_byte(9)),
        value: U256::ONE,
        input: Bytes::new(),
    };
    let signature = sign_message(secret(i), tx.signature_hash()).expect("a valid key");
    Transaction::Ethereum(tx.into_signed(signature).into())
}

/// A call from account `i`.
pub(super) fn call(i: u8, nonce: u64, to: Address, input: B256) -> Transaction {
    sign(i, TxEip1559 { to: TxKind::Call(to), input: input.into(), ..request(nonce) })
}

/// A creation of a contract without code.
pub(super) fn create(i: u8, nonce: u64) -> Transaction {
    sign(i, TxEip1559 { to: TxKind::Create, ..request(nonce) })
}

/// A creation of a contract with one byte of code.
pub(super) fn create_code(i: u8, nonce: u64) -> Transaction {
    let input = bytes!("60015ff3");
    sign(i, TxEip1559 { to: TxKind::Create, input, ..request(nonce) })
}

fn request(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 10_000_000,
        max_fee_per_gas: 10,
        max_priority_fee_per_gas: 2,
        ..TxEip1559::default()
    }
}

/// A deposit of 1 ETH.
pub(super) fn deposit(index: u64, to: Address) -> Transaction {
    let event = DepositEvent {
        index,
        from: to,
        to,
        value: U256::from(ETHER),
        gas_limit: 50_000,
        data: Bytes::new(),
    };
    event.into_transaction(Address::repeat_byte(0x11))
}

fn alloc() -> Alloc {
    let contract = |code| GenesisAccount { nonce: 1, code, ..GenesisAccount::default() };
    let funded = GenesisAccount { balance: U256::from(10 * ETHER), ..Default::default() };
    let mut alloc = Alloc::from([
        (REVERTER, contract(bytes!("365f5f37365ffd"))),
        (LOGGER, contract(bytes!("5f355f5fa100"))),
        (STORE, contract(bytes!("5f355f5500"))),
        (CLOCK, contract(bytes!("435f5260205ff3"))),
        (MANY, contract(bytes!("5f355b5f5fa060019003806002570000"))),
        (BROKEN, contract(bytes!("5f56"))),
        (EXIT_SEALER, contract(bytes!("00"))),
    ]);
    alloc.extend((0..4).map(|i| (account(i), funded.clone())));
    alloc
}

fn config() -> LayerConfig {
    LayerConfig {
        name: "summer night".to_owned(),
        opened_at_s: START_MS / 1000 - 10,
        ends_at_s: START_MS / 1000 + 3_600,
        gas_limit: 30_000_000,
        base_fee_wei: 3,
        fee_recipient: Address::repeat_byte(0xfe),
        organiser: account(0),
        operator: account(1),
        sequencer: account(1),
        l1: L1Binding {
            chain_id: 1,
            layer: Address::repeat_byte(0x11),
            config_hash: B256::ZERO,
            opened_in_block: 5,
            finality: Finality::Safe,
        },
        mint: Some(MintConfig { minter: account(8), ticket: Some(Address::repeat_byte(0x77)) }),
        ..LayerConfig::detached(LayerId::new([7; 16]), CHAIN_ID)
    }
}
