//! The function on AWS Lambda: opens layers at run time, with their box offices and the rules of who may ask for what;
//! says where they stand and who pays on the L1, and ends them before their time. Nothing makes a layer live longer than
//! it was opened for. Only whom IAM lets invoke it may.

mod answer;
mod ask;
mod deployment;

use std::{sync::Arc, time::Instant};

use alloy_primitives::{Address, keccak256};
use mayfly_aws::{Cloud, Entry, Functions, Registry, Schedules, When};
use mayfly_cost::Usage;
use mayfly_l1::{Assurance, Attested, Sender};
use mayfly_sequencer::SystemClock;
use mayfly_webhook::{
    Shop,
    events::{self, Events},
};
use node_core::{
    chain::{LayerId, Phase},
    flow::{FlowError, access, attestors, open, phase},
    port::{Clock, Signer},
};
use serde_json::Value;

pub use self::{
    answer::{Account, Answer, Refused, Status},
    ask::Request,
    deployment::Deployment,
};
use self::{
    answer::{L1, field},
    ask::{Action, Change, NewEvent, Wanted, attested, bridged, named, read, rules},
};
use crate::Plan;

/// Shortest life: a schedule is precise to the minute.
const SHORTEST_S: u64 = 60;

/// Longest life: 30 days.
const LONGEST_S: u64 = 30 * 24 * 60 * 60;

/// Most ETH that may be on a layer unless the event says: 1,000 ETH.
const TVL_CAP_WEI: u128 = 1_000 * 1_000_000_000_000_000_000;

/// Opens and ends the layers of a deployment.
pub struct Operator {
    cloud: Cloud,
    registry: Registry,
    functions: Functions,
    schedules: Schedules,
    sender: Arc<Sender>,
    minter: Address,
    events: Events,
    deployment: Deployment,
}

impl core::fmt::Debug for Operator {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Operator").field("deployment", &self.deployment).finish_non_exhaustive()
    }
}

impl Operator {
    /// Makes the function; `sender` is organiser and operator on the L1, `events` reads box offices.
    pub fn new(
        cloud: Cloud,
        deployment: Deployment,
        sender: Sender,
        minter: &dyn Signer,
        events: Events,
    ) -> Self {
        Self {
            events,
            registry: cloud.registry(),
            functions: cloud.functions(),
            schedules: cloud.schedules(&deployment.group),
            cloud,
            sender: Arc::new(sender),
            minter: minter.address(),
            deployment,
        }
    }

    /// Does what is asked, and says where the layer stands then.
    ///
    /// # Errors
    /// [`Refused`] names the field, or what failed. Opening with a `key` can be repeated.
    pub async fn answer(&self, request: Request) -> Result<Answer, Refused> {
        let layer = self.layer_of(&request);
        let status = match (request.tf.map(|terraform| terraform.action), request.action) {
            (Some(Change::Delete), _) => return self.check_gone(named(layer)?).await,
            (Some(Change::Update), _) | (None, Some(Action::Status)) => {
                self.status(named(layer)?).await?
            }
            (None, Some(Action::Account)) => return self.account().await,
            (_, Some(Action::Close)) => self.close(named(layer)?).await?,
            (_, Some(Action::Event)) => self.change_event(named(layer)?, request.wanted).await?,
            (_, Some(Action::Open)) | (Some(Change::Create), _) => {
                let layer = layer.unwrap_or_else(|| LayerId::new(rand::random()));
                self.open(layer, request).await?
            }
            (None, None) => {
                return Err(field("action", "open, status, close, event or account", "nothing"));
            }
        };
        Ok(Answer::Layer(Box::new(status)))
    }

    /// Says who pays on the L1, so that somebody can pay in before the first layer is opened.
    async fn account(&self) -> Result<Answer, Refused> {
        let (node, address) = (self.sender.node(), self.sender.address());
        let balance_wei = node.balance_of(address).await?;
        Ok(Answer::Account(Account { l1_chain_id: node.chain_id(), address, balance_wei }))
    }

    /// A key is a layer for ever, an ended one too, so that nobody of an earlier life can write into a later one.
    fn layer_of(&self, request: &Request) -> Option<LayerId> {
        let of_key = |key: &String| {
            let hash = keccak256(format!("{}/{key}", self.cloud.settings().table));
            LayerId::new(*hash.first_chunk().expect("32 bytes hold 16"))
        };
        request.layer.or_else(|| request.key.as_ref().map(of_key))
    }

