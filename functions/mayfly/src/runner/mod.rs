//! The one-process runner: the same handlers that run as functions in the cloud, on embedded stores.
//!
//! ```text
//!  wallet, shop ──HTTP──▶ server ── rpc, webhook, operator
//!                            │ append            ▲ committed blocks
//!                            ▼                   │
//!                    stores on disk ◀── writer ──┘        bridge ◀── L1 ──▶ end
//! ```

mod archive;
mod chain;
mod courier;
mod dev;
mod end;
mod http;
mod l1;
mod place;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use alloy::primitives::{Address, Bytes};
use mayfly_bridge::{Bridge, Poster};
use mayfly_disk::Disk;
use mayfly_l1::{Assurance, Attested, Bridged, HttpL1, Sender, check_attested};
use mayfly_operator::Plan;
use mayfly_rpc::Threads;
use mayfly_sequencer::{Blocking, SystemClock};
use mayfly_webhook::{Event, Shop, WebhookState, provider::STRIPE};
use node_core::{
    chain::{LayerConfig, LayerId, Posting},
    flow::{
        Caches, mint, open, phase,
        sequence::{Context, Pipeline},
        submit::Intake,
    },
    port::{Clock, L1, Signer, Stores},
    rpc::{Access, AccessRules, Tags},
};
use tokio::task::JoinHandle;

pub(crate) use archive::{Exported, serve as serve_archive};
pub(crate) use chain::Chain;
pub(crate) use dev::{PRICE as TICKET_PRICE, deploy_ticket};
pub(crate) use end::{Outcome, read_bundle};
pub(crate) use l1::{External, L1Side};
pub(crate) use place::{Answers, Place};

use crate::{failure::Failure, keys::Keys};

/// Most ETH on a layer that this runner opens: the ten development accounts with all they have.
const TVL_CAP_WEI: u128 = 100_000 * 1_000_000_000_000_000_000;

/// What to run.
pub(crate) struct Options {
    /// Where everything is kept.
    pub(crate) place: Place,
    /// Name of the event.
    pub(crate) name: String,
    /// Port of the layer; 0 for any.
    pub(crate) port: u16,
    /// Port of the development L1; 0 for any.
    pub(crate) l1_port: u16,
    /// EIP-155 chain id.
    pub(crate) chain_id: u64,
    /// Life of a new layer.
    pub(crate) ends_in: Duration,
    /// Wei per gas.
    pub(crate) base_fee_wei: u64,
    /// Where the inputs of blocks are posted.
    pub(crate) posting: Posting,
    /// How long a block waits for company before it is posted.
    pub(crate) post_after: Duration,
    /// Contract that webhooks mint from.
    pub(crate) ticket: Option<Address>,
    /// Stripe's signing secret.
    pub(crate) stripe_secret: Option<String>,
    /// The box office; Stripe's alone when missing.
    pub(crate) event: Option<Event>,
    /// Signs soft receipts and blocks; a key of the layer's own when missing.
    pub(crate) sequencer: Option<Arc<dyn Signer>>,
    /// An L1 somewhere else; the development L1 when missing.
    pub(crate) l1: Option<External>,
    /// Tokens of the L1 that may be deposited.
    pub(crate) bridged: Vec<Bridged>,
    /// From how many tokens on a collection exits to a bulk twin.
    pub(crate) bulk_from: Option<u64>,
    /// Who must sign the settlement; the operator alone when missing.
    pub(crate) attested: Option<Attested>,
    /// How long nobody can claim after the settlement.
    pub(crate) window: Duration,
    /// Factory on the L1.
    pub(crate) factory: Option<Address>,
    /// Who may ask the layer for what.
    pub(crate) access: AccessRules,
    /// Most MiB of memory that the caches of the layer take together.
    pub(crate) cache_mib: u32,
    /// Fund the development accounts and deploy the sample ticket contract, on a new layer.
    pub(crate) development: bool,
}

/// A layer that is served.
#[derive(Debug)]
pub(crate) struct Runner {
    /// Where everything is kept.
    pub(crate) place: Place,
    /// The layer.
    pub(crate) layer: Chain,
    /// Its L1.
    pub(crate) l1: L1Side,
    /// The L1 as the layer sees it, with the operator's key.
    pub(crate) binding: Arc<HttpL1>,
    /// Pays for the layer's transactions on the L1.
    pub(crate) operator: Arc<Sender>,
    /// Secrets.
    pub(crate) keys: Keys,
    /// Codes of the standard genesis, which batches leave out.
    pub(crate) known_codes: Arc<[Bytes]>,
    /// RPC URL of the layer.
    pub(crate) url: String,
    /// Whether the layer was opened just now.
    pub(crate) is_new: bool,
    closing: Arc<tokio::sync::Notify>,
    server: JoinHandle<()>,
    bridge: JoinHandle<()>,
    courier: JoinHandle<()>,
    event: Arc<Event>,
    is_only_stripe: bool,
    _disk: Disk,
}

