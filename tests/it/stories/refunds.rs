use alloy::{
    primitives::{Address, B256, Bytes, U256, utils::parse_ether},
    sol_types::{SolCall, SolConstructor},
};
use mayfly_contracts::{
    Coin::{self, approveCall, balanceOfCall},
    FlashLayer::{
        Bridged, Offer, Quorum, depositERC20Call, depositERC721Call, depositERC1155Call,
        depositETHCall,
    },
    Items, Ticket,
};
use mayfly_it::{Anvil, Rpc};
use mayfly_l1::{Config, Node, Sender, deploy_factory, open_layer};
use node_core::chain::Finality;
use serde_json::{Value, json};

use crate::{
    anvil::{KEY, address, balance, deposit, person, send},
    mayfly,
};

/// The end, T1 and T2, in seconds.
const END_S: u64 = 20_000;
const SETTLE_DELAY_S: u32 = 86_400;
const RESCUE_DELAY_S: u32 = 604_800;

/// Tokens of the L1, and a layer that takes them.
struct Event {
    anvil: Anvil,
    coin: Address,
    ticket: Address,
    items: Address,
    config: Config,
    layer: Address,
}

impl Event {
    async fn open() -> Self {
        let anvil = Anvil::start();
        let maker = person(0).address();
        let deploy = |code: &Bytes, arguments: Vec<u8>| {
            let code = [code.as_ref(), &arguments].concat();
            address(&send(anvil.rpc(), maker, None, U256::ZERO, &code)["contractAddress"])
        };
        let text = str::to_owned;
        let coin = Coin::constructorCall {
            name_: text("Coin"),
            symbol_: text("C"),
            supply: U256::from(1_000),
        };
        let coin = deploy(&Coin::BYTECODE, coin.abi_encode());
        let ticket = Ticket::constructorCall {
            name_: text("Ticket"),
            symbol_: text("T"),
            priceWei_: U256::ZERO,
            minter_: maker,
            maxSupply_: U256::from(10),
        };
        let ticket = deploy(&Ticket::BYTECODE, ticket.abi_encode());
        let items = Items::constructorCall { minter_: maker, uri_: String::new() };
        let items = deploy(&Items::BYTECODE, items.abi_encode());
        let node = Node::connect(&anvil.url()).await.expect("anvil answers");
        let organiser = Sender::new(node.clone(), person(0));
        let factory = deploy_factory(&organiser).await.expect("anvil has the deployer");
        let now_s = node.block(Finality::Depth(0)).await.expect("it answers").timestamp_s;
        let config = config(now_s, [(1, coin), (2, ticket), (6, items)]);
        let opened = open_layer(&organiser, factory, &config, B256::ZERO).await;
        let layer = opened.expect("a valid layer").address;
        Self { anvil, coin, ticket, items, config, layer }
    }

    const fn l1(&self) -> &Rpc {
        self.anvil.rpc()
    }

    fn call(&self, from: Address, to: Address, call: &impl SolCall) {
        send(self.l1(), from, Some(to), U256::ZERO, &call.abi_encode());
    }

    /// Two coins, a ticket and three items of the maker of them all.
    fn deposit_tokens(&self) {
        let (maker, layer, c) = (person(0).address(), self.layer, || self.config.clone());
        self.call(maker, self.coin, &approveCall { spender: layer, value: U256::from(2) });
        let (token, to, amount) = (self.coin, maker, U256::from(2));
        self.call(maker, layer, &depositERC20Call { c: c(), token, to, amount });
        self.call(maker, self.ticket, &Ticket::mintToCall { to: maker });
        let (token, id) = (self.ticket, U256::from(1));
        self.call(maker, token, &Ticket::approveCall { to: layer, tokenId: id });
        self.call(maker, layer, &depositERC721Call { c: c(), token, to, id });
        let (token, id, amount) = (self.items, U256::from(9), U256::from(3));
        self.call(maker, token, &Items::mintCall { to: maker, id, amount });
        self.call(maker, token, &Items::setApprovalForAllCall { operator: layer, approved: true });
        self.call(maker, layer, &depositERC1155Call { c: c(), token, to, id, amount });
    }

    fn ask<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let input = alloy::hex::encode_prefixed(call.abi_encode());
        let answer = self.l1().call("eth_call", &json!([{ "to": to, "input": input }, "latest"]));
        let bytes: Bytes = serde_json::from_value(answer).expect("bytes");
        C::abi_decode_returns(&bytes).expect("an answer")
    }

    fn refund(&self, more: &[&str]) -> Result<Value, String> {
        let (url, layer) = (self.anvil.url(), self.layer.to_string());
        let fixed = ["--json", "refund", "--l1", &url, "--layer", &layer, "--l1-key", KEY];
        let output = mayfly::run(&[&fixed, more].concat());
        let said: Value = serde_json::from_slice(&output.stdout).expect("an object");
        if output.status.success() { Ok(said) } else { Err(said["error"]["message"].to_string()) }
    }
}

