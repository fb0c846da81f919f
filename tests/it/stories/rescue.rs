use std::{
    thread,
    time::{Duration, Instant},
};

use alloy::{
    hex,
    primitives::{Address, B256, U256, utils::parse_ether},
    signers::SignerSync,
    sol_types::{SolCall, SolConstructor},
};
use mayfly_contracts::{
    Coin,
    FlashLayer::{Config, depositERC20Call},
};
use mayfly_it::{Anvil, Rpc};
use mayfly_l1::{HttpL1, Node, devnet};
use node_core::{
    chain::Finality,
    port::{L1, L1View},
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::mayfly::{self, Up};

/// Longest wait for a deposit to arrive, and for a batch to be posted.
const PATIENCE: Duration = Duration::from_secs(60);

/// The hour that the layer is open, T1, and a minute.
const OVERDUE_S: u64 = 3_600 + 86_400 + 60;

/// Opens the layer and operates it; owns gold; has nothing to do with any of it.
const ORGANISER: usize = 0;
const OWNER: usize = 1;
const STRANGER: usize = 8;

fn address(i: usize) -> Address {
    devnet::accounts()[i].address()
}

fn key(i: usize) -> String {
    devnet::accounts()[i].to_bytes().to_string()
}

fn send(anvil: &Anvil, to: Option<Address>, input: &[u8]) -> Value {
    anvil.transact(&json!({
        "from": address(OWNER),
        "to": to,
        "data": hex::encode_prefixed(input),
        "gas": "0x7a1200",
    }))
}

/// Gold on the L1, all of it the owner's.
fn gold(anvil: &Anvil) -> Address {
    let supply = parse_ether("1000").expect("a number");
    let (name_, symbol_) = ("Gold".to_owned(), "GLD".to_owned());
    let arguments = Coin::constructorCall { name_, symbol_, supply }.abi_encode();
    let receipt = send(anvil, None, &[Coin::BYTECODE.as_ref(), &arguments].concat());
    receipt["contractAddress"].as_str().expect("a creation").parse().expect("an address")
}

fn ask<C: SolCall>(rpc: &Rpc, to: Address, call: &C) -> C::Return {
    let input = hex::encode_prefixed(call.abi_encode());
    let output = rpc.call("eth_call", &json!([{ "to": to, "input": input }, "latest"]));
    let output = hex::decode(output.as_str().expect("bytes")).expect("bytes");
    C::abi_decode_returns(&output).expect("what the interface says")
}

fn balance(rpc: &Rpc, gold: Address) -> U256 {
    ask(rpc, gold, &Coin::balanceOfCall { account: address(OWNER) })
}

fn deposit(anvil: &Anvil, layer: Address, c: &Config, token: Address, amount: U256) {
    let approve = Coin::approveCall { spender: layer, value: amount };
    send(anvil, Some(token), &approve.abi_encode());
    let deposit = depositERC20Call { c: c.clone(), token, to: address(OWNER), amount };
    send(anvil, Some(layer), &deposit.abi_encode());
    anvil.finalize();
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// The layer on the L1, seen from a runtime of its own.
struct Contract {
    runtime: Runtime,
    l1: HttpL1,
}

impl Contract {
    fn find(url: &str, layer: Address) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let found = runtime.block_on(async {
            let node = Node::connect(url).await?;
            HttpL1::find(node, layer, 0, Finality::Depth(0)).await
        });
        Self { runtime, l1: found.expect("it was opened") }
    }

    fn view(&self) -> L1View {
        self.runtime.block_on(self.l1.view(Finality::Depth(0))).expect("anvil answers")
    }
}

/// A token of the L1 is on the layer when its operator is killed for ever. A stranger rebuilds the layer from the L1,
/// ends it with the organiser's word, and the owner has the token again; every step is a command.
#[test]
fn a_stranger_ends_the_layer_of_a_dead_operator() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().expect("a temporary directory"));
    let rebuilt = dirs[1].path().to_str().expect("a plain name");
    let anvil = Anvil::start();
    let (url, gold, amount) = (anvil.url(), gold(&anvil), U256::from(100));
    let bridge = format!("erc20:{gold}");
    let organiser = key(ORGANISER);
    let up = Up::start(
        dirs[0].path(),
        &[
            "--l1",
            &url,
            "--l1-key",
            &organiser,
            "--bridge",
            &bridge,
            "--post",
            "calldata",
            "--post-after",
            "0s",
            "--ends-in",
            "1h",
        ],
    );
    assert_eq!(up.ready["bridged"][0]["symbol"], "GLD");
    assert_eq!(ask(&up.rpc(), gold, &Coin::nameCall {}), "Gold", "it is there from block 0 on");
    assert_eq!(balance(&up.rpc(), gold), U256::ZERO);
    let layer: Address =
        up.ready["l1"]["layer"].as_str().expect("an address").parse().expect("an address");
    let contract = Contract::find(&url, layer);
    deposit(&anvil, layer, contract.l1.config(), gold, amount);
    wait("the deposit on the layer", || balance(&up.rpc(), gold) == amount);
    wait("the batch on the L1", || contract.view().posted.consumed_deposits == 1);
    up.kill();

    anvil.pass_time(OVERDUE_S);
    let layer = layer.to_string();
    let built = mayfly::json(&["rebuild", "--l1", &url, "--layer", &layer, "--out", rebuilt]);
    assert_eq!(built["deposits"], 1);
    let stranger = key(STRANGER);
    let rescue = ["rescue", "--dir", rebuilt, "--l1", &url, "--l1-key", &stranger];
    let refused = mayfly::run(&rescue);
    let reason = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && reason.contains("--organisers-word"), "{reason}");
    let digest: B256 = reason
        .split_once("digest ")
        .and_then(|(_, digest)| digest.get(..66))
        .and_then(|digest| digest.parse().ok())
        .expect("it says what is to be signed");
    let word = devnet::accounts()[ORGANISER].sign_hash_sync(&digest).expect("a local key signs");
    let word = hex::encode_prefixed(word.as_bytes());
    let ended = mayfly::json(&[&rescue[..], &["--organisers-word", &word]].concat());
    assert_eq!(ended["exits"], 1);
    let settled = contract.view().settlement.expect("it is settled");
    assert_eq!(ended["stateRoot"], settled.state_root.to_string());

    let before = balance(anvil.rpc(), gold);
    let claim = ["claim", "--all", "--l1", &url, "--layer", &layer, "--l1-key", &stranger];
    assert_eq!(mayfly::json(&claim)["left"], 0);
    assert_eq!(balance(anvil.rpc(), gold) - before, amount);
}