impl Runner {
    /// Opens the layer in the directory, or a new one, and serves it.
    pub(crate) async fn start(options: Options) -> Result<Self, Failure> {
        let place = options.place.clone();
        place.make()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Keys::open(place.dir(), options.stripe_secret.clone())?;
        let event = Arc::new(event(options.event.clone(), &keys.stripe_secret)?);
        let l1 = L1Side::start(&place, options.l1.clone(), options.l1_port, &clock).await?;
        let operator = l1.operator();
        let (ledger_bytes, caches) = caches(options.cache_mib);
        let disk = Disk::open_with_cache(&place.layer_dir(), ledger_bytes)?;
        let minter: Arc<dyn Signer> = Arc::new(keys.minter()?);
        let sequencer = match options.sequencer.clone() {
            Some(signer) => Some(signer),
            None => keys.sequencer()?.map(|key| Arc::new(key) as Arc<dyn Signer>),
        };
        let signs = sequencer.as_ref().map_or(Address::ZERO, |key| key.address());
        let signers = (minter.address(), signs);
        let (stores, config, is_new) =
            open_layer(&options, &disk, &operator, &l1, signers, &*clock).await?;
        check_sequencer(config.sequencer, signs)?;
        if let Some(ticket) = options.ticket {
            mint::set_ticket(&stores, ticket).await?;
        }
        let binding = HttpL1::connect(l1.node().clone(), config.l1.clone()).await?;
        check_attested(&binding.config().quorum, options.attested.as_ref())
            .map_err(|error| Failure::attested(&error))?;
        let urls = options.attested.iter().flat_map(Attested::urls);
        let binding = binding.with_sender(Arc::clone(&operator)).with_attestors(urls)?;
        let binding = Arc::new(binding);
        let mut context = Context::load(stores.clone(), Some(minter)).await?;
        context.pipeline = Pipeline::on(Arc::new(Blocking));
        context.caches = caches;
        let threads = Threads::start().map_err(|error| Failure::remote("threads", error))?;
        let intake = Intake::new(Arc::new(threads));
        let tags = Tags::layer();
        let asked = (Access::new(options.access.clone()), sequencer);
        let layer = Chain::start(context, Arc::clone(&clock), tags, intake, asked).await?;
        let known_codes: Arc<[Bytes]> = mayfly_operator::known_codes(config.chain_id)
            .map_err(|error| Failure::remote("contracts of block 0", error))?
            .into();
        let bridge = Bridge {
            stores: stores.clone(),
            config: Arc::new(config.clone()),
            l1: Arc::clone(&binding) as Arc<dyn L1>,
            doorbell: Arc::new(layer.bell.clone()),
            clock: Arc::clone(&clock),
            every: l1.poll_every(),
        };
        let stop = layer.stop.subscribe();
        let poster = Poster {
            stores: stores.clone(),
            config: Arc::new(config.clone()),
            replica: Arc::clone(&layer.replica),
            l1: Arc::clone(&binding) as Arc<dyn L1>,
            tags: Arc::clone(&layer.node.tags),
            clock: Arc::clone(&clock),
            known_codes: Arc::clone(&known_codes),
            every: l1.poll_every(),
            wait: options.post_after,
        };
        let stop_poster = layer.stop.subscribe();
        let bridge = tokio::spawn(async move {
            tokio::join!(bridge.run(stop), poster.run(stop_poster));
        });

        let closing = Arc::new(tokio::sync::Notify::new());
        let webhook = WebhookState {
            stores,
            config: Arc::new(config),
            doorbell: Arc::new(layer.bell.clone()),
            clock,
            event: Arc::clone(&event),
            names: Some(Arc::new(l1.node().clone())),
        };
        let courier = courier::start(&webhook, &layer)?;
        let routes = mayfly_rpc::router(Arc::clone(&layer.node))
            .merge(mayfly_webhook::router(webhook))
            .merge(http::operator(&layer, &keys, Arc::clone(&closing)));
        let listener = http::bind(options.port, "--port").await?;
        let url =
            http::url(listener.local_addr().map_err(|error| Failure::remote("server", error))?);
        let server = http::serve(listener, routes, layer.stop.subscribe());
        let runner = Self {
            place,
            layer,
            l1,
            binding,
            operator,
            keys,
            known_codes,
            url,
            is_new,
            closing,
            server,
            bridge,
            courier,
            event,
            is_only_stripe: options.event.is_none(),
            _disk: disk,
        };
        runner.announce()?;
        if options.development && is_new {
            dev::equip(&runner, options.ticket).await?;
        }
        Ok(runner)
    }

    /// The configuration of the layer.
    pub(crate) fn config(&self) -> &LayerConfig {
        &self.layer.context.config
    }

    /// URL that the first shop posts to.
    pub(crate) fn webhook_url(&self) -> String {
        self.webhook_urls().into_iter().next().unwrap_or_default()
    }

