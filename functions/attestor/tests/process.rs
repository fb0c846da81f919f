//! The attestor as it is run: a process with its own key, store and view of the L1, beside a layer that it does not trust.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, Bytes, Signature, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolEvent, SolValue};
use axum::{Json, Router, extract::State, routing::post};
use mayfly_attestor::Attestation;
use mayfly_contracts::FlashLayer::{Settled, depositETHCall, settleCall};
use mayfly_it::{Anvil, Rpc, http};
use node_core::{
    chain::{Finality, L1Binding, Word},
    codec::record::{Record, Witness},
};
use serde_json::{Value, json};

/// Key of the first of anvil's accounts, which everybody knows.
const OPERATOR: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// Key and account of the second of them.
const KEY: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const ADDRESS: &str = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";

/// Keys and accounts of the third to the fifth of them, in the order of the accounts.
const ATTESTORS: [(&str, &str); 3] = [
    (
        "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
        "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    ),
    (
        "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    ),
    (
        "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
        "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    ),
];

/// Longest wait for what is on its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that prints an object when it is ready, killed on drop.
struct Program {
    process: Child,
    _output: BufReader<std::process::ChildStdout>,
    ready: Value,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it was built");
        let mut output = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("it prints a line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { process, _output: output, ready }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn attestor() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mayfly-attestor"))
}

/// The other program of the workspace: it is built with its own tests.
fn mayfly() -> Command {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_mayfly-attestor")).with_file_name("mayfly");
    assert!(path.is_file(), "{} is missing: test the whole workspace", path.display());
    Command::new(path)
}

fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "still waiting for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A layer on anvil that posts its inputs, and what its attestors are started with.
struct Layer {
    anvil: Anvil,
    up: Program,
    address: Address,
    dir: tempfile::TempDir,
}

impl Layer {
    /// Opens one with two deposits.
    fn open() -> Self {
        Self::open_with(&[])
    }

    /// Opens one with two deposits and `more` options.
    fn open_with(more: &[&str]) -> Self {
        let anvil = Anvil::start();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let arguments = ["--json", "up", "--port", "0", "--post", "calldata", "--post-after", "0s"];
        let mut command = mayfly();
        command.args(arguments).arg("--dir").arg(dir.path().join("layer"));
        command.args(["--l1", &anvil.url(), "--l1-key", OPERATOR]).args(more);
        let up = Program::start(&mut command);
        let address = up.ready["l1"]["layer"].as_str().expect("an address").parse();
        let layer = Self { anvil, up, address: address.expect("an address"), dir };
        let holder: Address = ADDRESS.parse().expect("an address");
        for value in [5, 6] {
            let call = depositETHCall { to: holder, gasLimit: 100_000, data: Bytes::new() };
            let input = hex::encode_prefixed(call.abi_encode());
            let value = U256::from(value);
            let deposit =
                json!([{ "from": holder, "to": layer.address, "value": value, "input": input }]);
            layer.anvil.rpc().call("eth_sendTransaction", &deposit);
            layer.anvil.finalize();
        }
        wait("deposits on the layer", || {
            let held = layer.rpc().call("eth_getBalance", &json!([holder, "latest"]));
            (held == "0xb").then_some(())
        });
        layer
    }

    fn url(&self) -> &str {
        self.up.ready["rpcUrl"].as_str().expect("a URL")
    }

    fn rpc(&self) -> Rpc {
        Rpc::new(self.url().trim_start_matches("http://"))
    }

    /// An attestor with the store `name` that has its witnesses from `rpc`.
    fn attestor(&self, name: &str, rpc: &str) -> Command {
        self.attestor_at(name, rpc, 0)
    }

    /// One that listens on `port`.
    fn attestor_at(&self, name: &str, rpc: &str, port: u16) -> Command {
        let mut command = attestor();
        command.args(["--l1", &self.anvil.url(), "--layer", &self.address.to_string()]);
        command.args(["--rpc", rpc, "--listen", &format!("127.0.0.1:{port}"), "--dir"]);
        command.arg(self.dir.path().join(name)).env("MAYFLY_ATTESTOR_KEY", KEY);
        command
    }

    /// Starts the end.
    fn close(&self) -> Child {
        let mut close = mayfly();
        close.args(["--json", "close", "--dir"]).arg(self.dir.path().join("layer"));
        close.stdout(Stdio::null()).spawn().expect("it was built")
    }

    /// The transaction that settled.
    fn settlement(&self) -> Option<Value> {
        let filter = json!([{ "address": self.address, "fromBlock": "0x0", "topics": [Settled::SIGNATURE_HASH] }]);
        let logs = self.anvil.rpc().call("eth_getLogs", &filter);
        Some(logs[0]["transactionHash"].clone()).filter(|hash| !hash.is_null())
    }

    /// Starts the end; returns the call that settles, which is not final yet: the layer's data is still there.
    fn settle(&self) -> (Child, settleCall) {
        let close = self.close();
        let hash = wait("the settlement", || {
            let hash = self.settlement();
            if hash.is_none() {
                // Finality for what comes before; two blocks after the settlement it would be final.
                self.anvil.mine(1);
            }
            hash
        });
        (close, self.call(&hash))
    }

    /// The call of a transaction that settled.
    fn call(&self, hash: &Value) -> settleCall {
        let sent = self.anvil.rpc().call("eth_getTransactionByHash", &json!([hash]));
        let input: Bytes = serde_json::from_value(sent["input"].clone()).expect("bytes");
        settleCall::abi_decode(&input).expect("a settlement")
    }

    /// Lets the end go on to the end.
    fn finish(&self, mut close: Child) {
        let status = wait("the end of the layer", || {
            self.anvil.mine(1);
            close.try_wait().expect("it is our child")
        });
        assert!(status.success(), "{status}");
    }

    fn digest(&self, call: &settleCall) -> B256 {
        let l1 = L1Binding {
            chain_id: 31_337,
            layer: self.address,
            config_hash: B256::ZERO,
            opened_in_block: 0,
            finality: Finality::Finalized,
        };
        Word::Settlement { output: keccak256(call.o.abi_encode()) }.digest(&l1)
    }
}

/// Asks for an attestation; the reason when there is none.
fn ask(attestor: &Program, call: &settleCall) -> Result<Attestation, String> {
    let url = attestor.ready["url"].as_str().expect("a URL");
    let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    // Bytes are no text: what asks in earnest is another client.
    let client = reqwest::Client::new();
    let body = call.abi_encode();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let url = format!("http://{host}/settlement");
        let answer = client.post(url).body(body).send().await.expect("it answers");
        match answer.status().as_u16() {
            200 => Ok(answer.json().await.expect("an attestation")),
            status => Err(format!("{status}: {}", answer.text().await.expect("text"))),
        }
    })
}

