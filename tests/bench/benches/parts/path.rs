//! The whole way of a transaction, on stores in memory.

use std::sync::Arc;

use alloy_eips::Encodable2718;
use futures::executor::block_on;
use mayfly_bench::NOW_MS;
use node_core::{
    codec::record::Pending,
    flow::{
        open,
        sequence::{Context, Pipeline, Sequencer, Step, TakeOver, Timing},
        submit,
    },
    port::{Doorbell, memory::Memory},
};

use crate::{
    harness::{RUNS, Result, Row, Samples, Table, Unit},
    layer::{Layer, Load, Sent, recovery_time},
};

/// Nobody waits at the door: the benchmark steps itself.
struct Unheard;

impl Doorbell for Unheard {
    fn ring(&self) {}
}

pub(crate) fn run(table: &mut Table) -> Result<()> {
    for load in Load::ALL {
        let layer = Layer::new()?;
        table.add(append_step_commit(&layer, load)?);
        submit_step_commit(table, &layer, load)?;
    }
    Ok(())
}

fn append_step_commit(layer: &Layer, load: Load) -> Result<Row> {
    let (mut sequencer, context) = open_layer(layer)?;
    let (mut ours, mut limit) = (Samples::default(), Samples::default());
    let first = layer.sign(load, 0)?;
    for nonce in 0..RUNS as u64 {
        limit.time(|| layer.build(&first))?;
        let waiting: Vec<_> = layer.sign(load, nonce)?.iter().map(pending).collect();
        ours.time(|| {
            for one in waiting {
                block_on(context.stores.inbox.append(one))?;
            }
            drain(&mut sequencer)
        })?;
    }
    let part = format!("path: append, step, commit {}", load.name());
    let (ours, limit) = (ours.median(), limit.median());
    let unit = Unit::PerSecond(first.len());
    Ok(Row { part, unit, ours, limit, limit_is: "Builder alone" })
}

fn submit_step_commit(table: &mut Table, layer: &Layer, load: Load) -> Result<()> {
    let (mut sequencer, context) = open_layer(layer)?;
    let (mut submit, mut commit) = (Samples::default(), Samples::default());
    for nonce in 0..RUNS as u64 {
        let raw: Vec<_> =
            layer.sign(load, nonce)?.iter().map(|(tx, _)| tx.encoded_2718()).collect();
        submit.time(|| raw.iter().try_for_each(|raw| submit_one(&context, &sequencer, raw)))?;
        commit.time(|| drain(&mut sequencer))?;
    }
    let sent = layer.sign(load, 0)?;
    let limit = recovery_time(&sent, RUNS)?;
    let row = |what, ours| Row {
        part: format!("path: {what} {}", load.name()),
        unit: Unit::PerSecond(sent.len()),
        ours,
        limit,
        limit_is: "recovery alone",
    };
    table.add(row("submit", submit.median()));
    table.add(row("submit, step, commit", submit.median() + commit.median()));
    Ok(())
}

fn submit_one(context: &Context, sequencer: &Sequencer, raw: &[u8]) -> Result<()> {
    let Context { stores, config, rules, .. } = context;
    let signed = submit::decode(raw, config)?;
    let terms = (&**config, &**rules);
    let newest = &mut sequencer.tip().into();
    block_on(submit::submit(stores, &Unheard, terms, newest, signed, NOW_MS))?;
    Ok(())
}

/// Opens the layer in empty stores and becomes its writer.
fn open_layer(layer: &Layer) -> Result<(Sequencer, Context)> {
    let stores = Memory::stores();
    block_on(open::open(&stores, &layer.config, &layer.genesis))?;
    let context = Context {
        stores,
        config: Arc::new(layer.config.clone()),
        rules: Arc::new(layer.rules.clone()),
        signer: None,
        pipeline: Pipeline::default(),
    };
    match block_on(Sequencer::take_over(context.clone(), "bench", NOW_MS))? {
        TakeOver::Won(sequencer) => Ok((*sequencer, context)),
        TakeOver::Held { until_ms } => Err(format!("the lease is held until {until_ms}").into()),
    }
}

/// Commits until nothing waits.
fn drain(sequencer: &mut Sequencer) -> Result<()> {
    let timing = Timing { now_ms: NOW_MS, last_call: false };
    while let Step::Committed(_) = block_on(sequencer.step(timing))? {}
    Ok(())
}

fn pending((transaction, sender): &Sent) -> Pending {
    Pending {
        hash: *transaction.hash(),
        sender: *sender,
        raw: transaction.encoded_2718().into(),
        received_ms: NOW_MS,
        deposit_position: 0,
    }
}
