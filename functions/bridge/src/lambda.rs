//! The function on AWS Lambda: once a minute, for every layer of a deployment: deposits in, batches out, the organiser told
//! what became of orders, and whatever else somebody who crashed left undone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::Bytes;
use futures::future::join_all;
use mayfly_aws::{Bell, Cloud, Entry, Functions, News, Registry, Rings, When};
use mayfly_cost::Usage;
use mayfly_l1::{HttpL1, Node, Sender};
use mayfly_sequencer::SystemClock;
use mayfly_webhook::{Courier, WebhookState, events::Events, names};
use node_core::{
    chain::{LayerConfig, LayerId, Posting},
    flow::{
        FlowError,
        anchored::{self, Anchored},
        open, phase,
        query::Replica,
    },
    port::{Clock, Doorbell, L1, PortError, Stores},
    rpc::Tags,
};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::{Bridge, Poster};

/// Between two looks of a function nobody waits: the schedule is what repeats.
const NEVER: Duration = Duration::MAX;

/// What the schedule says.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Watch {}

/// Where a layer is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It takes transactions.
    Open,
    /// It does not any more.
    Ending,
}

/// Names of the functions that it wakes.
#[derive(Debug, Clone, Copy)]
pub struct Wakes<'a> {
    /// Writes.
    pub sequencer: &'a str,
    /// Ends layers.
    pub teardown: &'a str,
    /// Tells subscribers.
    pub rpc: &'a str,
}

/// Looks after the layers of a deployment.
pub struct Bridging {
    cloud: Cloud,
    registry: Registry,
    functions: Functions,
    news: News,
    sequencer: Arc<str>,
    teardown: String,
    sender: Arc<Sender>,
    l1: Node,
    rings: Rings,
    posting: Mutex<()>,
    /// How long a block waits for company before it is posted.
    post_after: Duration,
    events: Events,
}

impl core::fmt::Debug for Bridging {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Bridging").field("sequencer", &self.sequencer).finish_non_exhaustive()
    }
}

impl Bridging {
    /// Makes the function; `sender` is the operator, `events` reads box offices, blocks are posted once they are
    /// `post_after` old.
    pub fn new(
        cloud: Cloud,
        wakes: Wakes<'_>,
        sender: Sender,
        events: Events,
        post_after: Duration,
    ) -> Self {
        let Wakes { sequencer, teardown, rpc } = wakes;
        Self {
            news: cloud.news(rpc),
            registry: cloud.registry(),
            functions: cloud.functions(),
            cloud,
            sequencer: sequencer.into(),
            teardown: teardown.to_owned(),
            l1: sender.node().clone(),
            sender: Arc::new(sender),
            rings: Rings::default(),
            posting: Mutex::new(()),
            post_after,
            events,
        }
    }

    /// Looks after every layer that has not ended, or not quite. One that gives trouble holds up no other.
    ///
    /// # Errors
    /// Those of the registry.
    pub async fn answer(&self, _watch: Watch) -> Result<(), PortError> {
        let since = Instant::now();
        let entries = self.registry.list().await?;
        let now_s = SystemClock.now_ms() / 1000;
        let is_left = |entry: &&Entry| entry.ended_at_s.is_none() || entry.is_sweep_due(now_s);
        let present = entries.iter().filter(is_left);
        let looks = present.map(|entry| async move {
            let looked = self.look_after(entry).await;
            if let Err(error) = &looked {
                tracing::error!(layer = %entry.layer, %error, "the layer could not be looked after");
            }
            looked.is_ok_and(|state| state == State::Open).then_some(entry.layer)
        });
        let open = join_all(looks).await;
        self.rings.silent().await;
        self.count(open.into_iter().flatten().collect(), since).await;
        Ok(())
    }

    /// Counts what was done for layers that are open: of others, nothing may be left.
    async fn count(&self, layers: Vec<LayerId>, since: Instant) {
        self.cloud.meters().count(&layers, since);
        self.cloud.meters().write(When::Now).await;
        self.cloud.metrics().write(When::Now);
    }

    async fn look_after(&self, entry: &Entry) -> Result<State, FlowError> {
        let stores = self.cloud.stores(entry.layer);
        let is_over = SystemClock.now_ms() / 1000 >= entry.ends_at_s;
        if is_over || !accepts(&stores).await? {
            self.functions.invoke(&self.teardown, entry.layer).await?;
            self.tell_of_the_end(entry, stores).await?;
            return Ok(State::Ending);
        }
        let config = Arc::new(open::config(&*stores.registers).await?);
        let l1 = HttpL1::connect(self.l1.clone(), config.l1.clone()).await?;
        let l1: Arc<dyn L1> = Arc::new(l1.with_sender(Arc::clone(&self.sender)));
        let bell = self.bell(entry, &stores);
        let bridge = Bridge {
            stores: stores.clone(),
            config: Arc::clone(&config),
            l1: Arc::clone(&l1),
            doorbell: Arc::clone(&bell),
            clock: Arc::new(SystemClock),
            every: NEVER,
        };
        bridge.once().await?;
        // What a ring was lost for.
        if !stores.inbox.waiting(1).await?.is_empty() || !stores.orders.waiting(1).await?.is_empty()
        {
            bell.ring();
        }
        let office = (stores.clone(), Arc::clone(&config), bell);
        self.news.ring(entry.layer, SystemClock.now_ms()).await;
        self.post(stores, config, l1).await?;
        if let Some(office) = self.office(office).await? {
            names::resolve_waiting(&office).await?;
            tell(office).await?;
        }
        Ok(State::Open)
    }

