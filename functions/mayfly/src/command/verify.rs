use alloy::primitives::B256;
use mayfly_l1::{HttpL1, Node};
use node_core::{
    chain::{Finality, LayerConfig},
    flow::{
        audit::{Audit, Audited},
        teardown::bundle::Bundle,
    },
    port::L1,
};
use serde_json::json;

use super::status::running;
use crate::{
    cli::Verify,
    failure::Failure,
    runner::{Place, read_bundle},
    ui::{Facts, Steps},
};

/// Executes every block again and compares every root; the last one with what the L1 holds.
pub(crate) async fn run(options: Verify, json: bool) -> Result<(), Failure> {
    let place = Place::new(&options.place.dir);
    let path = options.bundle.clone().unwrap_or_else(|| place.bundle());
    if !path.exists() {
        return Err(Failure::file(
            path,
            "no bundle here: it is written when the layer ends (`mayfly close`)",
        ));
    }
    let bundle = read_bundle(&path)?;
    let steps = Steps::new(json);
    let audited = audit(&bundle, &steps)?;
    let config = bundle.config()?;
    let l1_url = match options.l1 {
        Some(url) => Some(url),
        None => running(&place).ok().map(|answers| answers.l1_url),
    };
    let settled = match &l1_url {
        Some(url) => Some(compare(url, &config, &audited).await?),
        None => None,
    };
    if json {
        println!("{}", json!({ "audited": audited, "settledOnL1": settled }));
        return Ok(());
    }
    let mut facts = Facts::new(&config.name);
    facts
        .row("blocks executed", audited.blocks)
        .row("transactions", audited.transactions)
        .row("final state root", audited.state_root)
        .row(
            "the L1 holds",
            settled.map_or_else(
                || "not asked: name an L1 with --l1".to_owned(),
                |root| format!("{root}, the same"),
            ),
        );
    facts.print();
    Ok(())
}

/// Executes every block of `bundle`.
pub(super) fn audit(bundle: &Bundle, steps: &Steps) -> Result<Audited, Failure> {
    let step = steps.start("executing every block again", bundle.blocks.len());
    let mut audit = Audit::start(bundle)?;
    for block in &bundle.blocks {
        audit.block(block)?;
        step.tick();
    }
    let audited = audit.finish();
    step.done(&format!("{} blocks, every root right", audited.blocks));
    Ok(audited)
}

/// Compares with the L1; returns the state root that it holds.
async fn compare(url: &str, config: &LayerConfig, audited: &Audited) -> Result<B256, Failure> {
    let node = Node::connect(url).await?;
    let l1 = HttpL1::connect(node, config.l1.clone()).await?;
    let genesis = l1.config().genesisBlockHash;
    same("hash of block 0 on the L1", audited.genesis_hash, genesis)?;
    let view = l1.view(Finality::Depth(0)).await?;
    let Some(settlement) = view.settlement else {
        return Err(Failure::remote("the L1", "the layer is not settled there"));
    };
    same("state root on the L1", audited.state_root, settlement.state_root)?;
    Ok(settlement.state_root)
}

pub(super) fn same(what: &'static str, expected: B256, got: B256) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    Err(Failure::Mismatch { what, expected: expected.to_string(), got: got.to_string() })
}
