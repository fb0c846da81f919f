//! A layer with every kind of token, a hostile one among them, sealed without an L1 that could say no.

use std::sync::{Arc, Mutex};

use alloy::{
    primitives::{Address, B256, Bytes, TxHash, U256, address, b256, keccak256},
    sol_types::{SolCall, SolConstructor},
};
use async_trait::async_trait;
use mayfly_contracts::{Coin, Items, Ticket, WrappedERC20, predeploys, preinstalls};
use node_core::{
    chain::{
        BridgedToken, DepositEvent, Finality, L1Binding, L1Origin, LayerConfig, LayerId, Metadata,
        Phase, TokenDeposit,
    },
    exit::{Asset, ExitLeaf},
    flow::{
        open::{self, Alloc, Genesis},
        sequence::Context,
        teardown::{
            Progress, Teardown,
            exits::{self, Exits},
            preview::{Preview, preview},
        },
    },
    port::{L1, L1Action, L1Receipt, L1View, PortError, Settlement, memory::Memory},
};

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
/// Tokens of the L1.
const GOLD: Address = Address::repeat_byte(0x20);
const ART: Address = Address::repeat_byte(0x21);
const WINE: Address = Address::repeat_byte(0x26);
/// Deploys with CREATE2 what it is sent; owns what its creations give to their deployer.
const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
const NOW_S: u64 = 1_800_000_000;

/// Logs a transfer to its caller, then answers 7 to every question, but to those without arguments the number of
/// the block: a supply that never is what it was.
///
/// ```text
/// CALLER PUSH0 PUSH32 Transfer PUSH0 PUSH0 LOG3
/// PUSH1 23 PUSH1 0x36 PUSH0 CODECOPY PUSH1 23 PUSH0 RETURN
/// CALLDATASIZE PUSH1 4 EQ PUSH1 15 JUMPI PUSH1 7 PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
/// JUMPDEST NUMBER PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
/// ```
fn hostile_coin() -> Vec<u8> {
    let transfer = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    let mut code = vec![0x33, 0x5f, 0x7f];
    code.extend_from_slice(transfer.as_slice());
    code.extend_from_slice(&[0x5f, 0x5f, 0xa3]);
    let runtime = [
        0x36, 0x60, 4, 0x14, 0x60, 15, 0x57, 0x60, 7, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3, 0x5b, 0x43,
        0x5f, 0x52, 0x60, 32, 0x5f, 0xf3,
    ];
    let length = u8::try_from(runtime.len()).expect("short");
    let at = u8::try_from(code.len() + 10).expect("short");
    code.extend_from_slice(&[0x60, length, 0x60, at, 0x5f, 0x39, 0x60, length, 0x5f, 0xf3]);
    code.extend_from_slice(&runtime);
    code
}

/// An L1 with these deposits in block 1, which takes every settlement.
struct Said {
    deposits: Vec<DepositEvent>,
    settlement: Mutex<Option<Settlement>>,
}

#[async_trait]
impl L1 for Said {
    async fn newest(&self, _: Finality) -> Result<L1Origin, PortError> {
        self.block(1).await
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        Ok(L1Origin { number, hash: B256::repeat_byte(1), timestamp_s: NOW_S })
    }

    async fn deposits(&self, _: u64, _: u64) -> Result<Vec<DepositEvent>, PortError> {
        Ok(self.deposits.clone())
    }

    async fn view(&self, _: Finality) -> Result<L1View, PortError> {
        let deposit_count = self.deposits.len() as u64;
        Ok(L1View { deposits_closed: true, deposit_count, ..L1View::default() })
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        if let L1Action::Settle(settlement) = action {
            *self.settlement.lock().expect("no test panics in between") = Some(*settlement);
        }
        Ok(L1Receipt { transaction: TxHash::ZERO, block: 1, gas_used: 0 })
    }
}

/// Deposits in the order in which they are made.
#[derive(Default)]
struct Deposits(Vec<DepositEvent>);

impl Deposits {
    fn call(&mut self, from: Address, to: Address, value: u64, data: impl Into<Bytes>) {
        let (index, value, data) = (self.0.len() as u64, U256::from(value), data.into());
        self.0.push(DepositEvent { index, from, to, value, gas_limit: 10_000_000, data });
    }

    /// Deploys with CREATE2, and returns where.
    fn deploy(&mut self, code: &[u8]) -> Address {
        self.call(ALICE, DEPLOYER, 0, [B256::ZERO.as_slice(), code].concat());
        DEPLOYER.create2(B256::ZERO, keccak256(code))
    }

