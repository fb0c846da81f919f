//! A whole event, on one machine, in one go.
//!
//! Everything goes the way that strangers would take: buyers and the shop speak HTTP, the L1 is reached
//! by its RPC, exits are read from the L1 after the layer is gone.

mod check;
mod crowd;
mod shop;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, U256, utils::parse_ether};
use mayfly_cost::{Bill, Prices, Usage, estimate};
use mayfly_l1::{LocalKey, PrivateKeySigner, Sender, deposit_eth, devnet};
use node_core::{
    chain::{Finality, Posting},
    flow::{mint, teardown::exits::Exits},
    rpc::AccessRules,
    state::WorldState,
};
use serde::Serialize;

use super::{
    claim::{pay, push},
    verify,
};
use crate::{
    cli::{CACHE_MIB, Demo},
    client::Client,
    exits,
    failure::Failure,
    runner::{External, Options, Outcome, Place, Runner, deploy_ticket, read_bundle},
    ui::{Facts, Steps},
};

/// Exits that are claimed one by one; the rest is pushed in ranges.
const SINGLE_CLAIMS: usize = 50;

/// What the organiser brings from the L1: ETH.
const DEPOSIT: &str = "2000";

/// Time that everything before the end may take, without the buyers.
const OPEN_FOR: Duration = Duration::from_secs(12);

/// What a demo came to; the object that `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    transactions: u64,
    blocks: u64,
    state_root: B256,
    settle_tx: B256,
    exits: usize,
    claimed: usize,
    webhook_deliveries: usize,
    webhook_mints: usize,
    items_left: u64,
    objects_left: u64,
    seconds: f64,
    /// What it would have cost on AWS, and what it did cost on the L1.
    cost: Bill,
}

/// Runs the event.
pub(crate) async fn run(options: Demo, json: bool) -> Result<(), Failure> {
    let started = Instant::now();
    let dir = tempfile::tempdir().map_err(|error| Failure::file(std::env::temp_dir(), error))?;
    let steps = Steps::new(json);
    let runner = open(&options, Place::new(dir.path()), &steps).await?;
    let event = Event { runner: &runner, steps: &steps, organiser: organiser() };
    let client = Client::connect(&runner.url)?;

    event.deposit(&client).await?;
    let ticket = event.deploy(&client).await?;
    let buyers = crowd::keys(options.buyers);
    event.sell(&client, ticket, &buyers).await?;
    let sales = event.shop(&client, options.deliveries).await?;
    event.take_proceeds(&client, ticket).await?;

    let outcome = event.end().await?;
    let exits = event.read_exits(&outcome).await?;
    let before = check::balances(&runner, &exits).await?;
    let claimed = event.claim_all(&outcome, &exits).await?;
    let bundle = read_bundle(&runner.place.bundle())?;
    // The stores are empty by now: the last state is the one to which all blocks lead again.
    let audit = verify::audit(&bundle, &steps)?;
    event.check(&outcome, &exits, &before, audit.world()).await?;
    let audited = audit.finish();
    verify::same("state root by re-execution", outcome.state_root, audited.state_root)?;
    if let Some(path) = &options.bundle {
        std::fs::copy(runner.place.bundle(), path).map_err(|error| Failure::file(path, error))?;
    }
    let cost = bill(&runner, outcome.transactions);
    runner.stop().await;

    let report = Report {
        transactions: outcome.transactions,
        blocks: outcome.blocks,
        state_root: outcome.state_root,
        settle_tx: outcome.settle_transaction,
        exits: exits.leaves().len(),
        claimed,
        webhook_deliveries: sales.deliveries,
        webhook_mints: sales.mints,
        items_left: outcome.items_left,
        objects_left: outcome.objects_left,
        seconds: (started.elapsed().as_secs_f64() * 10.0).round() / 10.0,
        cost,
    };
    print(&report, json);
    Ok(())
}

