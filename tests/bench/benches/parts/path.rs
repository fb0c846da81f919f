//! The whole way of a transaction, on stores in memory.

use std::{cell::RefCell, sync::Arc};

use alloy_eips::Encodable2718;
use futures::executor::block_on;
use mayfly_bench::NOW_MS;
use node_core::{
    codec::record::Pending,
    flow::{
        Caches, open,
        sequence::{Context, Pipeline, Sequencer, Step, TakeOver, Timing},
        submit,
    },
    port::{Doorbell, memory::Memory},
};

use crate::{
    harness::{Bench, Result, Row, Shown},
    layer::{Layer, Load, Sent, recovery_time},
};

/// Nobody waits at the door: the benchmark steps itself.
struct Unheard;

impl Doorbell for Unheard {
    fn ring(&self) {}
}

pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    for load in Load::ALL {
        let layer = Layer::new()?;
        append_step_commit(bench, &layer, load)?;
        submit_step_commit(bench, &layer, load)?;
    }
    Ok(())
}

fn append_step_commit(bench: &mut Bench, layer: &Layer, load: Load) -> Result<()> {
    let (mut sequencer, context) = open_layer(layer)?;
    let name = load.name();
    let first = layer.sign(load, 0)?;
    let limit = bench.time(&format!("build {name}"), || layer.build(&first))?;
    let mut nonces = 0..;
    let waiting = || -> Result<Vec<_>> {
        let sent = layer.sign(load, nonces.next().unwrap_or_default())?;
        Ok(sent.iter().map(pending).collect())
    };
    let ours = bench.time_on(&format!("append step commit {name}"), waiting, |waiting| {
        for one in waiting {
            block_on(context.stores.inbox.append(one))?;
        }
        drain(&mut sequencer)
    })?;
    let part = format!("append, step, commit {name}");
    let shown = Shown::Things(first.len());
    bench.add(Row { part, shown, ours, limit, limit_is: "Builder alone" });
    Ok(())
}

fn submit_step_commit(bench: &mut Bench, layer: &Layer, load: Load) -> Result<()> {
    let (sequencer, context) = open_layer(layer)?;
    let sequencer = RefCell::new(sequencer);
    let name = load.name();
    let mut nonces = 0..;
    let mut raw = || -> Result<Vec<_>> {
        let sent = layer.sign(load, nonces.next().unwrap_or_default())?;
        Ok(sent.iter().map(|(tx, _)| tx.encoded_2718()).collect())
    };
    let submit_all = |raw: &[Vec<u8>]| {
        let sequencer = sequencer.borrow();
        raw.iter().try_for_each(|raw| submit_one(&context, &sequencer, raw))
    };
    let commit = || drain(&mut sequencer.borrow_mut());
    // What the run before submitted is committed outside of the time.
    let fresh = || commit().and_then(|()| raw());
    let submit = bench.time_on(&format!("submit {name}"), fresh, |raw| submit_all(&raw))?;
    commit()?;
    let whole = bench.time_on(&format!("submit step commit {name}"), raw, |raw| {
        submit_all(&raw)?;
        commit()
    })?;
    let sent = layer.sign(load, 0)?;
    let limit = recovery_time(bench, &sent)?;
    let row = |what, ours| Row {
        part: format!("{what} {name}"),
        shown: Shown::Things(sent.len()),
        ours,
        limit,
        limit_is: "recovery alone",
    };
    bench.add(row("submit", submit));
    bench.add(row("submit, step, commit", whole));
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
        caches: Caches::default(),
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