    /// URLs that the shops post to.
    pub(crate) fn webhook_urls(&self) -> Vec<String> {
        let url = |shop: &Shop| format!("{}/webhooks/{}", self.url, shop.name());
        self.event.shops.iter().map(url).collect()
    }

    /// Whether the only shop is the one that a layer has without a configuration.
    pub(crate) const fn is_only_stripe(&self) -> bool {
        self.is_only_stripe
    }

    /// Returns when somebody asked for the end.
    pub(crate) async fn asked_to_close(&self) {
        self.closing.notified().await;
    }

    /// Returns at the layer's end time, or at once when the end has begun already.
    pub(crate) async fn end_time(&self) {
        let phase = phase::current(&*self.layer.context.stores.registers).await;
        if phase.is_ok_and(|phase| !phase.accepts()) {
            return;
        }
        let now_ms = SystemClock.now_ms();
        let left_ms = (self.config().ends_at_s * 1000).saturating_sub(now_ms);
        tokio::time::sleep(Duration::from_millis(left_ms)).await;
    }

    /// Stops serving; everything that was acknowledged is on disk.
    pub(crate) async fn stop(self) {
        self.place.withdraw();
        self.layer.stop().await;
        let _ = self.bridge.await;
        let _ = self.courier.await;
        let _ = self.server.await;
        self.l1.stop().await;
    }

    /// Tells the other commands where this layer answers.
    fn announce(&self) -> Result<(), Failure> {
        self.place.announce(&Answers {
            url: self.url.clone(),
            l1_url: self.l1.url().to_owned(),
            l1_layer: self.config().l1.layer,
            operator_token: self.keys.operator_token.clone(),
        })
    }
}

/// How many bytes the ledger keeps in memory, two ninths of all; and what the rest is for.
fn caches(mib: u32) -> (usize, Caches) {
    let share = usize::try_from(mib).unwrap_or(usize::MAX).saturating_mul(1 << 20) / 9;
    (2 * share, Caches::of(7 * share))
}

/// The box office that was configured, or Stripe's.
fn event(configured: Option<Event>, stripe_secret: &str) -> Result<Event, Failure> {
    if let Some(event) = configured {
        return Ok(event);
    }
    let stripe = Shop::new(&STRIPE, &[stripe_secret]).map_err(|error| Failure::Option {
        option: "--stripe-secret",
        reason: error.to_string(),
    })?;
    Ok(Event::of([stripe]))
}

/// Returns the stores and configuration of the layer in the directory, opening a new one if there is none.
async fn open_layer(
    options: &Options,
    disk: &Disk,
    operator: &Sender,
    l1: &L1Side,
    (minter, sequencer): (Address, Address),
    clock: &dyn Clock,
) -> Result<(Stores, LayerConfig, bool), Failure> {
    let place = &options.place;
    if let Some(layer) = place.layer()? {
        let stores = disk.stores(layer);
        end::go_on_erasing(place, &stores, layer).await?;
        let config = open::config(&*stores.registers).await?;
        return Ok((stores, config, false));
    }
    let account = operator.address();
    if operator.node().balance_of(account).await?.is_zero() {
        let reason = format!("expected a key whose account has ETH on this L1, {account} has none");
        return Err(Failure::Option { option: "--l1-key", reason });
    }
    let now_s = clock.now_ms() / 1000;
    let plan = Plan {
        name: options.name.clone(),
        chain_id: options.chain_id,
        opened_at_s: now_s,
        ends_at_s: now_s + options.ends_in.as_secs(),
        base_fee_wei: options.base_fee_wei,
        minter,
        sequencer,
        posting: options.posting,
        ticket: options.ticket,
        finality: l1.finality(),
        tvl_cap_wei: TVL_CAP_WEI,
        bridged: options.bridged.clone(),
        bulk_from: options.bulk_from,
        assurance: options.attested.as_ref().map_or(Assurance::Operator, Attested::assurance),
        window_s: window_s(options.window)?,
    };
    let layer = LayerId::new(rand::random());
    let stores = disk.stores(layer);
    let config = mayfly_operator::open(&stores, operator, options.factory, layer, plan)
        .await
        .map_err(|error| Failure::remote("open the layer", error))?;
    place.remember(layer)?;
    Ok((stores, config, true))
}

fn window_s(window: Duration) -> Result<u32, Failure> {
    u32::try_from(window.as_secs()).map_err(|_| Failure::Option {
        option: "--window",
        reason: format!("expected at most 30 days, got {}", humantime::format_duration(window)),
    })
}

/// The L1 knows the address of the key that signs; with another one every signature would be worth nothing.
fn check_sequencer(expected: Address, got: Address) -> Result<(), Failure> {
    if expected.is_zero() || expected == got {
        return Ok(());
    }
    let reason = format!(
        "expected the key of {expected}, which the layer was opened with, got that of {got}"
    );
    Err(Failure::Option { option: "--sequencer-key", reason })
}

/// How a loopback server is called from this machine.
fn loopback(address: SocketAddr) -> String {
    format!("http://127.0.0.1:{}", address.port())
}
