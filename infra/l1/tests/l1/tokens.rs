//! Tokens of the L1: anybody's contracts, described, deposited, and given back when nobody settles.

use alloy::{
    hex,
    primitives::{Address, B256, U256},
    sol_types::{SolCall, SolConstructor},
};
use mayfly_contracts::{
    Coin, EventTicket,
    FlashLayer::{depositERC20Call, depositERC721Call, depositERC1155Call},
    Items, Ticket,
};
use mayfly_it::Anvil;
use mayfly_l1::{Bridged, Node, bridged_token, enter_refund, refund};
use node_core::{
    chain::{BridgedToken, MAX_TOKEN_URI, Metadata},
    exit::{KIND_ERC20, KIND_ERC721, KIND_ERC1155},
    port::PortError,
};
use serde_json::json;

use crate::event::{Event, Setup, ether, person, tickets};

/// Deploys tokens on the L1, and nothing on the layer: there their addresses are taken.
const ISSUER: usize = 9;

/// Sends a transaction of person `i`, whose key anvil has; returns the address of what it deployed.
pub(crate) fn send(anvil: &Anvil, i: usize, to: Option<Address>, input: &[u8]) -> Option<Address> {
    let (from, data) = (person(i).address(), hex::encode_prefixed(input));
    let receipt =
        anvil.transact(&json!({ "from": from, "to": to, "data": data, "gas": "0x7a1200" }));
    receipt["contractAddress"].as_str().map(|address| address.parse().expect("an address"))
}

pub(crate) fn deploy(anvil: &Anvil, i: usize, code: &[u8]) -> Address {
    send(anvil, i, None, code).expect("it is a creation")
}

/// Answer of a contract on the L1.
pub(crate) fn ask<C: SolCall>(anvil: &Anvil, to: Address, call: &C) -> C::Return {
    let input = hex::encode_prefixed(call.abi_encode());
    let output = anvil.rpc().call("eth_call", &json!([{ "to": to, "input": input }, "latest"]));
    let output = hex::decode(output.as_str().expect("bytes")).expect("bytes");
    C::abi_decode_returns(&output).expect("what the interface says")
}

/// Code that deploys `code`, or, as code itself, returns it to whoever asks whatever.
///
/// ```text
/// PUSH1 length PUSH1 10 PUSH0 CODECOPY PUSH1 length PUSH0 RETURN
/// ```
pub(crate) fn returns(code: &[u8]) -> Vec<u8> {
    let length = u8::try_from(code.len()).expect("short");
    let head = [0x60, length, 0x60, 10, 0x5f, 0x39, 0x60, length, 0x5f, 0xf3];
    [&head, code].concat()
}

pub(crate) fn coins(name: &str, supply: U256) -> Vec<u8> {
    let (name_, symbol_) = (name.to_owned(), name.to_uppercase());
    let arguments = Coin::constructorCall { name_, symbol_, supply };
    [Coin::BYTECODE.as_ref(), &arguments.abi_encode()].concat()
}

/// Items that person `i` mints.
pub(crate) fn items(i: usize, uri: &str) -> Vec<u8> {
    let arguments = Items::constructorCall { minter_: person(i).address(), uri_: uri.to_owned() };
    [Items::BYTECODE.as_ref(), &arguments.abi_encode()].concat()
}

/// Tokens of three kinds on the L1. Person 1 has 1,000 of gold, person 2 the artwork 1, person 3 twelve wines of
/// vintage 7.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens {
    pub(crate) gold: Address,
    pub(crate) art: Address,
    pub(crate) wine: Address,
}

impl Tokens {
    pub(crate) fn deploy(anvil: &Anvil) -> Self {
        let gold = deploy(anvil, ISSUER, &coins("Gold", ether("1000")));
        let art = deploy(anvil, ISSUER, &tickets(ISSUER));
        let wine = deploy(anvil, ISSUER, &items(ISSUER, "ipfs://wine/{id}.json"));
        let (to, value) = (person(1).address(), ether("1000"));
        send(anvil, ISSUER, Some(gold), &Coin::transferCall { to, value }.abi_encode());
        let mint = Ticket::mintToCall { to: person(2).address() };
        send(anvil, ISSUER, Some(art), &mint.abi_encode());
        let (to, id, amount) = (person(3).address(), U256::from(7), U256::from(12));
        send(anvil, ISSUER, Some(wine), &Items::mintCall { to, id, amount }.abi_encode());
        Self { gold, art, wine }
    }

    pub(crate) fn bridged(self) -> Vec<Bridged> {
        let of = |kind, token| Bridged { kind, token, cap: U256::MAX };
        vec![of(KIND_ERC20, self.gold), of(KIND_ERC721, self.art), of(KIND_ERC1155, self.wine)]
    }

