use alloy::primitives::{Address, B256, U256};
use mayfly_disk::Disk;
use mayfly_l1::{BlobSource, HttpL1, Node};
use mayfly_sequencer::SystemClock;
use node_core::{
    chain::Finality,
    execute::Built,
    flow::{
        rebuild::{Rebuild, Restored},
        teardown::exits::{self, Exits},
    },
    port::{Clock, L1, PostedBatch, Stores, memory::Memory},
};
use serde::Serialize;
use serde_json::json;

use super::verify::same;
use crate::{
    cli,
    failure::Failure,
    runner::Place,
    ui::{Facts, Step, Steps, print},
};

/// Name of the writer of what is rebuilt.
const HOLDER: &str = "rebuild";

/// What came out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    layer: Address,
    batches: u64,
    blocks: u64,
    deposits: u64,
    last_block_hash: B256,
    state_root: B256,
    /// Root of the exit tree, once the layer has one.
    exit_root: Option<B256>,
    exits: Vec<Exit>,
}

/// An exit with all that a claim takes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Exit {
    index: u32,
    asset: u32,
    recipient: Address,
    id: U256,
    value: U256,
    proof: Vec<B256>,
}

/// Builds a layer again from L1 data alone.
pub(crate) async fn run(options: cli::Rebuild, json: bool) -> Result<(), Failure> {
    let steps = Steps::new(json);
    let node = Node::connect(&options.l1).await?;
    let l1 = HttpL1::find(node, options.layer, options.from_block, Finality::Depth(0)).await?;
    let until = l1.node().block(Finality::Depth(0)).await?;
    let reading = steps.start("reading batches and deposits", 0);
    let source = BlobSource::of(options.beacon.as_deref())?;
    let batches = l1.batches(until, &source, || reading.tick()).await?;
    let deposits = l1.deposits(l1.binding().opened_in_block, until.number).await?;
    reading.done(&format!("{} batches, {} deposits", batches.len(), deposits.len()));
    let Some(first) = batches.first() else {
        return Err(Failure::remote("rebuild", "the layer has posted no batch"));
    };
    let codes = mayfly_operator::known_codes(l1.config().chainId)
        .map_err(|error| Failure::remote("contracts of block 0", error))?;
    let mut rebuild = Rebuild::start(l1.layer_config(), &l1.genesis(), first, &codes)?;

    let place = options.out.as_deref().map(Place::new);
    let disk = match &place {
        Some(place) => {
            place.make()?;
            Some(Disk::open(&place.layer_dir())?)
        }
        None => None,
    };
    let id = rebuild.config().id;
    let stores = disk.as_ref().map_or_else(Memory::stores, |disk| disk.stores(id));
    let executing = steps.start("executing every block", last_block(&batches));
    Box::pin(execute(&mut rebuild, &stores, &batches, &deposits, &executing)).await?;
    executing.done(&format!("{} blocks, every head right", rebuild.header().number));
    if let Some(place) = &place {
        place.remember(id)?;
    }
    let exits = Exits::new(exits::collect(&stores).await?);
    compare(&l1, &rebuild, &exits).await?;
    show(&outcome(&options, &rebuild, &exits)?, json);
    Ok(())
}

/// Executes all batches into `stores`.
async fn execute(
    rebuild: &mut Rebuild,
    stores: &Stores,
    batches: &[PostedBatch],
    deposits: &[node_core::chain::DepositEvent],
    step: &Step,
) -> Result<(), Failure> {
    let mut restored = Restored::open(stores, rebuild, HOLDER, SystemClock.now_ms()).await?;
    for batch in batches {
        let mut blocks: Vec<Built> = Vec::new();
        rebuild.batch(batch, deposits, |block| {
            blocks.push(block);
            step.tick();
        })?;
        for block in blocks {
            restored.add(block).await?;
        }
    }
    Ok(Box::pin(restored.finish()).await?)
}

/// What the L1 has settled, if it has, must be what came out.
async fn compare(l1: &HttpL1, rebuild: &Rebuild, exits: &Exits) -> Result<(), Failure> {
    let Some(settled) = l1.view(Finality::Depth(0)).await?.settlement else { return Ok(()) };
    same("state root on the L1", rebuild.header().state_root, settled.state_root)?;
    same("exit root on the L1", exits.tree().root(), settled.exit_root)
}

fn outcome(options: &cli::Rebuild, rebuild: &Rebuild, exits: &Exits) -> Result<Outcome, Failure> {
    let header = rebuild.header();
    let exit = |leaf: &node_core::exit::ExitLeaf| {
        let proof = exits.proof(u64::from(leaf.index));
        let proof = proof.map_err(|error| Failure::remote("proof of an exit", error))?;
        let (index, asset, recipient) = (leaf.index, leaf.asset, leaf.recipient);
        Ok(Exit { index, asset, recipient, id: leaf.id, value: leaf.value, proof })
    };
    Ok(Outcome {
        layer: options.layer,
        batches: rebuild.batches(),
        blocks: header.number,
        deposits: rebuild.deposits(),
        last_block_hash: header.hash(),
        state_root: header.state_root,
        exit_root: (!exits.leaves().is_empty()).then(|| exits.tree().root()),
        exits: exits.leaves().iter().map(exit).collect::<Result<_, Failure>>()?,
    })
}

fn show(outcome: &Outcome, json: bool) {
    if json {
        print(json!(outcome));
        return;
    }
    let mut facts = Facts::new(&format!("layer {}", outcome.layer));
    facts
        .row("batches", outcome.batches)
        .row("blocks executed", outcome.blocks)
        .row("deposits", outcome.deposits)
        .row("last block", outcome.last_block_hash)
        .row("state root", outcome.state_root);
    match outcome.exit_root {
        Some(root) => facts.row("exit root", root).row("exits with proofs", outcome.exits.len()),
        None => facts.row("exits", "none yet: the layer was not sealed in what is posted"),
    };
    facts.print();
}

fn last_block(batches: &[PostedBatch]) -> usize {
    let last = batches.last().map_or(0, |batch| batch.head.last_block);
    usize::try_from(last).unwrap_or(usize::MAX)
}