    async fn open(&self, layer: LayerId, request: Request) -> Result<Status, Refused> {
        if let Some((_, known)) = self.registry.load(layer).await? {
            return self.show(known).await;
        }
        let (since, spent_before) = (Instant::now(), self.sender.spent());
        let now_s = SystemClock.now_ms() / 1000;
        let mut wanted: Wanted = read(request.wanted)?;
        let event = wanted.event.take();
        let rules = wanted.access.take().map(rules).transpose()?;
        if rules.as_ref().is_some_and(|rules| rules.targets.is_some()) && wanted.base_fee_wei > 0 {
            let got = format!("base_fee_wei {}", wanted.base_fee_wei);
            return Err(field("access.targets", "a layer that is free to use", &got));
        }
        let attested = attested(&wanted.attestors, wanted.quorum)?;
        let plan = self.plan(wanted, attested.as_ref(), now_s)?;
        if let Some(event) = &event {
            self.events.read(event).await?;
        }
        let stores = self.cloud.stores(layer);
        let config = match open::config(&*stores.registers).await {
            // By an invocation that died, wherever.
            Ok(config) => {
                crate::finish(&stores, &config).await?;
                config
            }
            Err(FlowError::NoLayer) => {
                let factory = self.deployment.factory;
                Box::pin(crate::open(&stores, &self.sender, factory, layer, plan)).await?
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(attested) = &attested {
            let urls: Vec<_> = attested.urls().map(str::to_owned).collect();
            attestors::keep(&*stores.registers, &urls).await?;
        }
        if let Some(rules) = &rules {
            access::keep(&*stores.registers, rules).await?;
        }
        if let Some(event) = &event {
            events::keep(&*stores.registers, event).await?;
        }
        let ends_at_s = config.ends_at_s;
        // The end first: what is in the registry will end.
        self.schedules.at(layer, ends_at_s, &self.deployment.target).await?;
        let entry = Entry {
            layer,
            name: config.name,
            chain_id: config.chain_id,
            opened_at_s: config.opened_at_s,
            ends_at_s,
            l1_chain_id: config.l1.chain_id,
            l1_layer: config.l1.layer,
            ended_at_s: None,
            used: None,
            swept: false,
            ending_until_ms: 0,
        };
        self.registry.store(None, &entry).await?;
        let spent = self.sender.spent().since(&spent_before);
        let used = Usage {
            schedules: 1,
            l1_transactions: spent.transactions,
            l1_gas: spent.gas,
            l1_fee_wei: spent.fee_wei,
            ..Usage::default()
        };
        self.cloud.meters().of(layer).add(used);
        self.cloud.meters().count(&[layer], since);
        self.cloud.meters().write(When::Now).await;
        tracing::info!(%layer, name = entry.name, "opened");
        self.show(entry).await
    }

    fn plan(
        &self,
        wanted: Wanted,
        attested: Option<&Attested>,
        now_s: u64,
    ) -> Result<Plan, Refused> {
        let lives = SHORTEST_S..=LONGEST_S;
        if !lives.contains(&wanted.ends_in_s) {
            let expected = format!("seconds from {SHORTEST_S} to {LONGEST_S}");
            return Err(field("ends_in_s", &expected, &wanted.ends_in_s.to_string()));
        }
        let tvl_cap_wei = match wanted.tvl_cap_wei {
            None => TVL_CAP_WEI,
            Some(text) => text
                .parse()
                .map_err(|_| field("tvl_cap_wei", "text with a number of wei", &text))?,
        };
        Ok(Plan {
            name: wanted.name,
            chain_id: wanted.chain_id,
            opened_at_s: now_s,
            ends_at_s: now_s + wanted.ends_in_s,
            base_fee_wei: wanted.base_fee_wei,
            minter: self.minter,
            // Nobody signs soft receipts in a function so far.
            sequencer: Address::ZERO,
            posting: wanted.posting,
            ticket: wanted.ticket,
            finality: wanted.finality,
            tvl_cap_wei,
            bridged: bridged(&wanted.bridge)?,
            bulk_from: wanted.bulk_from,
            assurance: attested.map_or(Assurance::Operator, Attested::assurance),
            window_s: wanted.window_s,
        })
    }

    /// Gives a layer another box office. Functions that are awake have the one before for another minute.
    async fn change_event(&self, layer: LayerId, wanted: Value) -> Result<Status, Refused> {
        let NewEvent { event } = read(wanted)?;
        let status = self.status(layer).await?;
        if !status.phase.accepts() {
            let got = status.phase.to_string();
            return Err(field("layer", "one that takes transactions", &got));
        }
        self.events.read(&event).await?;
        events::keep(&*self.cloud.stores(layer).registers, &event).await?;
        self.status(layer).await
    }

    async fn close(&self, layer: LayerId) -> Result<Status, Refused> {
        let status = self.status(layer).await?;
        if status.phase != Phase::Erased {
            self.functions.invoke(&self.deployment.teardown, layer).await?;
        }
        Ok(status)
    }

    /// A layer that was never opened, or was forgotten long after its end, holds up no `terraform destroy`.
    async fn check_gone(&self, layer: LayerId) -> Result<Answer, Refused> {
        match self.status(layer).await {
            Err(Refused::Unknown(_)) => Ok(Answer::Nothing),
            Ok(status) if status.phase != Phase::Erased => {
                Err(Refused::Alive { layer, ends_at_s: status.ends_at_s })
            }
            other => other.map(|status| Answer::Layer(Box::new(status))),
        }
    }

    async fn status(&self, layer: LayerId) -> Result<Status, Refused> {
        let known = self.registry.load(layer).await?;
        self.show(known.ok_or(Refused::Unknown(layer))?.1).await
    }

    async fn show(&self, entry: Entry) -> Result<Status, Refused> {
        let cost = entry.bill();
        let Entry { layer, name, chain_id, ends_at_s, ended_at_s, .. } = entry;
        let registers = self.cloud.stores(layer).registers;
        let phase = match phase::current(&*registers).await {
            Err(FlowError::NoLayer) => Phase::Erased,
            // It is being erased.
            Ok(Phase::Erased) if ended_at_s.is_none() => Phase::Published,
            other => other?,
        };
        let rpc_url = format!("{}/{layer}", self.deployment.public_url);
        let event = self.events.outline_of(&*registers).await?;
        let shops = event.as_ref().map(|event| event.shops.iter().map(Shop::name).collect());
        let shops: Vec<_> = shops.unwrap_or_else(|| vec!["stripe"]);
        let url = |shop: &str| format!("{rpc_url}/webhooks/{shop}");
        let webhook_urls: Vec<_> = shops.into_iter().map(url).collect();
        let webhook_url = webhook_urls.first().cloned().unwrap_or_default();
        let l1 = L1 { chain_id: entry.l1_chain_id, layer: entry.l1_layer };
        Ok(Status {
            layer,
            name,
            phase,
            rpc_url,
            webhook_url,
            webhook_urls,
            chain_id,
            ends_at_s,
            ended_at_s,
            l1,
            cost,
        })
    }
}