    fn token(&mut self, kind: u8, token: Address, to: Address, id: u64, value: u64) {
        let index = self.0.len() as u64;
        let (id, value) = (U256::from(id), U256::from(value));
        let deposit =
            TokenDeposit { index, kind, token, from: ALICE, to, id, value, gas_limit: 1_000_000 };
        self.0.push(deposit.into());
    }
}

/// Where the tokens that are born on the layer stand.
struct Born {
    ticket: Address,
    coin: Address,
    items: Address,
    hostile: Address,
}

fn deposits() -> (Vec<DepositEvent>, Born) {
    let mut all = Deposits::default();
    all.call(ALICE, ALICE, 500, Bytes::new());
    all.call(BOB, BOB, 300, Bytes::new());
    all.token(1, GOLD, ALICE, 0, 1_000);
    all.token(1, GOLD, BOB, 0, 50);
    all.token(2, ART, BOB, 9, 1);
    all.token(6, WINE, ALICE, 3, 12);
    let ticket = Ticket::constructorCall {
        name_: "Ticket".to_owned(),
        symbol_: "TCK".to_owned(),
        priceWei_: U256::ZERO,
        minter_: ALICE,
        maxSupply_: U256::from(10),
    };
    let ticket = all.deploy(&[&Ticket::BYTECODE[..], &ticket.abi_encode()].concat());
    all.call(ALICE, ticket, 0, Ticket::mintToCall { to: BOB }.abi_encode());
    all.call(ALICE, ticket, 0, Ticket::mintToCall { to: ALICE }.abi_encode());
    let coin = Coin::constructorCall {
        name_: "Coin".to_owned(),
        symbol_: "CN".to_owned(),
        supply: U256::from(100),
    };
    let coin = all.deploy(&[&Coin::BYTECODE[..], &coin.abi_encode()].concat());
    let transfer = Coin::transferCall { to: BOB, value: U256::from(40) };
    all.call(DEPLOYER, coin, 0, transfer.abi_encode());
    let items = Items::constructorCall { minter_: ALICE, uri_: String::new() };
    let items = all.deploy(&[&Items::BYTECODE[..], &items.abi_encode()].concat());
    for (to, id, amount) in [(BOB, 5, 2), (ALICE, 5, 1), (BOB, 4, 9)] {
        let mint = Items::mintCall { to, id: U256::from(id), amount: U256::from(amount) };
        all.call(ALICE, items, 0, mint.abi_encode());
    }
    let hostile = all.deploy(&hostile_coin());
    // Wrapped coins move like any other.
    let transfer = WrappedERC20::transferCall { to: ticket, amount: U256::from(7) };
    all.call(BOB, GOLD, 0, transfer.abi_encode());
    (all.0, Born { ticket, coin, items, hostile })
}

fn alloc() -> Alloc {
    let token = |token, name: &str, metadata| {
        let (name, symbol) = (name.to_owned(), name.to_uppercase());
        BridgedToken { token, name, symbol, metadata }
    };
    let mut alloc = predeploys(&[
        token(GOLD, "Gold", Metadata::Coin { decimals: 6 }),
        token(ART, "Art", Metadata::Collection { base_uri: String::new() }),
        token(WINE, "Wine", Metadata::Items { uri: String::new() }),
    ]);
    let preinstalled = preinstalls(7).expect("checked in");
    let deployer = preinstalled.into_iter().find(|one| one.address == DEPLOYER);
    let code = deployer.expect("it is on every layer").code;
    alloc.insert(
        DEPLOYER,
        node_core::chain::GenesisAccount { nonce: 1, code, ..Default::default() },
    );
    alloc
}

fn config() -> LayerConfig {
    LayerConfig {
        opened_at_s: NOW_S,
        ends_at_s: NOW_S + 60,
        fee_recipient: Address::repeat_byte(0xfe),
        organiser: ALICE,
        operator: ALICE,
        l1: L1Binding {
            chain_id: 1,
            layer: Address::repeat_byte(0x11),
            opened_in_block: 1,
            finality: Finality::Depth(0),
            ..L1Binding::none()
        },
        ..LayerConfig::detached(LayerId::new([7; 16]), 4_242)
    }
}

/// Ends a layer on an L1 that says yes; returns what a rehearsal before the end said, too.
async fn sealed() -> (Context, Born, Preview, Settlement) {
    let (deposits, born) = deposits();
    let stores = Memory::stores();
    let config = config();
    let genesis = Genesis::new(&config, &alloc()).expect("a valid configuration");
    open::open(&stores, &config, &genesis).await.expect("memory does not fail");
    let context = Context::load(stores, None).await.expect("it is open");
    let l1 = Arc::new(Said { deposits, settlement: Mutex::default() });
    let (now_ms, holder) = (NOW_S * 1_000 + 5_000, "end".to_owned());
    crate::event::take_in(&context, &*l1, now_ms).await;
    let foreseen = preview(&context, now_ms).await.expect("it would seal");
    let known_codes = Arc::default();
    let teardown = Teardown { context: context.clone(), l1: l1.clone(), holder, known_codes };
    for phase in [Phase::Draining, Phase::Sealed] {
        let progress = teardown.advance(now_ms).await.expect("nothing fails");
        assert_eq!(progress, Progress::Moved(phase));
    }
    teardown.advance(now_ms).await.expect("the seal is what the logs say");
    let settlement = l1.settlement.lock().expect("no test panics in between").take();
    (context, born, foreseen, settlement.expect("it was sent"))
}

