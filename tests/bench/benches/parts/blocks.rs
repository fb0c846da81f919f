//! Blocks of many senders, and what sealing them costs.

use std::{collections::BTreeSet, time::Duration};

use alloy_consensus::{
    TxReceipt,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_primitives::Bytes;
use node_core::execute::{Built, summarize, transactions_root};

use crate::{
    harness::{RUNS, Result, Row, Samples, Table, Unit},
    layer::{Layer, Load, Sent, recover_all, recovery_time},
    trie::hash_all,
};

pub(crate) fn run(table: &mut Table) -> Result<()> {
    let layer = Layer::new()?;
    for load in Load::ALL {
        let sent = layer.sign(load, 0)?;
        build(table, &layer, load, &sent)?;
        let built = layer.build(&sent)?;
        table.add(seal_state(&layer, load, &built)?);
        table.add(seal_transactions(load, &built)?);
        table.add(seal_receipts(load, &built)?);
    }
    Ok(())
}

fn build(table: &mut Table, layer: &Layer, load: Load, sent: &[Sent]) -> Result<()> {
    let (mut whole, mut unsealed) = (Samples::default(), Samples::default());
    for _ in 0..RUNS {
        unsealed.time(|| layer.fill(sent))?;
        whole.time(|| layer.build(sent))?;
    }
    let recovery = recovery_time(sent, RUNS)?;
    let row = |what: &str, ours, limit, limit_is| {
        let part = format!("blocks: {what} {}", load.name());
        Row { part, unit: Unit::PerSecond(sent.len()), ours, limit, limit_is }
    };
    table.add(row("build", whole.median(), unsealed.median(), "execution alone, no finish"));
    let both = with_recovery(layer, sent)?;
    table.add(row("recover and build", both, recovery, "recovery alone"));
    Ok(())
}

fn with_recovery(layer: &Layer, sent: &[Sent]) -> Result<Duration> {
    let mut samples = Samples::default();
    for _ in 0..RUNS {
        samples.time(|| recover_all(sent).and_then(|_| layer.build(sent)))?;
    }
    Ok(samples.median())
}

fn seal_state(layer: &Layer, load: Load, built: &Built) -> Result<Row> {
    let changed = changed_nodes(built)?;
    let before = &layer.genesis.world;
    let (mut ours, mut limit) = (Samples::default(), Samples::default());
    for _ in 0..RUNS {
        let (world, root) = ours.time(|| {
            before.clone().apply(&built.delta).map(|world| {
                let root = world.root();
                (world, root)
            })
        })?;
        drop(world);
        assert_eq!(root, built.header.state_root, "the delta leads to the block's state");
        limit.time(|| hash_all(&changed));
    }
    Ok(seal_row("state", load, built, (&ours, &limit), "keccak of the changed nodes"))
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

fn seal_transactions(load: Load, built: &Built) -> Result<Row> {
    let transactions = &built.block.transactions;
    let (mut ours, mut limit) = (Samples::default(), Samples::default());
    for _ in 0..RUNS {
        let root = ours.time(|| transactions_root(transactions));
        let same = limit.time(|| calculate_transaction_root(transactions));
        assert_eq!(root, same, "both roots are of the same transactions");
    }
    Ok(seal_row("transactions", load, built, (&ours, &limit), "alloy-consensus"))
}

fn seal_receipts(load: Load, built: &Built) -> Result<Row> {
    let receipts = &built.receipts;
    let (mut ours, mut limit) = (Samples::default(), Samples::default());
    for _ in 0..RUNS {
        let summary = ours.time(|| summarize(receipts));
        let same = limit.time(|| {
            let with_bloom: Vec<_> = receipts.iter().map(TxReceipt::with_bloom_ref).collect();
            calculate_receipt_root(&with_bloom)
        });
        assert_eq!(summary.receipts_root, same, "both roots are of the same receipts");
    }
    Ok(seal_row("receipts", load, built, (&ours, &limit), "alloy-consensus, blooms too"))
}

fn seal_row(
    what: &str,
    load: Load,
    built: &Built,
    (ours, limit): (&Samples, &Samples),
    limit_is: &'static str,
) -> Row {
    Row {
        part: format!("seal: {what} of {}", load.name()),
        unit: Unit::PerSecond(built.senders.len()),
        ours: ours.median(),
        limit: limit.median(),
        limit_is,
    }
}
