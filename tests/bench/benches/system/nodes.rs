//! The two nodes under load.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use alloy::primitives::{B256, U256, utils::parse_ether};
use mayfly_it::{Anvil, Rpc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Result,
    client::{Connection, Request, call},
    people::{CHAIN_ID, Person},
};

/// What each sender gets.
const FUNDS: &str = "0.1";

/// A node under load, killed on drop.
pub(crate) enum Node {
    Mayfly(Mayfly),
    Anvil(Anvil),
}

/// A `mayfly up` with a directory of its own.
pub(crate) struct Mayfly {
    process: Child,
    rpc: Rpc,
    stripe_secret: String,
    /// Held, so that the process can go on printing.
    _output: BufReader<ChildStdout>,
    _dir: TempDir,
}

impl Node {
    /// Starts a layer with a development L1 in an empty directory.
    pub(crate) fn mayfly() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut process = Command::new(env!("CARGO_BIN_EXE_mayfly"))
            .args(["--json", "up", "--port", "0", "--l1-port", "0", "--ends-in", "1day"])
            .args(["--chain-id", &CHAIN_ID.to_string(), "--dir"])
            .arg(dir.path())
            .env_remove("MAYFLY_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("its output is piped")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready["rpcUrl"].as_str().ok_or(line.trim_end())?;
        let rpc = Rpc::new(url.trim_start_matches("http://"));
        let stripe_secret = ready["stripeSecret"].as_str().ok_or("a secret")?.to_owned();
        Ok(Self::Mayfly(Mayfly { process, rpc, stripe_secret, _output: output, _dir: dir }))
    }

    /// Starts anvil; `sealing` says when it seals. Blocks hold whatever waits, and gas is free.
    pub(crate) fn anvil(sealing: &[&str]) -> Self {
        let chain_id = CHAIN_ID.to_string();
        let arguments = [
            &["--chain-id", &chain_id, "--gas-limit", "10000000000"],
            &["--block-base-fee-per-gas", "0", "--order", "fifo"],
            sealing,
        ];
        Self::Anvil(Anvil::start_with(&arguments.concat()))
    }

    /// Returns its name.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Mayfly(_) => "mayfly",
            Self::Anvil(_) => "anvil",
        }
    }

    /// Returns the most memory that it ever had.
    pub(crate) fn peak_rss_mib(&self) -> Option<f64> {
        mayfly_bench::peak_rss_mib(match self {
            Self::Mayfly(mayfly) => mayfly.process.id(),
            Self::Anvil(anvil) => anvil.process(),
        })
    }

    /// Opens a connection to its JSON-RPC.
    pub(crate) async fn connect(&self) -> Result<Connection> {
        Connection::open(self.rpc().url().trim_start_matches("http://")).await
    }

    /// Gives `people` some ETH from the ten development accounts, and waits until they have it.
    pub(crate) async fn fund(&self, people: &[Person]) -> Result<()> {
        let funds = parse_ether(FUNDS)?;
        let mut rich = self.development_accounts()?;
        let givers = rich.len();
        let mut connection = self.connect().await?;
        for part in people.chunks(100) {
            let mut calls = Vec::with_capacity(part.len());
            for (at, person) in part.iter().enumerate() {
                let sent = rich[at % givers].transfer(person.address(), funds)?;
                calls.push(call("eth_sendRawTransaction", &format!(r#"["{}"]"#, sent.raw)));
            }
            let answer = connection.send(&Request::batch(&calls)).await?;
            if answer.contains("\"error\"") {
                return Err(format!("{} does not fund: {answer}", self.name()).into());
            }
        }
        match people.last() {
            Some(last) => self.wait_for_funds(&mut connection, last, funds).await,
            None => Ok(()),
        }
    }

    async fn wait_for_funds(
        &self,
        connection: &mut Connection,
        person: &Person,
        funds: U256,
    ) -> Result<()> {
        let ask = Request::call("eth_getBalance", &format!(r#"["{}","latest"]"#, person.address()));
        let wanted = format!("\"{funds:#x}\"");
        while !connection.send(&ask).await?.contains(&wanted) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The accounts that both nodes start with, with the nonces that they have by now.
    fn development_accounts(&self) -> Result<Vec<Person>> {
        let with_nonce = |key: mayfly_l1::PrivateKeySigner| {
            let parameters = json!([key.address(), "latest"]);
            let nonce: U256 =
                serde_json::from_value(self.rpc().call("eth_getTransactionCount", &parameters))?;
            Person::with_secret(B256::from(key.to_bytes()), nonce.to())
        };
        mayfly_l1::devnet::accounts().into_iter().map(with_nonce).collect()
    }

    const fn rpc(&self) -> &Rpc {
        match self {
            Self::Mayfly(mayfly) => &mayfly.rpc,
            Self::Anvil(anvil) => anvil.rpc(),
        }
    }
}

impl Mayfly {
    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.rpc.url().trim_start_matches("http://").to_owned()
    }

    /// Secret of the shop that every layer has.
    pub(crate) fn stripe_secret(&self) -> &str {
        &self.stripe_secret
    }
}

impl Drop for Mayfly {
    /// Both fail only when the process has ended already.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