fn config(now_s: u64, tokens: [(u8, Address); 3]) -> Config {
    let mut bridged = tokens.map(|(kind, token)| Bridged { kind, token, cap: U256::from(100) });
    bridged.sort_by_key(|bridged| bridged.token);
    let maker = person(0).address();
    Config {
        organiser: maker,
        operator: maker,
        sequencer: maker,
        chainId: 4_242,
        startsAt: now_s,
        depositCutoff: now_s + END_S / 2,
        endsAt: now_s + END_S,
        settleDelay: SETTLE_DELAY_S,
        rescueDelay: RESCUE_DELAY_S,
        window: 0,
        maxDepositDelay: 3_600,
        mode: 1,
        da: 0,
        offer: Offer { acceptBy: 0, fee: 0, bond: 0 },
        quorum: Quorum { threshold: 0, rescueBond: 0, attestors: Vec::new() },
        tvlCapWei: u128::MAX,
        genesisBlockHash: B256::repeat_byte(1),
        genesisStateRoot: B256::repeat_byte(2),
        orphanRecipient: Address::ZERO,
        verifier: Address::ZERO,
        twinBaseUri: String::new(),
        bridged: bridged.to_vec(),
    }
}

/// The operator is gone, and nobody settles. Holders list what they have deposited, wait, and take it back, whatever it
/// is, each in any order and as often as they like.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_settles_and_holders_take_everything_back_by_command() {
    let event = Event::open().await;
    let ether = |amount| parse_ether(amount).expect("a number");
    let (maker, holder) = (person(0).address(), person(1).address());
    deposit(event.l1(), event.layer, holder, ether("5"));
    event.deposit_tokens();
    deposit(event.l1(), event.layer, maker, ether("2"));
    // Forced through the L1, and brings nothing.
    let forced = depositETHCall { to: maker, gasLimit: 100_000, data: Bytes::new() };
    event.call(holder, event.layer, &forced);

    let listed = event.refund(&[]).expect("anybody may look");
    assert_eq!(listed["refunds"], "notDue");
    let deposits = listed["deposits"].as_array().expect("a list");
    let kinds: Vec<u64> = deposits.iter().filter_map(|one| one["kind"].as_u64()).collect();
    assert_eq!(kinds, [0, 1, 2, 6, 0, 0]);
    let early = event.refund(&["--all"]).expect_err("the operator has time");
    assert!(early.contains("deposits go back from 20"), "{early}");

    event.anvil.pass_time(END_S + u64::from(SETTLE_DELAY_S) + u64::from(RESCUE_DELAY_S));
    assert_eq!(event.refund(&[]).expect("anybody may look")["refunds"], "due");
    let before = balance(event.l1(), holder);
    let of_holder = ["--holder", &holder.to_string()];
    let first = event.refund(&of_holder).expect("it is due");
    let expected = json!({ "started": true, "deposits": 2, "refunded": 1, "before": 0 });
    assert_eq!(first, expected, "five ETH; the other one brought nothing");
    assert_eq!(balance(event.l1(), holder) - before, ether("5"));
    let again = event.refund(&of_holder).expect("nothing is left to do");
    assert_eq!((&again["started"], &again["refunded"]), (&json!(false), &json!(0)));

    let rest = event.refund(&["--all"]).expect("it is due");
    assert_eq!((&rest["refunded"], &rest["before"]), (&json!(4), &json!(1)));
    assert_eq!(event.ask(event.coin, &balanceOfCall { account: maker }), U256::from(1_000));
    let ticket = event.ask(event.ticket, &Ticket::ownerOfCall { tokenId: U256::from(1) });
    let items = Items::balanceOfCall { account: maker, id: U256::from(9) };
    assert_eq!((ticket, event.ask(event.items, &items)), (maker, U256::from(3)));
    assert_eq!(balance(event.l1(), event.layer), U256::ZERO, "nothing is left");
}

/// A token that does not go back holds up nobody else, and is named; another try goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn refund_that_fails_is_named_and_tried_again() {
    let event = Event::open().await;
    let maker = person(0).address();
    event.deposit_tokens();
    deposit(event.l1(), event.layer, maker, U256::from(7));
    event.anvil.pass_time(END_S + u64::from(SETTLE_DELAY_S) + u64::from(RESCUE_DELAY_S));
    // The collection is broken: everything that is asked of it fails.
    let code = event.l1().call("eth_getCode", &json!([event.ticket, "latest"]));
    event.l1().call("anvil_setCode", &json!([event.ticket, "0xfe"]));
    let failed = event.refund(&["--all"]).expect_err("one fails");
    assert!(failed.contains("1 of 4 deposits did not go back"), "{failed}");
    assert!(failed.contains("deposit 1: ") && failed.contains("TransferFailed"), "{failed}");
    event.l1().call("anvil_setCode", &json!([event.ticket, code]));
    let rest = event.refund(&["--all"]).expect("it works again");
    let expected = json!({ "started": false, "deposits": 4, "refunded": 1, "before": 3 });
    assert_eq!(rest, expected);
}
