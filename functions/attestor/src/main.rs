//! Runs an attestor of one layer. `MAYFLY_ATTESTOR_KEY` says where its key is ([`KeySpec`]), or is the key; the command line
//! never does.

use std::{error::Error, net::SocketAddr, path::PathBuf, sync::Arc};

use alloy_primitives::Address;
use clap::Parser;
use mayfly_attestor::{Desk, HttpWitnesses, router};
use mayfly_disk::Disk;
use mayfly_keys::{KeyError, KeySpec};
use mayfly_l1::{HttpL1, Node};
use node_core::{chain::Finality, flow::attest::Attesting, port::Signer};

/// Variable of the environment that names the key.
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

/// Gets the key; what is no key is not shown.
async fn key() -> Result<Arc<dyn Signer>, Box<dyn Error>> {
    let named = |error: KeyError| format!("{KEY}: {error}");
    let text = std::env::var(KEY).map_err(|_| named(KeyError::NoSpec))?;
    let spec: KeySpec = text.parse().map_err(named)?;
    Ok(spec.open().await.map_err(named)?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let key = key().await?;
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
