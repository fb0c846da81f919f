use alloy::primitives::Address;
use futures::{StreamExt, TryStreamExt, stream};
use mayfly_l1::{ClaimCode, Node, Sender, claim, claim_range, held, release};
use node_core::{
    exit::{ExitLeaf, KIND_BULK721},
    flow::teardown::exits::{Exits, PUSH_LEAVES},
};
use serde_json::json;

use super::status::running;
use crate::{
    cli::Claim,
    client::Client,
    exits,
    failure::Failure,
    keys::payer,
    runner::Place,
    ui::{Facts, Steps, print},
};

/// Where to claim.
struct Target {
    l1_url: String,
    layer: Address,
    opened_in_block: u64,
}

/// Pays out exits on the L1, from L1 data alone.
pub(crate) async fn run(options: Claim, json: bool) -> Result<(), Failure> {
    let target = target(&options)?;
    let steps = Steps::new(json);
    let reading = steps.start("reading the exits from the L1", 0);
    let client = Client::connect(&target.l1_url)?;
    let exits = exits::published(&client, target.layer, target.opened_in_block).await?;
    reading.done(&format!("{} exits", exits.leaves().len()));
    if let (Some(code), Some(to)) = (&options.code, options.to) {
        let code: ClaimCode = code.read("--code")?;
        return hand_over(&options, &target, &exits, (&code, to), &steps, json).await;
    }
    let Some(recipient) = options.recipient else {
        if options.all {
            return pay_all(&options, &target, &exits, &steps, json).await;
        }
        list(&exits, json);
        return Ok(());
    };
    let mine: Vec<ExitLeaf> =
        exits.leaves().iter().filter(|leaf| leaf.recipient == recipient).copied().collect();
    let sender = payer(Node::connect(&target.l1_url).await?, options.on_l1.l1_key.as_ref()).await?;
    let paying = steps.start("claiming", mine.len());
    let mut paid = 0_usize;
    for leaf in &mine {
        if !sender.node().is_claimed(target.layer, leaf.index).await? {
            pay(&sender, target.layer, &exits, leaf).await?;
            paid += 1;
        }
        paying.tick();
    }
    paying.done(&format!("{paid} paid now, {} before", mine.len() - paid));
    if json {
        print(json!({ "exits": mine.len(), "paid": paid, "recipient": recipient }));
    }
    Ok(())
}

/// Pays what a claim code holds to its vault, and hands it over from there.
async fn hand_over(
    options: &Claim,
    target: &Target,
    exits: &Exits,
    (code, to): (&ClaimCode, Address),
    steps: &Steps,
    json: bool,
) -> Result<(), Failure> {
    let vault = code.vault();
    let mine: Vec<_> = exits.leaves().iter().filter(|leaf| leaf.recipient == vault).collect();
    if mine.is_empty() {
        let reason = "nothing waits for this code: its ticket was claimed or paid back before the end, or is of another layer";
        return Err(Failure::Option { option: "--code", reason: reason.to_owned() });
    }
    let sender = payer(Node::connect(&target.l1_url).await?, options.on_l1.l1_key.as_ref()).await?;
    let paying = steps.start("claiming", mine.len());
    let mut there = Vec::new();
    for leaf in &mine {
        if !sender.node().is_claimed(target.layer, leaf.index).await? {
            pay(&sender, target.layer, exits, leaf).await?;
        }
        there.extend(held(&sender, target.layer, code, leaf).await?);
        paying.tick();
    }
    let handed = there.len();
    if handed > 0 {
        release(&sender, code, to, there).await?;
    }
    paying.done(&format!("{handed} handed to {to} now, {} before", mine.len() - handed));
    if json {
        print(json!({ "exits": mine.len(), "released": handed, "vault": vault, "to": to }));
    }
    Ok(())
}

