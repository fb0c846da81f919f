//! The function on AWS Lambda: walks layers to their end. What has to wait for the L1 is gone on with by the next
//! invocation, which the schedule of the bridge asks for; nothing sleeps through a challenge window.

mod claim;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use mayfly_aws::{COST_MICRO_USD, Cloud, Entry, News, Registry, Schedules, When};
use mayfly_cost::Usage;
use mayfly_l1::{HttpL1, Sender, Spent};
use mayfly_sequencer::{SystemClock, Writer};
use node_core::{
    chain::LayerId,
    codec::record::Record,
    flow::{
        FlowError, attestors,
        sequence::Context,
        teardown::{Progress, Teardown, bundle::Bundle, erase},
    },
    port::{Clock, L1, PortError, Put, Signer, Stores, Version},
};
use serde::Deserialize;
use tracing::Instrument;

use self::claim::Claim;

/// How long something outside is waited for before that is left to the next invocation.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// No step is begun when less than this is left of the function's time.
const STEP: Duration = Duration::from_secs(120);

/// What the schedule says.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct End {
    /// The layer to end.
    pub layer: LayerId,
}

/// Ends the layers of a deployment.
pub struct Ends {
    cloud: Cloud,
    registry: Registry,
    schedules: Schedules,
    news: News,
    sender: Arc<Sender>,
    minter: Arc<dyn Signer>,
}

impl core::fmt::Debug for Ends {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ends").field("operator", &self.sender.address()).finish_non_exhaustive()
    }
}

impl Ends {
    /// Makes the function; `sender` is the operator, `group` the one of the schedules, `rpc` the name of the function
    /// that tells subscribers.
    pub fn new(
        cloud: Cloud,
        (group, rpc): (&str, &str),
        sender: Sender,
        minter: Arc<dyn Signer>,
    ) -> Self {
        Self {
            news: cloud.news(rpc),
            registry: cloud.registry(),
            schedules: cloud.schedules(group),
            cloud,
            sender: Arc::new(sender),
            minter,
        }
    }

    /// Goes as far as it can before `deadline`. One invocation at a time works on a layer; the others return.
    ///
    /// # Errors
    /// What did not pass by itself; the next invocation tries again.
    pub async fn answer(&self, end: End, deadline: SystemTime) -> Result<(), FlowError> {
        let Some((version, entry)) = self.registry.load(end.layer).await? else { return Ok(()) };
        if entry.is_sweep_due(SystemClock.now_ms() / 1000) {
            return self.sweep(version, entry).await;
        }
        let Some(mut claim) = Claim::take(&self.registry, version, entry).await? else {
            return Ok(());
        };
        let since = Instant::now();
        let spent_before = self.sender.spent();
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let until = since + left.saturating_sub(STEP);
        let span = tracing::info_span!("layer", layer = %end.layer);
        let walked = Box::pin(self.walk(&mut claim, until)).instrument(span).await;
        self.count(end.layer, since, &spent_before);
        match walked {
            Ok(Walked::Erased) => self.conclude(claim).await,
            Ok(Walked::Later) => {
                self.cloud.meters().write(When::Now).await;
                Ok(claim.give_back().await?)
            }
            // It took too long between two steps, and another invocation goes on.
            Err(FlowError::Port(PortError::Conflict { .. })) if claim.is_lost() => Ok(()),
            Err(error) => {
                claim.give_back().await?;
                Err(error)
            }
        }
    }

