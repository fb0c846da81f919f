//! One event on an L1 of its own: anvil, an open layer in memory, and people.

use std::sync::Arc;

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    network::TxSignerSync,
    primitives::{Address, B256, TxKind, U256, utils::parse_ether},
    sol_types::{SolCall, SolConstructor},
};
use mayfly_contracts::{Ticket, predeploys};
use mayfly_it::Anvil;
use mayfly_l1::{
    Assurance, Bridged, HttpL1, Node, PrivateKeySigner, Sender, Terms, bridged_token,
    deploy_factory, deposit_eth, devnet, open_layer,
};
use node_core::{
    chain::{Finality, L1Binding, LayerConfig, LayerId, Limits, Phase, Posting},
    execute::{CallOutcome, CallRequest},
    flow::{
        Tip, bridge,
        open::{self, Genesis},
        query::Replica,
        sequence::{Context, Sequencer, Step, TakeOver, Timing},
        submit,
        teardown::{
            Progress, Teardown, Wait,
            exits::{self, Exits},
        },
    },
    port::{Doorbell, L1, L1View, memory::Memory},
    state::{StateError, WorldState},
};

use crate::recorder::Recorder;

pub(crate) const LAYER_CHAIN_ID: u64 = 4_242;
pub(crate) const WINDOW_S: u32 = 1_000;
/// Opens, operates and ends the layer.
pub(crate) const ORGANISER: usize = 0;

/// The newest block.
pub(crate) const HEAD: Finality = Finality::Depth(0);

/// How a layer is opened.
pub(crate) struct Setup {
    pub(crate) posting: Posting,
    pub(crate) assurance: Assurance,
    /// Tokens of the L1 that it takes.
    pub(crate) bridged: Vec<Bridged>,
    pub(crate) bulk_from: Option<u64>,
    pub(crate) orphan_recipient: Option<Address>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            posting: Posting::Leaves,
            assurance: Assurance::Operator,
            bridged: Vec::new(),
            bulk_from: None,
            orphan_recipient: None,
        }
    }
}

pub(crate) struct Event {
    pub(crate) anvil: Anvil,
    pub(crate) node: Node,
    pub(crate) organiser: Arc<Sender>,
    pub(crate) l1: Arc<HttpL1>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) context: Context,
    pub(crate) now_ms: u64,
}

struct Deaf;

impl Doorbell for Deaf {
    fn ring(&self) {}
}

pub(crate) fn ether(amount: &str) -> U256 {
    parse_ether(amount).expect("a number")
}

pub(crate) fn person(i: usize) -> PrivateKeySigner {
    devnet::accounts().remove(i)
}

impl Event {
    /// Opens a layer that credits deposits of finalized blocks.
    pub(crate) async fn open() -> Self {
        Self::open_with(Posting::Leaves, Assurance::Operator).await
    }

    /// As [`Self::open`], with inputs posted and the end vouched for.
    pub(crate) async fn open_with(posting: Posting, assurance: Assurance) -> Self {
        Self::on(Anvil::start(), Setup { posting, assurance, ..Setup::default() }).await
    }

    /// Opens a layer on an L1 where something happened before.
    pub(crate) async fn on(anvil: Anvil, setup: Setup) -> Self {
        let Setup { posting, assurance, bridged, bulk_from, orphan_recipient } = setup;
        let node = Node::connect(&anvil.url()).await.expect("anvil answers");
        let organiser = Arc::new(Sender::new(node.clone(), person(ORGANISER)));
        let factory = deploy_factory(&organiser).await.expect("anvil has the deployer");
        let now_s = node.block(HEAD).await.expect("anvil has blocks").timestamp_s;
        let mut config = layer_config(now_s, node.chain_id(), posting);
        config.tokens.bulk_from = bulk_from;
        for bridged in &bridged {
            let token = bridged_token(&node, bridged).await.expect("it is on the L1");
            config.tokens.bridged.push(token);
        }
        config.tokens.bridged.sort_unstable_by_key(|token| token.token);
        let alloc = predeploys(&config.tokens.bridged);
        let genesis = Genesis::new(&config, &alloc).expect("a valid configuration");
        let terms = Terms { assurance, bridged, orphan_recipient, ..terms(now_s) };
        let terms = terms.config(&config, &genesis);
        let opened =
            open_layer(&organiser, factory, &terms, B256::ZERO).await.expect("a valid layer");
        config.l1.layer = opened.address;
        config.l1.opened_in_block = opened.receipt.block;

        let l1 = HttpL1::connect(node.clone(), config.l1.clone()).await.expect("it is there");
        assert_eq!(*l1.config(), terms, "the L1 gives back what it was opened with");
        let l1 = Arc::new(l1.with_sender(organiser.clone()));
        let stores = Memory::stores();
        open::open(&stores, &config, &genesis).await.expect("memory does not fail");
        let context = Context::load(stores, None).await.expect("it is open");
        let recorder = Arc::new(Recorder::new(l1.clone()));
        Self { anvil, node, organiser, l1, recorder, context, now_ms: now_s * 1_000 }
    }