    /// Deposits 100 of gold by person 1, the artwork by person 2, and all wines by person 3, each for themselves.
    pub(crate) fn deposit(self, event: &Event) {
        let (anvil, layer, c) = (&event.anvil, event.layer(), event.l1.config());
        let Self { gold, art, wine } = self;
        let (amount, to) = (ether("100"), person(1).address());
        send(
            anvil,
            1,
            Some(gold),
            &Coin::approveCall { spender: layer, value: amount }.abi_encode(),
        );
        let deposit = depositERC20Call { c: c.clone(), token: gold, to, amount };
        send(anvil, 1, Some(layer), &deposit.abi_encode());
        let (id, to) = (U256::from(1), person(2).address());
        send(anvil, 2, Some(art), &Ticket::approveCall { to: layer, tokenId: id }.abi_encode());
        let deposit = depositERC721Call { c: c.clone(), token: art, to, id };
        send(anvil, 2, Some(layer), &deposit.abi_encode());
        let (id, amount, to) = (U256::from(7), U256::from(12), person(3).address());
        let approve = Items::setApprovalForAllCall { operator: layer, approved: true };
        send(anvil, 3, Some(wine), &approve.abi_encode());
        let deposit = depositERC1155Call { c: c.clone(), token: wine, to, id, amount };
        send(anvil, 3, Some(layer), &deposit.abi_encode());
    }

    /// What `who` has on the L1: gold, the artwork, wines.
    pub(crate) fn of(self, anvil: &Anvil, who: Address) -> (U256, bool, U256) {
        let gold = ask(anvil, self.gold, &Coin::balanceOfCall { account: who });
        let owner = ask(anvil, self.art, &Ticket::ownerOfCall { tokenId: U256::from(1) });
        let wines = Items::balanceOfCall { account: who, id: U256::from(7) };
        (gold, owner == who, ask(anvil, self.wine, &wines))
    }
}

async fn described(anvil: &Anvil, kind: u8, token: Address) -> Result<BridgedToken, PortError> {
    let node = Node::connect(&anvil.url()).await.expect("anvil answers");
    bridged_token(&node, &Bridged { kind, token, cap: U256::MAX }).await
}

#[tokio::test]
async fn tokens_are_taken_as_they_describe_themselves() {
    let anvil = Anvil::start();
    let Tokens { gold, art, wine } = Tokens::deploy(&anvil);
    let token = |token, name: &str, symbol: &str, metadata| {
        let (name, symbol) = (name.to_owned(), symbol.to_owned());
        BridgedToken { token, name, symbol, metadata }
    };
    let coin = |decimals| Metadata::Coin { decimals };
    let found = described(&anvil, KIND_ERC20, gold).await.expect("a coin");
    assert_eq!(found, token(gold, "Gold", "GOLD", coin(18)));
    let found = described(&anvil, KIND_ERC721, art).await.expect("a collection");
    let collection = Metadata::Collection { base_uri: String::new() };
    assert_eq!(found, token(art, "Ticket", "TCK", collection));
    let found = described(&anvil, KIND_ERC1155, wine).await.expect("items");
    let uri = "ipfs://wine/{id}.json".to_owned();
    assert_eq!(found, token(wine, "", "", Metadata::Items { uri }), "ERC-1155 has no names");

    // One that answers everything with the same word, as tokens older than strings do for their names.
    let mut word = [0; 32];
    word[..5].copy_from_slice(b"Maker");
    let maker = deploy(&anvil, 1, &returns(&returns(&word)));
    let found = described(&anvil, KIND_ERC20, maker).await.expect("it answers totalSupply");
    assert_eq!(found, token(maker, "Maker", "Maker", coin(0)), "decimals do not fit");
}

#[tokio::test]
async fn base_of_a_collection_is_what_two_of_its_tokens_say() {
    let anvil = Anvil::start();
    let base_of = async |token| match described(&anvil, KIND_ERC721, token).await {
        Ok(BridgedToken { metadata: Metadata::Collection { base_uri }, .. }) => base_uri,
        other => panic!("a collection, not {other:?}"),
    };
    let mint = |token| {
        let call = EventTicket::mintToCall { to: person(1).address() }.abi_encode();
        send(&anvil, ISSUER, Some(token), &call);
    };
    let open = deploy(&anvil, ISSUER, &event_tickets("ipfs://night/"));
    mint(open);
    assert_eq!(base_of(open).await, "", "one token is no proof");
    mint(open);
    assert_eq!(base_of(open).await, "ipfs://night/");
    let hidden = deploy(&anvil, ISSUER, &event_tickets(""));
    mint(hidden);
    mint(hidden);
    assert_eq!(base_of(hidden).await, "", "all tokens have one URI");
    let long = "x".repeat(MAX_TOKEN_URI);
    for (base, expected) in [(long.clone(), long.as_str()), (format!("{long}x"), "")] {
        let token = deploy(&anvil, ISSUER, &event_tickets(&base));
        mint(token);
        mint(token);
        assert_eq!(base_of(token).await, expected);
    }
}