async fn pay_all(
    options: &Claim,
    target: &Target,
    exits: &Exits,
    steps: &Steps,
    json: bool,
) -> Result<(), Failure> {
    let sender = payer(Node::connect(&target.l1_url).await?, options.on_l1.l1_key.as_ref()).await?;
    let paying = steps.start("pushing all exits", exits.leaves().len());
    push(&sender, target.layer, exits, |count| paying.advance(count)).await?;
    let all = exits.leaves().len();
    let left = all - claimed(sender.node(), target.layer, exits).await?;
    paying.done(&match left {
        0 => "every recipient has its exits".to_owned(),
        left => format!("{left} are left, because their tokens refuse to pay"),
    });
    if json {
        print(json!({ "exits": all, "left": left }));
    }
    Ok(())
}

/// Pays one exit.
pub(super) async fn pay(
    sender: &Sender,
    layer: Address,
    exits: &Exits,
    leaf: &ExitLeaf,
) -> Result<(), Failure> {
    let proof = exits
        .proof(u64::from(leaf.index))
        .map_err(|error| Failure::remote("proof of an exit", error))?;
    claim(sender, layer, leaf, proof).await?;
    Ok(())
}

/// Pays every exit that is not paid, in as few transactions as fit, from where the last push ended.
pub(super) async fn push(
    sender: &Sender,
    layer: Address,
    exits: &Exits,
    mut paid: impl FnMut(usize),
) -> Result<(), Failure> {
    let kinds = sender.node().kinds(layer).await?;
    let is_bulk = |asset: u32| {
        let place = usize::try_from(asset).unwrap_or(usize::MAX);
        kinds.get(place) == Some(&KIND_BULK721)
    };
    let mut next = sender.node().pushed(layer).await?;
    paid(usize::try_from(next).unwrap_or(usize::MAX));
    while let Some(chunk) = exits.push_chunk(next, is_bulk) {
        mayfly_l1::push(sender, layer, chunk).await?;
        let pushed = sender.node().pushed(layer).await?;
        paid(usize::try_from(pushed.saturating_sub(next)).unwrap_or(usize::MAX));
        next = pushed;
    }
    retry(sender, layer, exits).await
}

/// Tries those again whose payment failed when they were pushed.
async fn retry(sender: &Sender, layer: Address, exits: &Exits) -> Result<(), Failure> {
    let mut next = 0;
    while claimed(sender.node(), layer, exits).await? < exits.leaves().len()
        && let Some(chunk) = exits.chunk(next, PUSH_LEAVES)
    {
        claim_range(sender, layer, chunk).await?;
        next += PUSH_LEAVES;
    }
    Ok(())
}

/// Returns how many of the exits the contract has paid.
pub(super) async fn claimed(node: &Node, layer: Address, exits: &Exits) -> Result<usize, Failure> {
    let paid = stream::iter(exits.leaves())
        .map(|leaf| node.is_claimed(layer, leaf.index))
        .buffer_unordered(32)
        .try_filter(|paid| std::future::ready(*paid))
        .try_fold(0_usize, |count, _| std::future::ready(Ok(count + 1)))
        .await?;
    Ok(paid)
}

fn list(exits: &Exits, json: bool) {
    if json {
        print(json!({ "exits": exits.leaves() }));
        return;
    }
    let mut facts = Facts::new("recipient");
    for leaf in exits.leaves().iter().take(50) {
        let what = match leaf.asset {
            0 => format!("{} ETH", alloy::primitives::utils::format_ether(leaf.value)),
            asset => format!("token {} of collection {asset}", leaf.id),
        };
        facts.row(&leaf.recipient.to_string(), what);
    }
    facts.print();
    if exits.leaves().len() > 50 {
        print(format_args!("... and {} more (all with --json)", exits.leaves().len() - 50));
    }
    print("pay one recipient with --recipient ADDRESS, everybody with --all");
}

fn target(options: &Claim) -> Result<Target, Failure> {
    let place = Place::new(&options.place.dir);
    if let (Some(l1), Some(layer)) = (&options.on_l1.l1, options.on_l1.layer) {
        return Ok(Target { l1_url: l1.clone(), layer, opened_in_block: 0 });
    }
    let Some(outcome) = place.outcome()? else {
        return Err(Failure::Option {
            option: "--dir",
            reason: "the layer has not ended: `mayfly close` ends it".to_owned(),
        });
    };
    Ok(Target {
        l1_url: running(&place)?.l1_url,
        layer: outcome.l1_layer,
        opened_in_block: outcome.l1_opened_in_block,
    })
}