/// What as many transactions cost on AWS within an hour, as `mayfly estimate` says it, and what the organiser has paid
/// on the L1.
fn bill(runner: &Runner, transactions: u64) -> Bill {
    let hour = mayfly_cost::Event { tickets: transactions, hours: 1, gas_price_wei: 0 };
    let spent = runner.operator.spent();
    let used = Usage {
        l1_transactions: spent.transactions,
        l1_gas: spent.gas,
        l1_fee_wei: spent.fee_wei,
        ..estimate(&hour)
    };
    Bill::new(&used, 3_600, &Prices::known())
}

/// The event with everybody who takes part in it.
struct Event<'a> {
    runner: &'a Runner,
    steps: &'a Steps,
    organiser: PrivateKeySigner,
}

fn organiser() -> PrivateKeySigner {
    devnet::accounts().swap_remove(0)
}

async fn open(options: &Demo, place: Place, steps: &Steps) -> Result<Runner, Failure> {
    let step = steps.start("open a flash layer on an L1", 0);
    let external = options.l1.as_ref().map(|url| External {
        url: url.clone(),
        signer: Arc::new(LocalKey::from(organiser())),
        finality: Finality::Depth(0),
    });
    let runner = Runner::start(Options {
        place,
        name: "Mayfly demo".to_owned(),
        port: 0,
        l1_port: 0,
        chain_id: 265_669,
        // 250 buyers a second is far below what the layer takes on two cores, in a debug build too.
        ends_in: OPEN_FOR + Duration::from_secs(u64::from(options.buyers.div_ceil(250))),
        base_fee_wei: 0,
        posting: Posting::Leaves,
        post_after: Duration::ZERO,
        ticket: None,
        stripe_secret: None,
        event: None,
        sequencer: None,
        l1: external,
        bridged: Vec::new(),
        bulk_from: None,
        attested: None,
        window: Duration::ZERO,
        factory: None,
        access: AccessRules::default(),
        cache_mib: CACHE_MIB,
        development: false,
    })
    .await?;
    step.done(&format!("contract {} on the L1", runner.config().l1.layer));
    Ok(runner)
}

