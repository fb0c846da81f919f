//! A chain that is only read: in memory, with no writer.

use std::sync::Arc;

use mayfly_sequencer::{Bell, HeadWatch, SystemClock};
use node_core::flow::archive::GenesisFile;
use node_core::{
    chain::{Annex, Block, Forks, LayerConfig},
    execute::{Protocol, Rules},
    flow::{
        archive::{self, Annexes, StateFile},
        open::Genesis,
        query::Replica,
        teardown::bundle::Bundle,
    },
    port::memory::Memory,
    rpc::{MAX_ANSWER_BYTES, Node, Sends, Tags},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{chain::CLIENT_VERSION, http};
use crate::failure::Failure;

/// A chain that somebody exported.
#[derive(Debug)]
pub(crate) struct Exported {
    config: LayerConfig,
    rules: Rules,
    genesis: Genesis,
    blocks: Vec<(Block, Annex)>,
}

impl Exported {
    /// A chain of Ethereum: a genesis file, and blocks in RLP.
    pub(crate) fn of_files(file: &GenesisFile, chain: &[u8]) -> Result<Self, Failure> {
        let chain_id = file.config.chain_id;
        Ok(Self {
            config: archive::config(file, chain_id, format!("archive of chain {chain_id}")),
            rules: Rules::imported(chain_id, Forks::of(&file.config)),
            genesis: archive::genesis(file)?,
            blocks: archive::decode_blocks(chain)?,
        })
    }

    /// A layer that is gone.
    pub(crate) fn of_bundle(bundle: &Bundle) -> Result<Self, Failure> {
        let config = bundle.config()?;
        Ok(Self {
            rules: Rules::layer(config.chain_id),
            genesis: archive::of_bundle(bundle)?,
            blocks: bundle.blocks.iter().map(|block| (block.clone(), Annex::default())).collect(),
            config,
        })
    }

    /// Returns the number of the block that leads to a state.
    pub(crate) fn find_state(&self, file: &StateFile) -> Result<u64, Failure> {
        let later = self.blocks.iter().map(|(block, _)| &block.header);
        let headers = [self.genesis.header.inner()].into_iter().chain(later);
        Ok(archive::find_state(file, headers)?)
    }
}

/// A chain that is served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) chain_id: u64,
    /// Number of the newest block.
    pub(crate) head: u64,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Served {
    /// Waits for Ctrl-C, then for what is being answered.
    pub(crate) async fn until_stopped(self) {
        let _ = tokio::signal::ctrl_c().await;
        self.stop.send_replace(true);
        let _ = self.server.await;
    }
}

/// Loads a chain, executing every block, and serves it.
pub(crate) async fn serve(exported: Exported, port: u16, pool: bool) -> Result<Served, Failure> {
    let listener = http::bind(port, "--port").await?;
    let node = load(exported, if pool { Sends::Taken } else { Sends::Refused }).await?;
    let address = listener.local_addr().map_err(|error| Failure::remote("the port", error))?;
    let (chain_id, head) = (node.rules.chain_id, node.replica.head().header.number);
    let stop = watch::Sender::new(false);
    let server = http::serve(listener, mayfly_rpc::router(Arc::new(node)), stop.subscribe());
    Ok(Served { url: http::url(address), chain_id, head, stop, server })
}

async fn load(exported: Exported, sends: Sends) -> Result<Node, Failure> {
    let Exported { config, rules, genesis, blocks } = exported;
    let stores = Memory::stores();
    let annexes = archive::load(&stores, &config, &rules, &genesis, blocks).await?;
    // Blocks of a layer have nothing besides, and show it as the layer did.
    let annexes = match rules.protocol {
        Protocol::Layer => Annexes::new(),
        Protocol::Ethereum => annexes,
    };
    let replica = Replica::open(&stores, config.id).await?;
    Ok(Node {
        stores,
        config: Arc::new(config),
        rules: Arc::new(rules),
        replica: Arc::new(replica),
        intake: Arc::default(),
        doorbell: Arc::new(Bell::default()),
        heads: Arc::new(HeadWatch::default()),
        clock: Arc::new(SystemClock),
        tags: Arc::new(Tags::instant()),
        annexes: Arc::new(annexes),
        sends,
        access: Arc::default(),
        answer_bytes: MAX_ANSWER_BYTES,
        costs: None,
        signer: None,
        client_version: CLIENT_VERSION.to_owned(),
    })
}