    /// Returns an event that is over: claims are open. Accounts 1, 2 and 3 have deposited 5 ETH each, 1 and 2
    /// have bought ticket 1 and 2 for 1 ETH from 3.
    pub(crate) async fn over() -> (Self, Exits) {
        Self::over_with(Posting::Leaves, Assurance::Operator).await
    }

    /// As [`Self::over`], with inputs posted and the end vouched for.
    pub(crate) async fn over_with(posting: Posting, assurance: Assurance) -> (Self, Exits) {
        let event = Self::open_with(posting, assurance).await;
        for i in 1..=3 {
            event.deposit(i, ether("5")).await;
        }
        event.anvil.finalize();
        event.ingest().await;
        event.sell_tickets().await;
        event.end(Phase::Final).await;
        let leaves = exits::collect(&event.context.stores).await.expect("memory does not fail");
        (event, Exits::new(leaves))
    }

    pub(crate) fn layer(&self) -> Address {
        self.context.config.l1.layer
    }

    pub(crate) fn sender(&self, i: usize) -> Sender {
        Sender::new(self.node.clone(), person(i))
    }

    pub(crate) async fn view(&self, finality: Finality) -> L1View {
        self.l1.view(finality).await.expect("anvil answers")
    }

    /// Deposits for person `i`, from their own key.
    pub(crate) async fn deposit(&self, i: usize, value: U256) -> mayfly_l1::Deposited {
        let sender = self.sender(i);
        deposit_eth(&sender, self.layer(), sender.address(), value)
            .await
            .expect("deposits are open")
    }

    /// Brings finalized deposits to the layer and commits everything that waits there.
    pub(crate) async fn ingest(&self) {
        take_in(&self.context, &*self.l1, self.now_ms).await;
    }

    pub(crate) async fn balance_on_layer(&self, account: Address) -> U256 {
        let mut tip = Tip::open(&self.context.stores).await.expect("memory does not fail");
        let balance = |world: &WorldState| {
            let held = world.account(&account)?;
            Ok::<_, StateError>(held.map_or(U256::ZERO, |account| account.info.balance))
        };
        tip.with(balance).await.expect("memory does not fail")
    }

    pub(crate) fn teardown(&self) -> Teardown {
        let l1: Arc<dyn L1> = self.recorder.clone();
        Teardown {
            context: self.context.clone(),
            l1,
            holder: "end".into(),
            known_codes: Arc::default(),
        }
    }

    /// Ends the layer up to `phase`, passing time and finality on the L1 as it asks.
    pub(crate) async fn end(&self, phase: Phase) {
        let teardown = self.teardown();
        loop {
            match teardown.advance(self.now_ms).await.expect("nothing fails") {
                Progress::Moved(reached) if reached == phase => return,
                Progress::Disposable => {
                    let erased = teardown.erase().await.expect("nothing fails");
                    assert_eq!(erased, Progress::Erased);
                    return;
                }
                Progress::Moved(_) => {}
                Progress::Waiting(Wait::L1Finality { .. }) => self.anvil.finalize(),
                Progress::Waiting(Wait::Window { .. }) => {
                    self.anvil.pass_time(WINDOW_S.into());
                    self.anvil.finalize();
                }
                Progress::Waiting(wait) => panic!("waits for {wait}"),
                Progress::Erased => return,
            }
        }
    }

    async fn sell_tickets(&self) {
        let ticket = self.create(3, tickets(3)).await;
        for buyer in [1, 2] {
            let input = Ticket::buyCall {}.abi_encode().into();
            self.send(buyer, TxEip1559 { value: ether("1"), input, ..to(ticket.into()) }).await;
        }
    }

    /// Person `i` pays somebody on the layer.
    pub(crate) async fn pay(&self, i: usize, value: U256) {
        let somebody = TxKind::Call(Address::repeat_byte(0xbb));
        self.send(i, TxEip1559 { value, gas_limit: 21_000, ..to(somebody) }).await;
    }

    /// Person `i` deploys a contract on the layer; returns where.
    pub(crate) async fn create(&self, i: usize, code: Vec<u8>) -> Address {
        let nonce = self.nonce(i).await;
        self.send(i, TxEip1559 { input: code.into(), ..to(TxKind::Create) }).await;
        person(i).address().create(nonce)
    }

    /// Person `i` calls a contract on the layer.
    pub(crate) async fn call(&self, i: usize, contract: Address, call: &impl SolCall) {
        let input = call.abi_encode().into();
        self.send(i, TxEip1559 { input, ..to(contract.into()) }).await;
    }