impl Event<'_> {
    async fn deposit(&self, client: &Client) -> Result<(), Failure> {
        let step = self.steps.start("deposit ETH from the L1", 0);
        let sender = &self.runner.operator;
        let wei = parse_ether(DEPOSIT).expect("a number");
        let layer = self.runner.config().l1.layer;
        deposit_eth(sender, layer, sender.address(), wei).await?;
        client.wait_for_deposit(sender.address()).await?;
        step.done(&format!("{DEPOSIT} ETH for the organiser"));
        Ok(())
    }

    async fn deploy(&self, client: &Client) -> Result<Address, Failure> {
        let step = self.steps.start("deploy a plain ERC-721", 0);
        let ticket = deploy_ticket(self.runner, client, "Mayfly demo ticket", "DEMO").await?;
        mint::set_ticket(&self.runner.layer.context.stores, ticket).await?;
        step.done(&format!("OpenZeppelin, at {ticket}"));
        Ok(ticket)
    }

    async fn sell(
        &self,
        client: &Client,
        ticket: Address,
        buyers: &[PrivateKeySigner],
    ) -> Result<(), Failure> {
        crowd::fund(client, &self.organiser, buyers, self.steps).await?;
        let step = self.steps.start("buyers sign and mint", buyers.len());
        let started = Instant::now();
        let chain_id = self.runner.config().chain_id;
        crowd::buy(client, chain_id, ticket, buyers, &step).await?;
        let seconds = started.elapsed().as_secs_f64();
        let rate = f64::from(u32::try_from(buyers.len()).unwrap_or(u32::MAX)) / seconds;
        step.done(&format!("{} tickets sold, {rate:.0} a second", buyers.len()));
        Ok(())
    }

    async fn shop(&self, client: &Client, deliveries: u32) -> Result<shop::Sales, Failure> {
        let length = usize::try_from(deliveries).unwrap_or(usize::MAX);
        let step = self.steps.start("a shop's webhooks mint", length);
        let sales = shop::deliver(self.runner, client, deliveries, &step).await?;
        step.done(&format!("{} deliveries, {} paid items", sales.deliveries, sales.mints));
        Ok(sales)
    }

    async fn take_proceeds(&self, client: &Client, ticket: Address) -> Result<(), Failure> {
        let step = self.steps.start("the organiser takes the proceeds", 0);
        crowd::withdraw(client, &self.organiser, ticket).await?;
        step.done("into the organiser's account");
        Ok(())
    }

    async fn end(&self) -> Result<Outcome, Failure> {
        let step = self.steps.start("wait for the end time", 0);
        self.runner.end_time().await;
        step.done("the layer takes nothing more");
        let step = self.steps.start("seal, settle, publish, erase", 0);
        let outcome = self.runner.end(|news| step.note(news)).await?;
        step.done(&format!("state root {}", outcome.state_root));
        Ok(outcome)
    }

    async fn read_exits(&self, outcome: &Outcome) -> Result<Exits, Failure> {
        let step = self.steps.start("read the exits from the L1", 0);
        let l1 = Client::connect(self.runner.l1.url())?;
        let exits = exits::published(&l1, outcome.l1_layer, outcome.l1_opened_in_block).await?;
        step.done(&format!("{} exits in its calldata", exits.leaves().len()));
        Ok(exits)
    }

    async fn claim_all(&self, outcome: &Outcome, exits: &Exits) -> Result<usize, Failure> {
        let step = self.steps.start("claim on the L1", exits.leaves().len());
        // Anybody may send claims; here it is another account than the organiser's.
        let key = devnet::accounts().swap_remove(9);
        let sender = Sender::new(self.runner.l1.node().clone(), key);
        let layer = outcome.l1_layer;
        let stride = (exits.leaves().len() / SINGLE_CLAIMS).max(1);
        for leaf in exits.leaves().iter().step_by(stride).take(SINGLE_CLAIMS) {
            pay(&sender, layer, exits, leaf).await?;
            step.tick();
        }
        push(&sender, layer, exits, |count| step.advance(count)).await?;
        let claimed = super::claim::claimed(self.runner.l1.node(), layer, exits).await?;
        step.done(&format!("{SINGLE_CLAIMS} one by one, the rest in ranges"));
        Ok(claimed)
    }

    async fn check(
        &self,
        outcome: &Outcome,
        exits: &Exits,
        before: &BTreeMap<Address, U256>,
        last: &WorldState,
    ) -> Result<(), Failure> {
        let step = self.steps.start("compare the L1 with the layer", exits.leaves().len());
        check::settlement(self.runner, outcome).await?;
        check::payouts(self.runner, outcome, exits, before, &step).await?;
        let tickets = check::completeness(exits, last)?;
        step.done(&format!("every balance and all {tickets} tickets are there"));
        Ok(())
    }
}

fn print(report: &Report, json: bool) {
    if json {
        crate::ui::print(serde_json::to_string(report).expect("plain data"));
        return;
    }
    let mut facts = Facts::new("a flash layer lived and died");
    facts
        .row("transactions", report.transactions)
        .row("blocks", report.blocks)
        .row("webhook deliveries", report.webhook_deliveries)
        .row("minted by webhook, once each", report.webhook_mints)
        .row("final state root, on the L1", report.state_root)
        .row("settled by L1 transaction", report.settle_tx)
        .row("exits", report.exits)
        .row("claimed on the L1", report.claimed)
        .row("items left in the ledger", report.items_left)
        .row("objects left", report.objects_left)
        .row("cost on AWS, had it lasted an hour", format!("about ${}", report.cost.total_usd))
        .row(
            "cost on the L1, with the factory if it was new",
            format!("{} gas", report.cost.l1.gas),
        )
        .row("seconds", report.seconds);
    facts.print();
}
