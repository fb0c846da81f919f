//! Layers that others vouch for, on functions: inputs of blocks on the L1, attestors, tokens of the L1.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolConstructor},
};
use mayfly_cloud::program;
use mayfly_contracts::{Coin, FlashLayer::depositERC20Call};
use mayfly_l1::{HttpL1, devnet};
use node_core::chain::Finality;
use serde_json::{Value, json};

use crate::{
    deployment::Deployment,
    event::{Opened, close, look},
    wallet::{Rpc, Wallet},
};

/// Longest wait for what is on its way.
const PATIENCE: Duration = Duration::from_secs(90);

/// The program `mayfly-attestor`, ended when dropped.
struct Attestor(Child);

impl Drop for Attestor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Attestor {
    /// Starts it on a port of its own, which is in no list yet when the layer is opened.
    fn start(deployment: &Deployment, opened: &Opened, port: u16, dir: &Path) -> Self {
        let key = devnet::accounts()[2].to_bytes().to_string();
        let mut child = Command::new(program("mayfly-attestor"))
            .args(["--l1", &deployment.l1_url(), "--layer", &opened.l1_layer.to_string()])
            .args(["--rpc", &opened.rpc_url, "--listen", &format!("127.0.0.1:{port}"), "--dir"])
            .arg(dir)
            .env("MAYFLY_ATTESTOR_KEY", key)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was built");
        let output = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it says where it is asked");
        assert!(line.contains("url"), "{line}");
        Self(child)
    }
}

/// Has the watch look, as every minute, until something is so.
async fn until<F: Future<Output = bool>>(
    deployment: &Deployment,
    what: &str,
    is_so: impl Fn() -> F,
) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < PATIENCE, "still waiting: {what}");
        look(deployment).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn number(layer: &Rpc, tag: &str) -> u64 {
    let block = layer.ask("eth_getBlockByNumber", json!([tag, false])).await;
    let number = block["number"].as_str().expect("a number").trim_start_matches("0x");
    u64::from_str_radix(number, 16).expect("hex")
}

async fn coins_of(chain: &Rpc, token: Address, holder: Address) -> U256 {
    let input = Coin::balanceOfCall { account: holder }.abi_encode();
    let call = json!([{ "to": token, "input": Bytes::from(input) }, "latest"]);
    serde_json::from_value(chain.ask("eth_call", call).await).expect("a word")
}

#[tokio::test(flavor = "multi_thread")]
async fn attestors_settle_a_layer_whose_inputs_and_tokens_are_on_the_l1() {
    let at_once = ("MAYFLY_POST_AFTER_S".to_owned(), "0".to_owned());
    let deployment = Deployment::set(|function| function.variables.push(at_once.clone())).await;
    let [_, holder, attestor, ..] = &devnet::accounts()[..] else { panic!("anvil has ten") };
    let (holder, attestor) = (holder.address(), attestor.address());
    let supply = U256::from(1_000);
    let coin = Coin::constructorCall { name_: "Gold".into(), symbol_: "GOLD".into(), supply };
    let code = [Coin::BYTECODE.as_ref(), &coin.abi_encode()].concat();
    let receipt = deployment.act(holder, None, &code);
    let coin: Address =
        serde_json::from_value(receipt["contractAddress"].clone()).expect("an address");
    let port = free_port();
    let opened = deployment.gateway.invoke("operator", &opening(coin, attestor, port)).await;
    let opened = Opened::of(&opened.expect("it opens"));
    let layer = deployment.layer(&opened);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let _attestor = Attestor::start(&deployment, &opened, port, dir.path());

    // A token of the L1 comes in.
    let node = deployment.node().await;
    let l1 =
        HttpL1::find(node, opened.l1_layer, 0, Finality::Finalized).await.expect("it is there");
    let amount = U256::from(400);
    let approve = Coin::approveCall { spender: opened.l1_layer, value: amount }.abi_encode();
    deployment.act(holder, Some(coin), &approve);
    let c = l1.config().clone();
    let deposit = depositERC20Call { c, token: coin, to: holder, amount }.abi_encode();
    deployment.act(holder, Some(opened.l1_layer), &deposit);
    until(&deployment, "the deposit", || async { coins_of(&layer, coin, holder).await == amount })
        .await;

    // Its blocks go to the L1, and are final there: every function says so, one that starts with nothing, too.
    let organiser = Wallet::organiser();
    opened.deposit(&deployment, &organiser).await;
    organiser.send_many(&layer, opened.chain_id, 0..3).await;
    let sent = number(&layer, "latest").await;
    until(&deployment, "the batches", || async { number(&layer, "finalized").await >= sent }).await;
    deployment.gateway.kill("rpc");
    assert!(number(&layer, "finalized").await >= sent);
    assert!(number(&layer, "safe").await >= sent);

    // The operator alone could not settle it.
    close(&deployment, &opened).await;
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0]);
    assert!(deployment.claim_all(opened.l1_layer).await >= 2);
    let input = Coin::balanceOfCall { account: holder }.abi_encode();
    let call = json!([{ "to": coin, "input": Bytes::from(input) }, "latest"]);
    let held: U256 =
        serde_json::from_value(deployment.l1_rpc().ask("eth_call", call).await).expect("a word");
    assert_eq!(held, supply, "what was deposited came back");
}

fn opening(coin: Address, attestor: Address, port: u16) -> Value {
    json!({
        "action": "open",
        "key": "assured",
        "name": "Assured",
        "chain_id": 731_731,
        "ends_in_s": 3_600,
        "posting": "calldata",
        "bridge": [format!("erc20:{coin}:500")],
        "attestors": [format!("{attestor}=http://127.0.0.1:{port}")],
    })
}

/// A port that nobody listens on just now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