    /// Answer of a contract on the layer, as its state is now.
    pub(crate) async fn ask<C: SolCall>(&self, contract: Address, call: &C) -> C::Return {
        let mut tip = Tip::open(&self.context.stores).await.expect("memory does not fail");
        let request = CallRequest {
            to: contract.into(),
            input: call.abi_encode().into(),
            ..CallRequest::default()
        };
        match tip.call(&self.context.rules, &request).await.expect("memory does not fail") {
            CallOutcome::Success { output, .. } => {
                C::abi_decode_returns(&output).expect("what the interface says")
            }
            other => panic!("{}: {other:?}", C::SIGNATURE),
        }
    }

    async fn nonce(&self, i: usize) -> u64 {
        let mut tip = Tip::open(&self.context.stores).await.expect("memory does not fail");
        let who = person(i).address();
        let nonce = |world: &WorldState| {
            let held = world.account(&who)?;
            Ok::<_, StateError>(held.map_or(0, |account| account.info.nonce))
        };
        tip.with(nonce).await.expect("memory does not fail")
    }

    async fn send(&self, i: usize, tx: TxEip1559) {
        self.send_all(i, vec![tx]).await;
    }

    /// Commits transactions of person `i` in their order, in as few blocks as they fit into; all must succeed.
    pub(crate) async fn send_all(&self, i: usize, txs: Vec<TxEip1559>) {
        let Context { stores, config, rules, .. } = &self.context;
        let first = self.nonce(i).await;
        let tip = Tip::open(stores).await.expect("memory does not fail");
        let before = tip.header.number;
        for (nonce, mut tx) in (first..).zip(txs) {
            tx.nonce = nonce;
            let signature = person(i).sign_transaction_sync(&mut tx).expect("a local key signs");
            let raw = TxEnvelope::from(tx.into_signed(signature)).encoded_2718();
            let signed = submit::decode(&raw, config).expect("well formed");
            let newest = &mut (&tip).into();
            submit::submit(stores, &Deaf, (config, rules), newest, signed, self.now_ms)
                .await
                .expect("the layer is open");
        }
        commit(&self.context, self.now_ms).await;
        let replica = Replica::open(stores, config.id).await.expect("memory does not fail");
        for number in before + 1..=replica.head().header.number {
            let block = replica.block(number).await.expect("memory does not fail");
            let record = &block.expect("it is committed").record;
            for (receipt, tx) in record.receipts.iter().zip(&record.block.transactions) {
                assert!(receipt.success, "{tx:?}");
            }
        }
    }
}

/// The code that deploys tickets at 1 ETH, which person `i` mints for nothing.
pub(crate) fn tickets(i: usize) -> Vec<u8> {
    let arguments = Ticket::constructorCall {
        name_: "Ticket".to_owned(),
        symbol_: "TCK".to_owned(),
        priceWei_: ether("1"),
        minter_: person(i).address(),
        maxSupply_: U256::from(10),
    };
    [Ticket::BYTECODE.as_ref(), &arguments.abi_encode()].concat()
}

/// Brings deposits to the layer and commits everything that waits there.
pub(crate) async fn take_in(context: &Context, l1: &dyn L1, now_ms: u64) {
    bridge::ingest(&context.stores, &context.config, l1, &Deaf, now_ms).await.expect("it answers");
    commit(context, now_ms).await;
}

async fn commit(context: &Context, now_ms: u64) {
    let take_over = Sequencer::take_over(context.clone(), "event", now_ms).await;
    let TakeOver::Won(mut sequencer) = take_over.expect("memory does not fail") else {
        panic!("nobody else writes");
    };
    let timing = Timing { now_ms, last_call: false };
    while let Step::Committed(_) = sequencer.step(timing).await.expect("memory does not fail") {}
    sequencer.leave().await.expect("memory does not fail");
}

/// A transaction to somebody on the layer, without nonce.
pub(crate) fn to(to: TxKind) -> TxEip1559 {
    let gas_limit = 5_000_000;
    TxEip1559 { chain_id: LAYER_CHAIN_ID, gas_limit, to, ..TxEip1559::default() }
}

fn terms(now_s: u64) -> Terms {
    Terms {
        deposit_cutoff_s: now_s + 43_200,
        window_s: WINDOW_S,
        tvl_cap_wei: 1_000_000_000_000_000_000_000,
        ..Terms::default()
    }
}

fn layer_config(now_s: u64, l1_chain_id: u64, posting: Posting) -> LayerConfig {
    LayerConfig {
        name: "event".to_owned(),
        opened_at_s: now_s,
        ends_at_s: now_s + 86_400,
        fee_recipient: person(ORGANISER).address(),
        organiser: person(ORGANISER).address(),
        operator: person(ORGANISER).address(),
        l1: L1Binding {
            chain_id: l1_chain_id,
            layer: Address::ZERO,
            config_hash: B256::ZERO,
            opened_in_block: 0,
            finality: Finality::Finalized,
        },
        limits: Limits { transaction_bytes: 64 * 1024, ..Limits::default() },
        posting,
        ..LayerConfig::detached(LayerId::new([7; 16]), LAYER_CHAIN_ID)
    }
}
