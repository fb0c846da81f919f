use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::Router;
use mayfly_aws::{Absent, Bell, Cloud, LayerCosts, Registry, Rings, SocketGateway};
use mayfly_sequencer::SystemClock;
use node_core::{
    chain::{LayerId, Posting},
    flow::{
        FlowError, access,
        anchored::{self, Anchored},
        query::Replica,
        sequence::{Committed, Context},
        submit::Intake,
    },
    port::{PortError, Stores},
    rpc::{Access, AccessRules, MAX_ANSWER_BYTES, Node, Sends, Tags},
};

use super::following::Following;

/// Answer of `web3_clientVersion`.
const CLIENT_VERSION: &str = concat!("mayfly/v", env!("CARGO_PKG_VERSION"), "/lambda");

/// Most bytes of an answer: 4 MiB. A function answers with 6 MB at the most (AWS: Lambda quotas), in which every quote
/// of ours has two bytes; of a trace, which has most, every third character is one.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of an answer over a WebSocket: its message, less an id of any reasonable length.
const MESSAGE_BYTES: usize = SocketGateway::MAX_MESSAGE_BYTES - 1_024;

/// How long it is believed that a layer has not ended.
const BELIEVED: Duration = Duration::from_secs(1);

/// The layers that this function has opened so far.
pub(super) struct Layers {
    pub(super) cloud: Cloud,
    registry: Registry,
    sequencer: Arc<str>,
    /// Rings under way.
    pub(super) rings: Rings,
    open: Mutex<HashMap<LayerId, Open>>,
}

#[derive(Clone)]
struct Open {
    layer: Arc<Layer>,
    checked_at: Instant,
}

/// A layer as it is answered for.
pub(super) struct Layer {
    pub(super) id: LayerId,
    /// Answers that are sent whole.
    pub(super) whole: Router,
    /// Answers that are sent as they come, and may be larger.
    pub(super) streamed: Router,
    /// Answers that fit into a message.
    pub(super) node: Arc<Node>,
    replica: Arc<Replica>,
    stores: Stores,
}

impl Layer {
    /// Reads what was committed meanwhile; returns the number of the newest block.
    pub(super) async fn follow(&self) -> Result<u64, FlowError> {
        self.replica.follow(&self.stores).await?;
        Ok(self.replica.head().header.number)
    }

    /// Reads which blocks are safe and finalized. Of a layer that posts nothing none is but block 0.
    async fn look_at_tags(&self) -> Result<(), FlowError> {
        if self.node.config.posting == Posting::Leaves {
            return Ok(());
        }
        let Anchored { safe, finalized } = anchored::kept(&*self.stores.registers).await?;
        self.node.tags.raise_safe(safe);
        self.node.tags.raise_finalized(finalized);
        Ok(())
    }

    /// Blocks after `first` and up to `last`.
    pub(super) async fn blocks(
        &self,
        first: u64,
        last: u64,
    ) -> Result<Vec<Arc<Committed>>, FlowError> {
        let numbers: Vec<u64> = (first + 1..=last).collect();
        self.replica.blocks(&numbers).await
    }
}

impl Layers {
    pub(super) fn new(cloud: Cloud, sequencer: &str) -> Self {
        let registry = cloud.registry();
        let (rings, open) = (Rings::default(), Mutex::default());
        Self { cloud, registry, sequencer: sequencer.into(), rings, open }
    }

    /// Returns a layer that shows everything committed so far.
    pub(super) async fn find(&self, name: &str) -> Result<Arc<Layer>, Absent> {
        let id: LayerId = name.parse().map_err(|_| Absent::Unknown(name.to_owned()))?;
        let held = self.held().get(&id).cloned();
        let layer = match held {
            Some(open) if open.checked_at.elapsed() < BELIEVED => open.layer,
            held => self.check(id, held).await?,
        };
        layer.follow().await.map_err(|error| absent(id, error))?;
        Ok(layer)
    }

    /// Believes nothing of a layer any more.
    pub(super) fn forget(&self, id: LayerId) {
        self.held().remove(&id);
    }

    /// Asks the registry, and opens the layer if it is not open here.
    async fn check(&self, id: LayerId, held: Option<Open>) -> Result<Arc<Layer>, Absent> {
        let checked_at = Instant::now();
        if let Err(absent) = self.registry.present(id).await {
            self.held().remove(&id);
            return Err(absent);
        }
        let layer = match held {
            Some(open) => open.layer,
            None => Arc::new(self.open(id).await.map_err(|error| absent(id, error))?),
        };
        layer.look_at_tags().await.map_err(|error| absent(id, error))?;
        self.held().insert(id, Open { layer: Arc::clone(&layer), checked_at });
        Ok(layer)
    }

    async fn open(&self, id: LayerId) -> Result<Layer, FlowError> {
        let Context { stores, config, rules, .. } =
            Context::load(self.cloud.stores(id), None).await?;
        let replica = Arc::new(Replica::open(&stores, id).await?);
        let asked = access::kept(&*stores.registers).await?;
        let costs = LayerCosts {
            meters: self.cloud.meters().clone(),
            layer: id,
            opened_at_s: config.opened_at_s,
        };
        let bell = Bell {
            functions: self.cloud.functions(),
            sequencer: Arc::clone(&self.sequencer),
            layer: id,
            registers: Arc::clone(&stores.registers),
            clock: Arc::new(SystemClock),
            rings: self.rings.clone(),
        };
        let node = Node {
            heads: Arc::new(Following { replica: Arc::clone(&replica), stores: stores.clone() }),
            stores: stores.clone(),
            config,
            rules,
            replica: Arc::clone(&replica),
            intake: Arc::new(Intake::default()),
            doorbell: Arc::new(bell),
            clock: Arc::new(SystemClock),
            tags: Arc::new(Tags::layer()),
            annexes: Arc::default(),
            sends: Sends::Taken,
            // API Gateway is in front.
            access: Arc::new(Access::new(AccessRules { behind_proxy: true, ..asked })),
            answer_bytes: ANSWER_BYTES,
            costs: Some(Arc::new(costs)),
            signer: None,
            client_version: CLIENT_VERSION.to_owned(),
        };
        let sized = |answer_bytes| Arc::new(Node { answer_bytes, ..node.clone() });
        Ok(Layer {
            id,
            whole: crate::router(sized(ANSWER_BYTES)),
            streamed: crate::router(sized(MAX_ANSWER_BYTES)),
            node: sized(MESSAGE_BYTES),
            replica,
            stores,
        })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<LayerId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Erased, while the registry does not say so yet; or what failed.
fn absent(id: LayerId, error: FlowError) -> Absent {
    match error {
        FlowError::NoLayer => Absent::Unknown(id.to_string()),
        FlowError::Port(error) => Absent::Port(error),
        error => Absent::Port(PortError::Corrupt {
            name: format!("layer {id}"),
            reason: error.to_string(),
        }),
    }
}