fn health(attestor: &Program) -> Value {
    let url = attestor.ready["url"].as_str().expect("a URL");
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let answer = http::get(host, "/health", &[]).expect("it answers");
    serde_json::from_str(&answer.body).expect("JSON")
}

/// A layer's RPC that lies about block 1: its state is another one.
fn lying(url: &str) -> String {
    async fn answer(State(url): State<String>, Json(request): Json<Value>) -> Json<Value> {
        let answer =
            reqwest::Client::new().post(url).json(&request).send().await.expect("the layer");
        let mut answer: Value = answer.json().await.expect("JSON");
        if request["method"] == "mayfly_getWitness" && request["params"][0] == "0x1" {
            let frame: Bytes = serde_json::from_value(answer["result"].take()).expect("bytes");
            let mut witness = Witness::from_frame(&frame).expect("a witness");
            witness.block.header.state_root = B256::repeat_byte(1);
            answer["result"] = json!(Bytes::from(witness.to_frame()));
        }
        Json(answer)
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.set_nonblocking(true).expect("a listener");
    let address = listener.local_addr().expect("bound");
    let routes = Router::new().route("/", post(answer)).with_state(url.to_owned());
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, routes).await
        })
    });
    format!("http://{address}/")
}

fn signer(attestation: &Attestation, digest: B256) -> Address {
    recover(&attestation.signature, digest)
}

fn recover(signature: &Bytes, digest: B256) -> Address {
    let signature = Signature::from_raw(signature).expect("65 bytes");
    signature.recover_address_from_prehash(&digest).expect("a signature")
}

/// An attestor that has its key in AWS KMS.
#[cfg(feature = "kms")]
fn in_kms(layer: &Layer) -> (mayfly_it::Moto, Program) {
    let moto = mayfly_it::Moto::start();
    moto.alias("alias/attestor", &moto.signing_key("ECC_SECG_P256K1"));
    let mut command = layer.attestor("kms", layer.url());
    command.envs(moto.variables()).env("MAYFLY_ATTESTOR_KEY", "kms:alias/attestor");
    let program = Program::start(&mut command);
    (moto, program)
}

