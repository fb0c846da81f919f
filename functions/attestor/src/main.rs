//! Runs an attestor of one layer. Its key comes in `MAYFLY_ATTESTOR_KEY`, never on the command line.

use std::{error::Error, net::SocketAddr, path::PathBuf, sync::Arc};

use alloy_primitives::{Address, B256};
use clap::Parser;
use mayfly_attestor::{Desk, HttpWitnesses, router};
use mayfly_disk::Disk;
use mayfly_l1::{HttpL1, LocalKey, Node};
use node_core::{chain::Finality, flow::attest::Attesting};

/// Variable of the environment that has the key.
const KEY: &str = "MAYFLY_ATTESTOR_KEY";

/// Executes a layer's blocks again and signs its settlement if, and only if, it is what came out.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// RPC URL of the attestor's own L1 node.
    #[arg(long)]
    l1: String,
    /// The layer's contract on the L1.
    #[arg(long)]
    layer: Address,
    /// RPC URL of the layer, or of anybody else who has its blocks: it is not trusted.
    #[arg(long)]
    rpc: String,
    /// L1 block to look for the layer's opening from.
    #[arg(long, default_value_t = 0)]
    from_block: u64,
    /// Where the attestor remembers what it found right.
    #[arg(long, default_value = ".mayfly-attestor")]
    dir: PathBuf,
    /// Where it is asked to attest.
    #[arg(long, default_value = "127.0.0.1:8547")]
    listen: SocketAddr,
}

/// Reads the key; what is no key is not shown.
fn key() -> Result<LocalKey, Box<dyn Error>> {
    let text = std::env::var(KEY).map_err(|_| format!("{KEY}: expected a private key in hex"))?;
    let secret: B256 =
        text.trim().parse().map_err(|_| format!("{KEY}: expected 32 bytes in hex"))?;
    Ok(LocalKey::new(&secret)?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let key = Arc::new(key()?);
    let node = Node::connect(&options.l1).await?;
    let found = HttpL1::find(node, options.layer, options.from_block, Finality::Finalized).await?;
    let (l1, source) = (Arc::new(found), Arc::new(HttpWitnesses::new(options.rpc)));
    let config = source.complete(l1.layer_config()).await?;
    let disk = Disk::open(&options.dir)?;
    let registers = disk.stores(config.id).registers;
    let attesting = Attesting::open(config, &l1.genesis(), registers, l1.clone(), source).await?;
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    println!("{}", serde_json::json!({ "url": format!("http://{}/", listener.local_addr()?) }));
    Ok(axum::serve(listener, router(Arc::new(Desk::new(attesting, l1, key)))).await?)
}
