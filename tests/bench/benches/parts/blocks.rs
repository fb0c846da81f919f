//! Blocks of many senders, and what sealing them costs.

use std::{collections::BTreeSet, time::Duration};

use alloy_consensus::{
    TxReceipt,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_primitives::Bytes;
use node_core::execute::{Built, summarize, transactions_root};

use crate::{
    harness::{Bench, Result, Row, Shown},
    layer::{Layer, Load, Sent, recover_all, recovery_time},
    trie::hash_all,
};

pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let layer = Layer::new()?;
    for load in Load::ALL {
        let sent = layer.sign(load, 0)?;
        build(bench, &layer, load, &sent)?;
        let built = layer.build(&sent)?;
        seal_state(bench, &layer, load, &built)?;
        seal_transactions(bench, load, &built)?;
        seal_receipts(bench, load, &built)?;
    }
    Ok(())
}

fn build(bench: &mut Bench, layer: &Layer, load: Load, sent: &[Sent]) -> Result<()> {
    let name = load.name();
    let unsealed = bench.time(&format!("execute {name}"), || layer.fill(sent))?;
    let whole = bench.time(&format!("build {name}"), || layer.build(sent))?;
    let recovery = recovery_time(bench, sent)?;
    let both = bench.time(&format!("recover and build {name}"), || {
        recover_all(sent)?;
        layer.build(sent)
    })?;
    let row = |what: &str, ours, limit, limit_is| {
        let part = format!("{what} {name}");
        Row { part, shown: Shown::Things(sent.len()), ours, limit, limit_is }
    };
    bench.add(row("build", whole, unsealed, "execution alone, no finish"));
    bench.add(row("recover and build", both, recovery, "recovery alone"));
    Ok(())
}

fn seal_state(bench: &mut Bench, layer: &Layer, load: Load, built: &Built) -> Result<()> {
    let changed = changed_nodes(built)?;
    let ours = bench.time(&format!("state of {}", load.name()), || {
        let world = layer.genesis.world.clone().apply(&built.delta)?;
        let is_same = world.root() == built.header.state_root;
        if is_same { Ok(world) } else { Err("the delta leads to another state".into()) }
    })?;
    let limit =
        bench.time(&format!("changed nodes of {}", load.name()), || Ok(hash_all(&changed)))?;
    add_seal(bench, ("state", load, built), (ours, limit), "keccak of the changed nodes");
    Ok(())
}

/// The nodes of all tries that the block changed.
fn changed_nodes(built: &Built) -> Result<BTreeSet<Bytes>> {
    let mut nodes = BTreeSet::new();
    for (address, change) in &built.delta.accounts {
        let slots: Vec<_> = change.slots.keys().copied().collect();
        let proof = built.world.prove(*address, &slots)?;
        nodes.extend(proof.account_proof);
        nodes.extend(proof.storage_proofs.into_iter().flat_map(|slot| slot.proof));
    }
    Ok(nodes)
}

fn seal_transactions(bench: &mut Bench, load: Load, built: &Built) -> Result<()> {
    let transactions = &built.block.transactions;
    let same = (transactions_root(transactions), calculate_transaction_root(transactions));
    assert_eq!(same.0, same.1, "both roots are of the same transactions");
    let name = load.name();
    let ours =
        bench.time(&format!("transactions of {name}"), || Ok(transactions_root(transactions)))?;
    let limit = bench.time(&format!("alloy transactions of {name}"), || {
        Ok(calculate_transaction_root(transactions))
    })?;
    add_seal(bench, ("transactions", load, built), (ours, limit), "alloy-consensus");
    Ok(())
}

fn seal_receipts(bench: &mut Bench, load: Load, built: &Built) -> Result<()> {
    let receipts = &built.receipts;
    let alloys = || {
        let with_bloom: Vec<_> = receipts.iter().map(TxReceipt::with_bloom_ref).collect();
        calculate_receipt_root(&with_bloom)
    };
    assert_eq!(summarize(receipts).receipts_root, alloys(), "both are of the same receipts");
    let name = load.name();
    let ours = bench.time(&format!("receipts of {name}"), || Ok(summarize(receipts)))?;
    let limit = bench.time(&format!("alloy receipts of {name}"), || Ok(alloys()))?;
    add_seal(bench, ("receipts", load, built), (ours, limit), "alloy-consensus, blooms too");
    Ok(())
}

fn add_seal(
    bench: &mut Bench,
    (what, load, built): (&str, Load, &Built),
    (ours, limit): (Duration, Duration),
    limit_is: &'static str,
) {
    bench.add(Row {
        part: format!("seal {what} of {}", load.name()),
        shown: Shown::Things(built.senders.len()),
        ours,
        limit,
        limit_is,
    });
}
