use std::{sync::Arc, time::Duration};

use mayfly_disk::Disk;
use mayfly_l1::{LocalKey, Node, Sender, devnet};
use node_core::{
    chain::Finality,
    execute::Rules,
    flow::{
        Caches,
        open::{self, Genesis},
        sequence::{Context, Pipeline},
        submit::Intake,
    },
    port::{Clock, Signer},
    rpc::{Access, Tags},
};
use tokio::task::JoinHandle;

use super::{Chain, Place, http};
use crate::failure::Failure;

/// An L1 that this process does not run.
#[derive(Clone)]
pub(crate) struct External {
    /// RPC URL.
    pub(crate) url: String,
    /// Signs as organiser and operator.
    pub(crate) signer: Arc<dyn Signer>,
    /// How settled its blocks must be.
    pub(crate) finality: Finality,
}

impl core::fmt::Debug for External {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("External").field("address", &self.signer.address()).finish_non_exhaustive()
    }
}

/// The L1 of a layer: one in this process, or any other.
#[derive(Debug)]
pub(crate) struct L1Side {
    node: Node,
    url: String,
    operator: Arc<Sender>,
    finality: Finality,
    devnet: Option<Devnet>,
}

#[derive(Debug)]
struct Devnet {
    chain: Chain,
    server: JoinHandle<()>,
    _disk: Disk,
}

impl L1Side {
    /// Connects to `external`, or starts the development L1 in `place`.
    pub(crate) async fn start(
        place: &Place,
        external: Option<External>,
        port: u16,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let (url, signer, finality, devnet) = match external {
            Some(External { url, signer, finality }) => (url, signer, finality, None),
            None => {
                let (url, devnet) = Devnet::start(place, port, clock).await?;
                let [organiser, ..] = &devnet::accounts()[..] else {
                    unreachable!("the development L1 has ten accounts")
                };
                let signer: Arc<dyn Signer> = Arc::new(LocalKey::from(organiser.clone()));
                (url, signer, Finality::Finalized, Some(devnet))
            }
        };
        let node = Node::connect(&url).await?;
        let operator = Arc::new(Sender::of(node.clone(), signer));
        Ok(Self { node, url, operator, finality, devnet })
    }

    /// RPC URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The node.
    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    /// Sends as organiser and operator.
    pub(crate) fn operator(&self) -> Arc<Sender> {
        Arc::clone(&self.operator)
    }

    /// How settled an L1 block must be before it counts.
    pub(crate) const fn finality(&self) -> Finality {
        self.finality
    }

    /// Whether the L1 is the one in this process.
    pub(crate) const fn is_devnet(&self) -> bool {
        self.devnet.is_some()
    }

    /// How often the L1 is asked for deposits: the one in this process has blocks at any time.
    pub(crate) const fn poll_every(&self) -> Duration {
        if self.is_devnet() { Duration::from_millis(100) } else { Duration::from_secs(2) }
    }

    /// Stops the development L1.
    pub(crate) async fn stop(self) {
        if let Some(Devnet { chain, server, .. }) = self.devnet {
            chain.stop().await;
            let _ = server.await;
        }
    }
}

impl Devnet {
    async fn start(
        place: &Place,
        port: u16,
        clock: &Arc<dyn Clock>,
    ) -> Result<(String, Self), Failure> {
        let disk = Disk::open(&place.l1_dir())?;
        let devnet::Devnet { config, alloc } = devnet::genesis(clock.now_ms() / 1000);
        let stores = disk.stores(config.id);
        // A development L1 that is there already keeps the block 0 that it was made with.
        let genesis = Genesis::unbacked(&config, &alloc);
        open::open(&stores, &config, &genesis).await?;
        let config = open::config(&*stores.registers).await?;
        let rules = Arc::new(Rules::ethereum(config.chain_id));
        let (config, pipeline) = (Arc::new(config), Pipeline::default());
        let caches = Caches::default();
        let context = Context { stores, config, rules, signer: None, pipeline, caches };
        let open = (Access::default(), None);
        let chain =
            Chain::start(context, Arc::clone(clock), Tags::instant(), Intake::default(), open)
                .await?;
        let listener = http::bind(port, "--l1-port").await?;
        let address = listener.local_addr().map_err(|error| Failure::remote("server", error))?;
        let routes = mayfly_rpc::router(Arc::clone(&chain.node));
        let server = http::serve(listener, routes, chain.stop.subscribe());
        Ok((http::url(address), Self { chain, server, _disk: disk }))
    }
}
