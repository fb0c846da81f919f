//! A chain for the client tests: ten funded accounts, everything in memory.
//!
//! `devserver [layer|ethereum] [port]` prints one line of JSON with `rpcUrl` when it is ready.

#[path = "../tests/http/chain.rs"]
mod chain;

use node_core::execute::{Protocol, Rules};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (rules, base_fee_wei) = match arguments.next().as_deref() {
        None | Some("layer") => (Rules::layer(chain::CHAIN_ID), 0),
        Some("ethereum") => (Rules::ethereum(chain::CHAIN_ID), 1_000_000_000),
        Some(other) => panic!("expected `layer` or `ethereum`, got `{other}`"),
    };
    let port = arguments.next().map_or(0, |port| port.parse().expect("a port"));
    let is_layer = rules.protocol == Protocol::Layer;
    let served = chain::serve(rules, base_fee_wei, port).await?;
    if is_layer {
        served.deposit().await;
    }
    println!("{}", serde_json::json!({ "rpcUrl": format!("http://{}", served.address) }));
    std::future::pending().await
}
