use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::Router;
use mayfly_aws::{Absent, Bell, Cloud, LayerCosts, Registry, Rings};
use mayfly_sequencer::SystemClock;
use node_core::{
    chain::LayerId,
    flow::{FlowError, query::Replica, sequence::Context, submit::Intake},
    port::{PortError, Stores},
    rpc::{Access, AccessRules, Node, Sends, Tags},
};

use super::following::Following;

/// Answer of `web3_clientVersion`.
const CLIENT_VERSION: &str = concat!("mayfly/v", env!("CARGO_PKG_VERSION"), "/lambda");

/// Most bytes of an answer: 4 MiB. A function answers with 6 MB at the most (AWS: Lambda quotas), in which every quote
/// of ours has two bytes; of a trace, which has most, every third character is one.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

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
    pub(super) router: Router,
    replica: Arc<Replica>,
    stores: Stores,
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
        layer.replica.follow(&layer.stores).await.map_err(|error| absent(id, error))?;
        Ok(layer)
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
        self.held().insert(id, Open { layer: Arc::clone(&layer), checked_at });
        Ok(layer)
    }

    async fn open(&self, id: LayerId) -> Result<Layer, FlowError> {
        let Context { stores, config, rules, .. } =
            Context::load(self.cloud.stores(id), None).await?;
        let replica = Arc::new(Replica::open(&stores, id).await?);
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
            access: Arc::new(Access::new(AccessRules {
                behind_proxy: true,
                ..AccessRules::default()
            })),
            answer_bytes: ANSWER_BYTES,
            costs: Some(Arc::new(costs)),
            signer: None,
            client_version: CLIENT_VERSION.to_owned(),
        };
        Ok(Layer { id, router: crate::router(Arc::new(node)), replica, stores })
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
