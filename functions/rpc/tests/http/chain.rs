//! A whole chain in this process: stores in memory, a writer, a node, a server on a loopback port.

use std::{io, net::SocketAddr, sync::Arc};

use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, U256, address, b256};
use mayfly_contracts::preinstalls;
use mayfly_sequencer::{Bell, HeadWatch, Policy, SystemClock, Writer};
use node_core::{
    chain::{DepositEvent, GenesisAccount, LayerConfig, LayerId},
    codec::record::Pending,
    execute::Rules,
    flow::{
        Caches,
        open::{self, Alloc, Genesis},
        query::Replica,
        sequence::{Context, Pipeline},
    },
    port::{Clock, SignError, Signer, Unobserved, memory::Memory},
    rpc::{MAX_ANSWER_BYTES, Node, Sends, Tags},
};
use tokio::{net::TcpListener, sync::watch};

/// Chain id of development chains.
pub(crate) const CHAIN_ID: u64 = 31_337;

const ETHER: u64 = 1_000_000_000_000_000_000;

/// Accounts of the phrase that every Ethereum development node knows, `m/44'/60'/0'/0/0` to `/9`.
const FUNDED: [Address; 10] = [
    address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
    address!("90F79bf6EB2c4f870365E785982E1f101E93b906"),
    address!("15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
    address!("9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
    address!("976EA74026E726554dB657fA54763abd0C3a0aa9"),
    address!("14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
    address!("23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
    address!("a0Ee7A142d267C1f36714E4a8F75612F20a79720"),
];

/// Signs as the first of the accounts.
struct FirstAccount;

#[async_trait::async_trait]
impl Signer for FirstAccount {
    fn address(&self) -> Address {
        FUNDED[0]
    }

    async fn sign(&self, hash: B256) -> Result<Signature, SignError> {
        let secret = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
        Ok(sign_message(secret, hash).expect("a valid key"))
    }
}

/// A chain that is served.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) node: Arc<Node>,
    /// Dropping it stops the writer.
    _stop: watch::Sender<bool>,
}

/// Starts a chain and serves it.
pub(crate) async fn serve(rules: Rules, base_fee_wei: u64, port: u16) -> io::Result<Served> {
    let (stop, stopped) = watch::channel(false);
    let node = Arc::new(start(rules, base_fee_wei, stopped).await);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let router = mayfly_rpc::router(Arc::clone(&node));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Served { address, node, _stop: stop })
}

impl Served {
    /// Puts a deposit of 1 ETH from the L1 into the inbox, the first of the layer.
    pub(crate) async fn deposit(&self) {
        let to = FUNDED[9];
        let value = U256::from(ETHER);
        let event =
            DepositEvent { index: 0, from: to, to, value, gas_limit: 50_000, data: Bytes::new() };
        let deposit = event.into_transaction(Address::ZERO);
        let pending = Pending {
            hash: *deposit.hash(),
            sender: to,
            raw: deposit.encoded_2718().into(),
            received_ms: self.node.clock.now_ms(),
            deposit_position: 1,
        };
        self.node.stores.inbox.append(pending).await.expect("memory does not fail");
        self.node.doorbell.ring();
        self.node.heads.wait_beyond(0, 10_000).await;
    }
}

async fn start(rules: Rules, base_fee_wei: u64, stopped: watch::Receiver<bool>) -> Node {
    let clock = Arc::new(SystemClock);
    let config = Arc::new(config(clock.now_ms() / 1000, base_fee_wei));
    let (stores, rules) = (Memory::stores(), Arc::new(rules));
    let genesis = Genesis::unbacked(&config, &alloc());
    open::open(&stores, &config, &genesis).await.expect("memory does not fail");
    let replica = Replica::open(&stores, config.id).await.expect("the layer is open");
    let (replica, heads, bell) = (Arc::new(replica), HeadWatch::default(), Bell::default());
    let writer = Writer {
        context: Context {
            stores: stores.clone(),
            config: config.clone(),
            rules: rules.clone(),
            signer: None,
            pipeline: Pipeline::default(),
            caches: Caches::default(),
        },
        replica: replica.clone(),
        heads: heads.clone(),
        bell: bell.clone(),
        clock: clock.clone(),
        observer: Arc::new(Unobserved),
        policy: Policy::default(),
        holder: Writer::name(),
    };
    tokio::spawn(async move { writer.run(stopped).await });
    Node {
        stores,
        config,
        rules,
        replica,
        intake: Arc::default(),
        doorbell: Arc::new(bell),
        heads: Arc::new(heads),
        clock,
        tags: Arc::new(Tags::instant()),
        annexes: Arc::default(),
        sends: Sends::Taken,
        access: Arc::default(),
        answer_bytes: MAX_ANSWER_BYTES,
        costs: None,
        signer: Some(Arc::new(FirstAccount)),
        client_version: concat!("mayfly/", env!("CARGO_PKG_VERSION"), "/dev").to_owned(),
    }
}

fn alloc() -> Alloc {
    let preinstalls = preinstalls(CHAIN_ID).expect("the checked-in preinstalls are well formed");
    let mut alloc: Alloc = preinstalls
        .into_iter()
        .map(|one| (one.address, GenesisAccount { nonce: 1, code: one.code, ..Default::default() }))
        .collect();
    let balance = U256::from(10_000) * U256::from(ETHER);
    alloc.extend(FUNDED.map(|account| (account, GenesisAccount { balance, ..Default::default() })));
    alloc
}

fn config(now_s: u64, base_fee_wei: u64) -> LayerConfig {
    LayerConfig {
        name: "development".to_owned(),
        opened_at_s: now_s,
        ends_at_s: now_s + 24 * 60 * 60,
        base_fee_wei,
        fee_recipient: Address::repeat_byte(0xfe),
        organiser: FUNDED[0],
        operator: FUNDED[0],
        sequencer: FUNDED[0],
        ..LayerConfig::detached(LayerId::new(*b"development only"), CHAIN_ID)
    }
}
