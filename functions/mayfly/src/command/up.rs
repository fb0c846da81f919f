use std::path::Path;

use mayfly_l1::{Attested, devnet};
use node_core::{chain::Finality, flow::mint, rpc::AccessRules};
use serde_json::{Value, json};

use super::event;
use crate::{
    cli::Up,
    failure::Failure,
    runner::{External, Options, Outcome, Place, Runner},
    ui::{Facts, Steps, print},
};

/// Opens a layer, or goes on with the one in the directory, and serves it until Ctrl-C.
pub(crate) async fn run(up: Up, json: bool) -> Result<(), Failure> {
    let place = Place::new(&up.place.dir);
    if place.outcome()?.is_some() {
        return Err(place.ended());
    }
    let steps = Steps::new(json);
    let opening = steps.start("opening the layer", 0);
    let runner = Runner::start(options(up, place).await?).await?;
    opening.done(if runner.is_new { "a new layer" } else { "going on where it was" });
    show(&runner, json).await?;

    tokio::select! {
        _ = tokio::signal::ctrl_c() => {
            steps.say("stopping; `mayfly up` goes on with this layer");
        }
        () = runner.asked_to_close() => finish(&runner, &steps, json).await?,
        () = runner.end_time() => finish(&runner, &steps, json).await?,
    }
    runner.stop().await;
    Ok(())
}

/// Ends the layer, then keeps the L1 up so that everybody can claim.
async fn finish(runner: &Runner, steps: &Steps, json: bool) -> Result<(), Failure> {
    let ending = steps.start("ending the layer", 0);
    let outcome = runner.end(|news| ending.note(news)).await?;
    ending.done("settled, published, erased");
    print_outcome(&outcome, json);
    if runner.l1.is_devnet() {
        steps.say("the development L1 stays up for `mayfly claim --all`; Ctrl-C ends it");
        let _ = tokio::signal::ctrl_c().await;
    }
    Ok(())
}

async fn options(up: Up, place: Place) -> Result<Options, Failure> {
    let l1 = match (up.l1, up.l1_key) {
        (Some(url), Some(key)) => {
            let signer = key.open("--l1-key").await?;
            Some(External { url, signer, finality: Finality::Finalized })
        }
        _ => None,
    };
    let sequencer = match &up.sequencer_key {
        Some(key) => Some(key.open("--sequencer-key").await?),
        None => None,
    };
    let access = up.access.map_or_else(|| Ok(AccessRules::default()), |path| rules(&path))?;
    if access.targets.is_some() && up.base_fee > 0 {
        let reason = "targets: expected a layer that is free to use, without --base-fee".to_owned();
        return Err(Failure::Option { option: "--access", reason });
    }
    let attested =
        Attested::new(up.attestors, up.quorum).map_err(|error| Failure::attested(&error))?;
    let event = up.event.as_deref().map(event::read).transpose()?;
    Ok(Options {
        place,
        sequencer,
        name: up.name,
        port: up.port,
        l1_port: up.l1_port,
        chain_id: up.chain_id,
        ends_in: up.ends_in,
        base_fee_wei: up.base_fee,
        posting: up.post.into(),
        post_after: up.post_after,
        ticket: up.ticket,
        // A configuration may name the same variable for a shop of its own.
        stripe_secret: up.stripe_secret.filter(|_| event.is_none()),
        event,
        development: l1.is_none(),
        l1,
        factory: up.factory,
        access,
        cache_mib: up.cache,
        bridged: up.bridge,
        bulk_from: up.bulk_from,
        attested,
        window: up.window,
    })
}

fn rules(path: &Path) -> Result<AccessRules, Failure> {
    let text = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    serde_json::from_slice(&text).map_err(|error| Failure::file(path, error))
}

async fn show(runner: &Runner, json: bool) -> Result<(), Failure> {
    let config = runner.config();
    let ticket = mint::ticket(&runner.layer.context.stores, config).await?;
    let accounts: Vec<Value> = if runner.l1.is_devnet() {
        let account = |key: mayfly_l1::PrivateKeySigner| json!({ "address": key.address(), "privateKey": key.to_bytes() });
        devnet::accounts().into_iter().map(account).collect()
    } else {
        Vec::new()
    };
    if json {
        let object = json!({
            "layer": config.id,
            "name": config.name,
            "rpcUrl": runner.url,
            "webhookUrl": runner.webhook_url(),
            "webhookUrls": runner.webhook_urls(),
            "stripeSecret": runner.is_only_stripe().then_some(&runner.keys.stripe_secret),
            "chainId": config.chain_id,
            "endsAt": config.ends_at_s,
            "ticket": ticket,
            "bridged": config.tokens.bridged,
            "l1": {
                "rpcUrl": runner.l1.url(),
                "chainId": config.l1.chain_id,
                "layer": config.l1.layer,
            },
            "accounts": accounts,
        });
        print(object);
        return Ok(());
    }
    let ends = std::time::UNIX_EPOCH + std::time::Duration::from_secs(config.ends_at_s);
    let mut facts = Facts::new(&config.name);
    facts.row("RPC URL", &runner.url).row("chain id", config.chain_id);
    for url in runner.webhook_urls() {
        facts.row("webhook URL", url);
    }
    if runner.is_only_stripe() {
        facts.row("webhook secret", &runner.keys.stripe_secret);
    }
    facts.row("ends at", humantime::format_rfc3339_seconds(ends));
    if let Some(ticket) = ticket {
        facts.row("ticket contract", ticket);
    }
    for token in &config.tokens.bridged {
        facts.row("token of the L1", format!("{} {}", token.token, token.name));
    }
    facts.row("L1 RPC URL", runner.l1.url()).row("L1 contract", config.l1.layer);
    facts.print();
    print_accounts(&accounts);
    print("Ctrl-C stops, `mayfly up` goes on, `mayfly close` ends the layer now.");
    Ok(())
}

fn print_accounts(accounts: &[Value]) {
    if accounts.is_empty() {
        return;
    }
    let mut facts = Facts::new("1,000 ETH each; everybody knows these keys");
    for account in accounts {
        let text = |field: &str| account[field].as_str().unwrap_or_default().to_owned();
        facts.row(&text("address"), text("privateKey"));
    }
    facts.print();
}

/// Prints what a layer came to.
pub(super) fn print_outcome(outcome: &Outcome, json: bool) {
    if json {
        print(json!({ "ended": outcome }));
        return;
    }
    let mut facts = Facts::new("the layer has ended");
    facts
        .row("blocks", outcome.blocks)
        .row("transactions", outcome.transactions)
        .row("final state root", outcome.state_root)
        .row("settled by", outcome.settle_transaction)
        .row("L1 contract", outcome.l1_layer)
        .row("items left", outcome.items_left)
        .row("objects left", outcome.objects_left);
    facts.print();
}