fn asset(kind: u8, l2: Address, decimals: u8, name: &str, symbol: &str, total: u64) -> Asset {
    let (name, symbol, total) = (name.to_owned(), symbol.to_owned(), U256::from(total));
    Asset { kind, l2, decimals, name, symbol, total }
}

#[tokio::test]
async fn every_kind_of_token_exits_and_a_hostile_one_stops_nobody() {
    let (context, born, foreseen, settlement) = sealed().await;
    let leaves = exits::collect(&context.stores).await.expect("memory does not fail");
    let mut assets = settlement.assets.clone();
    // Those that were born here stand in the order of their holders, which is not what this is about.
    assets[4..].sort_by_key(|asset| asset.kind);
    let expected = [
        asset(0, Address::ZERO, 18, "", "", 800),
        asset(1, GOLD, 6, "Gold", "GOLD", 1_050),
        asset(2, ART, 0, "Art", "ART", 1),
        asset(6, WINE, 0, "Wine", "WINE", 12),
        asset(3, born.coin, 18, "Coin", "CN", 100),
        asset(4, born.ticket, 0, "Ticket", "TCK", 2),
        asset(7, born.items, 0, "", "", 12),
    ];
    assert_eq!(assets, expected);
    let number = |token| {
        let place = settlement.assets.iter().position(|asset| asset.l2 == token);
        u32::try_from(place.expect("it exits")).expect("few")
    };
    let mut got: Vec<_> = leaves
        .iter()
        .map(|ExitLeaf { asset, recipient, id, value, .. }| (*asset, *recipient, *id, *value))
        .collect();
    let exit =
        |token, to, id: u64, value: u64| (number(token), to, U256::from(id), U256::from(value));
    let mut expected = vec![
        exit(Address::ZERO, ALICE, 0, 500),
        exit(Address::ZERO, BOB, 0, 300),
        exit(GOLD, ALICE, 0, 1_000),
        exit(GOLD, BOB, 0, 43),
        exit(GOLD, born.ticket, 0, 7),
        exit(ART, BOB, 9, 1),
        exit(WINE, ALICE, 3, 12),
        exit(born.ticket, BOB, 1, 1),
        exit(born.ticket, ALICE, 2, 1),
        exit(born.coin, BOB, 0, 40),
        exit(born.coin, DEPLOYER, 0, 60),
        exit(born.items, ALICE, 5, 1),
        exit(born.items, BOB, 5, 2),
        exit(born.items, BOB, 4, 9),
    ];
    got.sort_unstable();
    expected.sort_unstable();
    assert_eq!(got, expected);
    assert_eq!(Exits::new(leaves).tree().root(), settlement.sealed.exit_root);
    let dropped: Vec<_> = foreseen.dropped.iter().map(|token| token.token).collect();
    assert_eq!(dropped, [born.hostile], "its supply is another in every block");
}

#[tokio::test]
async fn a_preview_is_what_happens_with_contracts_first() {
    let (context, born, foreseen, settlement) = sealed().await;
    let leaves = exits::collect(&context.stores).await.expect("memory does not fail");
    let mut previewed: Vec<_> = foreseen.exits.iter().map(|exit| exit.leaf).collect();
    previewed.sort_by_key(|leaf| leaf.index);
    assert_eq!(previewed, leaves);
    let totals = |assets: Vec<(u8, Address, U256)>| assets;
    assert_eq!(
        totals(foreseen.assets.iter().map(|a| (a.kind, a.token, a.total)).collect()),
        totals(settlement.assets.iter().map(|a| (a.kind, a.l2, a.total)).collect())
    );
    let contracts = foreseen.exits.iter().take_while(|exit| exit.held_by_contract);
    let mut held: Vec<_> = contracts.map(|exit| (exit.holder, exit.is_orphan())).collect();
    held.sort_unstable();
    let mut expected = vec![(born.ticket, true), (DEPLOYER, true)];
    expected.sort_unstable();
    assert_eq!(held, expected);
    assert!(foreseen.exits.iter().skip(2).all(|exit| !exit.held_by_contract));
}