    /// What became of orders in the last blocks is told while the end waits for the L1; then the orders are gone.
    async fn tell_of_the_end(&self, entry: &Entry, stores: Stores) -> Result<(), FlowError> {
        let config = match open::config(&*stores.registers).await {
            Err(FlowError::NoLayer) => return Ok(()),
            other => Arc::new(other?),
        };
        let bell = self.bell(entry, &stores);
        match self.office((stores, config, bell)).await? {
            Some(office) => tell(office).await,
            None => Ok(()),
        }
    }

    /// The box office of a layer that has somebody to tell, or orders that wait for names.
    async fn office(
        &self,
        (stores, config, doorbell): (Stores, Arc<LayerConfig>, Arc<dyn Doorbell>),
    ) -> Result<Option<WebhookState>, FlowError> {
        let registers = &*stores.registers;
        let outline = self.events.outline_of(registers).await.map_err(PortError::from)?;
        if outline.is_none_or(|event| event.completion.is_none() && event.names.is_none()) {
            return Ok(None);
        }
        let event = self.events.of(registers).await.map_err(PortError::from)?.unwrap_or_default();
        let (event, clock) = (Arc::new(event), Arc::new(SystemClock));
        let names = Some(Arc::new(self.l1.clone()) as Arc<dyn names::Names>);
        Ok(Some(WebhookState { stores, config, doorbell, clock, event, names }))
    }

    async fn post(
        &self,
        stores: Stores,
        config: Arc<LayerConfig>,
        l1: Arc<dyn L1>,
    ) -> Result<(), FlowError> {
        if config.posting == Posting::Leaves {
            return Ok(());
        }
        let (layer, registers) = (config.id, Arc::clone(&stores.registers));
        let tags = Arc::new(Tags::layer());
        let poster = Poster {
            replica: Arc::new(Replica::open(&stores, config.id).await?),
            known_codes: known_codes(&config)?,
            stores,
            config,
            l1,
            tags: Arc::clone(&tags),
            clock: Arc::new(SystemClock),
            every: NEVER,
            wait: self.post_after,
        };
        // One after the other, as the key's transactions are: what is spent meanwhile is this layer's.
        let _turn = self.posting.lock().await;
        let spent_before = self.sender.spent();
        let posted = poster.once().await;
        let spent = self.sender.spent().since(&spent_before);
        self.cloud.meters().of(layer).add(Usage {
            l1_transactions: spent.transactions,
            l1_gas: spent.gas,
            l1_fee_wei: spent.fee_wei,
            ..Usage::default()
        });
        posted?;
        let (safe, finalized) = (tags.safe(u64::MAX), tags.finalized(u64::MAX));
        anchored::keep(&*registers, Anchored { safe, finalized }).await
    }

    fn bell(&self, entry: &Entry, stores: &Stores) -> Arc<dyn Doorbell> {
        Arc::new(Bell {
            functions: self.functions.clone(),
            sequencer: Arc::clone(&self.sequencer),
            layer: entry.layer,
            registers: Arc::clone(&stores.registers),
            clock: Arc::new(SystemClock),
            rings: self.rings.clone(),
        })
    }
}

/// Tells the organiser what became of orders.
async fn tell(office: WebhookState) -> Result<(), FlowError> {
    let courier = Courier::new(office).map_err(|error| PortError::unavailable("TLS", error))?;
    courier.round().await?;
    Ok(())
}

/// Whether the layer takes transactions. One whose end has come so far that it has no phase does not.
async fn accepts(stores: &Stores) -> Result<bool, FlowError> {
    match phase::current(&*stores.registers).await {
        Err(FlowError::NoLayer) => Ok(false),
        other => Ok(other?.accepts()),
    }
}

fn known_codes(config: &LayerConfig) -> Result<Arc<[Bytes]>, FlowError> {
    let codes = mayfly_operator::known_codes(config.chain_id).map_err(|error| {
        PortError::Corrupt { name: "contracts of block 0".to_owned(), reason: error.to_string() }
    })?;
    Ok(codes.into())
}
