use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Rpc,
    process::{Output, Server},
};

/// Longest wait for a block.
const PATIENCE: Duration = Duration::from_secs(30);

/// What anvil prints before its address.
const LISTENING: &str = "Listening on ";

/// An L1 node of its own for one test: foundry's anvil, killed on drop.
///
/// Seals a block per transaction. An epoch has one slot, so blocks are safe when they are one deep and
/// finalized when they are two deep.
#[derive(Debug)]
pub struct Anvil {
    server: Server,
    rpc: Rpc,
}

impl Anvil {
    /// Starts a node.
    ///
    /// # Panics
    /// When anvil is not installed (`make test` does) or does not start. A test
    /// without its L1 must not pass.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&["--slots-in-an-epoch", "1"])
    }

    /// Starts a node that seals and finalizes as the `arguments` say.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(["--port", "0", "--hardfork", "osaka"]).args(arguments);
        let server = Server::start(command, Output::Stdout, LISTENING);
        let rpc = Rpc::new(server.address());
        Self { server, rpc }
    }

    /// Returns the URL of its JSON-RPC.
    #[must_use]
    pub fn url(&self) -> String {
        self.rpc.url()
    }

    /// Returns its JSON-RPC, for what this type has no verb.
    #[must_use]
    pub const fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Returns the id of its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    /// Sends a transaction of an account whose key the node has, and waits until it is in a block; returns its
    /// receipt.
    ///
    /// # Panics
    /// When the node refuses it, or its execution fails.
    #[must_use]
    pub fn transact(&self, transaction: &Value) -> Value {
        let hash = self.rpc.call("eth_sendTransaction", &json!([transaction]));
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The block comes a moment after the answer.
            let receipt = self.rpc.call("eth_getTransactionReceipt", &json!([hash]));
            if !receipt.is_null() {
                assert_eq!(receipt["status"], "0x1", "{transaction}: {receipt}");
                return receipt;
            }
            assert!(Instant::now() < deadline, "{transaction} is in no block after {PATIENCE:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Puts a contract at `address` that answers every question about a name with the word that its storage has for it: as
    /// `resolver(bytes32)` a registry of names, as `addr(bytes32)` a resolver.
    ///
    /// # Panics
    /// When the node does not.
    pub fn answer_for_names(&self, address: &str) {
        // PUSH1 4 CALLDATALOAD SLOAD PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
        self.rpc.call("anvil_setCode", &json!([address, "0x600435545f5260205ff3"]));
    }

    /// Says what such a contract answers for a name: `hash` and `word` are 32 bytes in hex.
    ///
    /// # Panics
    /// When the node does not.
    pub fn answer(&self, address: &str, hash: &str, word: &str) {
        self.rpc.call("anvil_setStorageAt", &json!([address, hash, word]));
    }

    /// Seals `count` empty blocks.
    ///
    /// # Panics
    /// When the node does not.
    pub fn mine(&self, count: u64) {
        self.rpc.call("anvil_mine", &json!([count]));
    }

    /// Seals as many blocks as it takes until everything so far is finalized.
    ///
    /// # Panics
    /// When the node does not.
    pub fn finalize(&self) {
        self.mine(2);
    }

    /// Returns how many transactions no block has taken yet.
    ///
    /// # Panics
    /// When the node does not say.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let status = self.rpc.call("txpool_status", &json!([]));
        let pending = status["pending"].as_str().and_then(|it| it.strip_prefix("0x"));
        u64::from_str_radix(pending.expect("a quantity"), 16).expect("hex")
    }

    /// Lets `seconds` pass, and seals a block after them.
    ///
    /// # Panics
    /// When the node does not.
    pub fn pass_time(&self, seconds: u64) {
        self.rpc.call("evm_increaseTime", &json!([seconds]));
        self.mine(1);
    }

    /// Replaces the newest `depth` blocks with empty ones.
    ///
    /// # Panics
    /// When the node does not.
    pub fn reorg(&self, depth: u64) {
        self.rpc.call("anvil_reorg", &json!([depth, []]));
    }

    /// Sets whether the node seals a block per transaction.
    ///
    /// # Panics
    /// When the node does not.
    pub fn set_automine(&self, on: bool) {
        self.rpc.call("evm_setAutomine", &json!([on]));
    }
}

/// Finds anvil as node finds modules: in `node_modules` here or in a directory above.
///
/// npm may have been told to run no install scripts, so the platform's package is asked directly.
fn binary() -> PathBuf {
    if let Some(path) = env::var_os("MAYFLY_ANVIL") {
        return path.into();
    }
    let package = format!("node_modules/@foundry-rs/anvil-{}-{}", platform(), architecture());
    let file = format!("bin/anvil{}", env::consts::EXE_SUFFIX);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        here.ancestors().map(|above| above.join(&package).join(&file)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("anvil is not installed: no {package} here or above; run `npm install` in the workspace's root")
    })
}

/// The operating system as npm calls it.
fn platform() -> &'static str {
    match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    }
}

/// The processor as npm calls it.
fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anvil_starts_with_ten_accounts_and_ends_with_its_value() {
        let anvil = Anvil::start();
        let accounts = anvil.rpc().call("eth_accounts", &json!([]));
        assert_eq!(accounts.as_array().map(Vec::len), Some(10));
        let rpc = anvil.rpc().clone();
        drop(anvil);
        assert!(rpc.try_call("eth_accounts", &json!([])).is_err());
    }
}