/// Tickets that the issuer mints, with this base of their URIs.
fn event_tickets(base: &str) -> Vec<u8> {
    let issuer = person(ISSUER).address();
    let tier = EventTicket::TierSettings {
        cap: 10,
        walletCap: 0,
        opensAt: 0,
        closesAt: 0,
        priceWei: Default::default(),
        allowRoot: B256::ZERO,
    };
    let settings = EventTicket::EventSettings {
        owner: issuer,
        minter: issuer,
        payout: issuer,
        name: "Night".to_owned(),
        symbol: "NIGHT".to_owned(),
        contractUri: String::new(),
        hiddenUri: "ipfs://hidden/1".to_owned(),
        baseUri: base.to_owned(),
        revealHash: B256::ZERO,
        soulbound: false,
        royaltyReceiver: Address::ZERO,
        royaltyBps: Default::default(),
        checkInWindow: 120,
        tiers: vec![tier],
    };
    let arguments = EventTicket::constructorCall { s: settings };
    [EventTicket::BYTECODE.as_ref(), &arguments.abi_encode()].concat()
}

#[tokio::test]
async fn tokens_that_are_none_are_refused_by_name() {
    let anvil = Anvil::start();
    let Tokens { gold, wine, .. } = Tokens::deploy(&anvil);
    let refused = async |kind, token: Address| {
        let error = described(&anvil, kind, token).await.expect_err("it is none").to_string();
        assert!(error.contains(&token.to_string()), "{error}");
        error
    };
    let error = refused(KIND_ERC20, Address::repeat_byte(9)).await;
    assert!(error.ends_with("expected a contract on the L1, there is none"), "{error}");
    let error = refused(KIND_ERC20, wine).await;
    assert!(error.contains("expected an ERC-20") && error.contains("is an ERC-1155"), "{error}");
    let error = refused(KIND_ERC721, gold).await;
    assert!(error.contains("expected an ERC-721") && error.contains("is an ERC-20"), "{error}");
    // What answers too much, stops at once, or never ends.
    let endless = [0x5b, 0x5f, 0x56];
    for code in [returns(&[0xff; 96]), vec![0xfe], endless.to_vec(), vec![0x5f, 0x5f, 0xfd]] {
        let odd = deploy(&anvil, 1, &returns(&code));
        let error = refused(KIND_ERC20, odd).await;
        assert!(error.contains("it is none of ERC-20, ERC-721, ERC-1155"), "{error}");
    }
}

#[tokio::test]
async fn nobody_settles_and_every_token_goes_back() {
    let anvil = Anvil::start();
    let tokens = Tokens::deploy(&anvil);
    let event = Event::on(anvil, Setup { bridged: tokens.bridged(), ..Setup::default() }).await;
    let people = [1, 2, 3].map(|i| person(i).address());
    let before = people.map(|who| tokens.of(&event.anvil, who));
    tokens.deposit(&event);
    event.deposit(2, ether("3")).await;
    assert_ne!(people.map(|who| tokens.of(&event.anvil, who)), before);

    // The event's day, T1 and T2.
    event.anvil.pass_time(2 * 86_400 + 604_800);
    let (stranger, layer) = (event.sender(4), event.layer());
    enter_refund(&stranger, layer, event.l1.config()).await.expect("nobody has settled");
    let (leaves, tree) = event.l1.deposit_tree().await.expect("anvil answers");
    assert_eq!(leaves.len(), 4);
    let balance = event.node.balance_of(people[1]).await.expect("anvil answers");
    for leaf in &leaves {
        let proof = || tree.proof(leaf.index).expect("it is in the tree");
        refund(&stranger, layer, leaf, proof()).await.expect("it has not gone back yet");
        let again = refund(&stranger, layer, leaf, proof()).await.expect_err("it went back");
        assert!(again.to_string().contains("AlreadyRefunded"), "{again}");
    }
    assert_eq!(people.map(|who| tokens.of(&event.anvil, who)), before);
    let after = event.node.balance_of(people[1]).await.expect("anvil answers");
    assert_eq!(after - balance, ether("3"));
}