    async fn walk(&self, claim: &mut Claim<'_>, until: Instant) -> Result<Walked, FlowError> {
        let layer = claim.layer();
        let stores = self.cloud.stores(layer);
        let teardown = match self.teardown(stores.clone()).await {
            // Erased, by an invocation that died before it said so.
            Err(FlowError::NoLayer) => {
                erase(&stores, layer).await?;
                return Ok(Walked::Erased);
            }
            other => other?,
        };
        let mut waiting_since = None;
        let mut is_kept = false;
        while Instant::now() < until {
            claim.renew().await?;
            let step = match is_kept {
                true => teardown.erase().await?,
                false => teardown.advance(SystemClock.now_ms()).await?,
            };
            match step {
                Progress::Moved(phase) => {
                    tracing::info!(%layer, %phase, "the end goes on");
                    // Of the last blocks, which the end wrote.
                    self.news.ring(layer, SystemClock.now_ms()).await;
                    waiting_since = None;
                }
                Progress::Disposable => {
                    if let Some(bundle) = teardown.bundle().await? {
                        keep(&bundle, &stores, layer).await?;
                        claim.keep(self.cloud.meters().sum_of_others(layer).await?).await?;
                    }
                    is_kept = true;
                }
                Progress::Erased => return Ok(Walked::Erased),
                Progress::Waiting(wait) => {
                    if waiting_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                        tracing::info!(%layer, %wait, "the end waits");
                        break;
                    }
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
        Ok(Walked::Later)
    }

    async fn teardown(&self, stores: Stores) -> Result<Teardown, FlowError> {
        let context = Context::load(stores, Some(Arc::clone(&self.minter))).await?;
        let l1 = HttpL1::connect(self.sender.node().clone(), context.config.l1.clone()).await?;
        let asked = attestors::kept(&*context.stores.registers).await?;
        let l1 = l1.with_attestors(asked.iter().map(String::as_str))?;
        let codes = mayfly_operator::known_codes(context.config.chain_id);
        let codes = codes.map_err(|error| PortError::Corrupt {
            name: "contracts of block 0".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Teardown {
            context,
            l1: Arc::new(l1.with_sender(Arc::clone(&self.sender))) as Arc<dyn L1>,
            holder: Writer::name(),
            known_codes: codes.into(),
        })
    }

    /// Says that the layer has ended and what it cost, and forgets its schedule.
    async fn conclude(&self, claim: Claim<'_>) -> Result<(), FlowError> {
        let layer = claim.layer();
        self.schedules.forget(layer).await?;
        let used = self.cloud.meters().of(layer).used();
        let Some(ended) = claim.conclude(SystemClock.now_ms() / 1000, used).await? else {
            return Ok(());
        };
        if let Some(bill) = ended.bill() {
            let micro_usd = u64::try_from(bill.total_pico_usd() / 1_000_000).unwrap_or(u64::MAX);
            self.cloud.metrics().add(COST_MICRO_USD, micro_usd);
            tracing::info!(%layer, usd = bill.total_usd, "what the layer cost");
        }
        self.cloud.metrics().write(When::Now);
        tracing::info!(%layer, "nothing of the layer is stored any more");
        Ok(())
    }

    fn count(&self, layer: LayerId, since: Instant, spent_before: &Spent) {
        let spent = self.sender.spent().since(spent_before);
        self.cloud.meters().of(layer).add(Usage {
            l1_transactions: spent.transactions,
            l1_gas: spent.gas,
            l1_fee_wei: spent.fee_wei,
            ..Usage::default()
        });
        self.cloud.meters().count(&[layer], since);
    }

    /// Erases what a function wrote that slept through the end: its slot was free again.
    async fn sweep(&self, version: Version, entry: Entry) -> Result<(), FlowError> {
        erase(&self.cloud.stores(entry.layer), entry.layer).await?;
        let entry = Entry { swept: true, ..entry };
        Ok(self.registry.store(Some(version), &entry).await?)
    }
}

/// How far an invocation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walked {
    /// Nothing of the layer is stored any more.
    Erased,
    /// There is more to do.
    Later,
}

/// Keeps what auditors need where it outlives the layer.
async fn keep(bundle: &Bundle, stores: &Stores, layer: LayerId) -> Result<(), FlowError> {
    let frame = bundle.to_frame();
    stores.objects.put(&format!("bundles/{layer}.mayfly"), frame.into(), Put::Overwrite).await?;
    Ok(())
}