#[test]
fn an_attestor_signs_what_it_derived_and_nothing_that_a_layer_makes_up() {
    let layer = Layer::open();
    #[cfg(feature = "kms")]
    let (_moto, in_kms) = in_kms(&layer);
    let rpc = layer.url().to_owned();
    let honest = Program::start(&mut layer.attestor("own", &rpc));
    let deceived = Program::start(&mut layer.attestor("deceived", &lying(&rpc)));

    let (close, right) = layer.settle();
    let digest = layer.digest(&right);
    let mut wrong = right.clone();
    wrong.o.stateRoot = B256::repeat_byte(2);
    let refused = ask(&honest, &wrong).expect_err("another state");
    assert!(refused.starts_with("409") && refused.contains("settlement: "), "{refused}");
    let refused = ask(&deceived, &right).expect_err("it has seen another block 1");
    assert!(refused.starts_with("409") && refused.contains("block 1"), "{refused}");
    assert_eq!(health(&deceived)["number"], 0);

    let word = ask(&honest, &right).expect("it is what came out");
    assert_eq!(word.signer, ADDRESS.parse::<Address>().expect("an address"));
    assert_eq!(signer(&word, digest), word.signer);
    #[cfg(feature = "kms")]
    {
        let word = ask(&in_kms, &right).expect("it is what came out");
        assert_eq!(signer(&word, digest), word.signer);
        assert_ne!(word.signer, ADDRESS.parse::<Address>().expect("an address"));
    }

    // What it found right is in a store of its own: in another life it asks for block 1 no more.
    let seen = health(&honest)["number"].clone();
    assert_eq!(seen, json!(right.o.lastBlock));
    drop(honest);
    let again = Program::start(&mut layer.attestor("own", &lying(&rpc)));
    assert_eq!(health(&again)["number"], seen);
    ask(&again, &right).expect("it knows");
    layer.finish(close);
}

/// A port that nobody has at the moment.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("bound").port()
}

/// Mode B from the command line: the operator settles with the signatures of two of three attestors, one of whom is dead, and
/// not with one.
#[test]
fn a_layer_is_settled_by_the_word_of_its_attestors() {
    let ports = [free_port(), free_port(), free_port()];
    let [first, second, dead] =
        [0, 1, 2].map(|i| format!("{}=http://127.0.0.1:{}/", ATTESTORS[i].1, ports[i]));
    let named = ["--attestor", &dead, "--attestor", &first, "--attestor", &second];
    let layer = Layer::open_with(&named);
    let start = |i: usize| {
        let name = format!("attestor-{i}");
        let mut command = layer.attestor_at(&name, layer.url(), ports[i]);
        command.env("MAYFLY_ATTESTOR_KEY", ATTESTORS[i].0);
        Program::start(&mut command)
    };
    let first = start(0);
    let before = layer.rpc().call("eth_blockNumber", &json!([]));
    let before =
        u64::from_str_radix(before.as_str().expect("a quantity").trim_start_matches("0x"), 16);
    let before = before.expect("a number");
    let mut close = layer.close();
    wait("the first attestor to execute what was sealed", || {
        layer.anvil.mine(1);
        (health(&first)["number"].as_u64().expect("a number") > before).then_some(())
    });
    assert_eq!(layer.settlement(), None, "one of two is not enough");
    assert_eq!(close.try_wait().expect("it is our child"), None);
    let _second = start(1);
    let hash = wait("the settlement", || {
        layer.anvil.mine(1);
        layer.settlement()
    });
    let call = layer.call(&hash);
    assert_eq!(call.signatures.len(), 2);
    let digest = layer.digest(&call);
    let signers: Vec<Address> = call.signatures.iter().map(|one| recover(one, digest)).collect();
    let expected: Vec<Address> =
        ATTESTORS[..2].iter().map(|(_, address)| address.parse().expect("an address")).collect();
    assert_eq!(signers, expected, "in the order of their addresses");
    layer.finish(close);
}

#[test]
fn an_attestor_without_a_key_says_what_it_wants() {
    let run = |key: Option<&str>| {
        let mut command = attestor();
        command.args(["--l1", "http://127.0.0.1:1", "--rpc", "http://127.0.0.1:1"]);
        command.args(["--layer", ADDRESS]).env_remove("MAYFLY_ATTESTOR_KEY");
        if let Some(key) = key {
            command.env("MAYFLY_ATTESTOR_KEY", key);
        }
        let output = command.output().expect("it was built");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for key in [None, Some(&KEY[..40]), Some("kms:")] {
        let error = run(key);
        assert!(error.contains("MAYFLY_ATTESTOR_KEY: expected"), "{error}");
        assert!(!error.contains(&KEY[2..20]), "{error}");
    }
    let missing = run(Some("file:/nowhere/key"));
    assert!(missing.contains("/nowhere/key"), "{missing}");
}
