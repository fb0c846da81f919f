use alloy::primitives::B256;
use mayfly_l1::{HttpL1, Node};
use node_core::{
    chain::{Finality, LayerConfig},
    codec::record::Record,
    flow::{
        audit::{Audit, Audited},
        teardown::bundle::Bundle,
    },
    port::L1,
};
use reqwest::Method;
use serde_json::json;

use super::status::running;
use crate::{
    cli::Verify,
    client::Client,
    failure::Failure,
    runner::{Place, read_bundle},
    ui::{Facts, Steps, print},
};

/// Executes every block again and compares every root; the last one with what the L1 holds.
pub(crate) async fn run(options: Verify, json: bool) -> Result<(), Failure> {
    let place = Place::new(&options.place.dir);
    let path = options.bundle.clone().unwrap_or_else(|| place.bundle());
    let bundle = if options.bundle.is_some() || path.exists() {
        read_bundle(&path)?
    } else {
        running_bundle(&place).await?
    };
    let steps = Steps::new(json);
    let audited = audit(&bundle, &steps)?.finish();
    let config = bundle.config()?;
    let l1_url = match options.l1 {
        Some(url) => Some(url),
        None => running(&place).ok().map(|answers| answers.l1_url),
    };
    let settled = match &l1_url {
        Some(url) => compare(url, &config, &audited).await?,
        None => None,
    };
    if json {
        print(json!({ "audited": audited, "settledOnL1": settled }));
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
                || match &l1_url {
                    Some(_) => "nothing yet: the layer is not settled there".to_owned(),
                    None => "not asked: name an L1 with --l1".to_owned(),
                },
                |root| format!("{root}, the same"),
            ),
        );
    facts.print();
    Ok(())
}

/// Executes every block of `bundle`.
pub(super) fn audit(bundle: &Bundle, steps: &Steps) -> Result<Audit, Failure> {
    let step = steps.start("executing every block again", bundle.blocks.len());
    let mut audit = Audit::start(bundle)?;
    for block in &bundle.blocks {
        audit.block(block)?;
        step.tick();
    }
    step.done(&format!("{} blocks, every root right", bundle.blocks.len()));
    Ok(audit)
}

/// Asks the running layer for all its blocks so far.
async fn running_bundle(place: &Place) -> Result<Bundle, Failure> {
    let answers = running(place)?;
    let client = Client::connect(&answers.url)?;
    let path = "/operator/bundle";
    let bytes = client.operator_bytes(Method::GET, path, &answers.operator_token).await?;
    Bundle::from_frame(&bytes).map_err(|error| Failure::remote("the running layer", error))
}

/// Compares with the L1; returns the state root that it holds, once the layer is settled there.
async fn compare(
    url: &str,
    config: &LayerConfig,
    audited: &Audited,
) -> Result<Option<B256>, Failure> {
    let node = Node::connect(url).await?;
    let l1 = HttpL1::connect(node, config.l1.clone()).await?;
    let genesis = l1.config().genesisBlockHash;
    same("hash of block 0 on the L1", audited.genesis_hash, genesis)?;
    let view = l1.view(Finality::Depth(0)).await?;
    let Some(settlement) = view.settlement else { return Ok(None) };
    same("state root on the L1", audited.state_root, settlement.state_root)?;
    Ok(Some(settlement.state_root))
}

pub(super) fn same(what: &'static str, expected: B256, got: B256) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    Err(Failure::Mismatch { what, expected: expected.to_string(), got: got.to_string() })
}
