use std::sync::Arc;

use alloy::primitives::Bytes;
use mayfly_disk::Disk;
use mayfly_l1::{HttpL1, Node};
use mayfly_sequencer::SystemClock;
use mayfly_teardown::{Ending, News};
use node_core::{
    chain::{Phase, Word},
    codec::record::Record,
    flow::{FlowError, open, phase, sequence::Context, teardown::Teardown},
    port::{Clock, L1},
};
use serde_json::json;

use crate::{
    cli::Rescue,
    failure::Failure,
    keys::payer,
    runner::Place,
    ui::{Steps, print},
};

/// Name of the writer that seals.
const HOLDER: &str = "rescue";

/// Why a rescue stops.
enum Stop {
    /// All is on the L1. What is on this disk is nobody's to erase.
    Done,
    /// It cannot go on.
    Failed(Box<Failure>),
}

impl From<FlowError> for Stop {
    fn from(error: FlowError) -> Self {
        Self::Failed(Box::new(error.into()))
    }
}

/// Ends a layer that was rebuilt in the place of its operator: seals, settles, publishes.
pub(crate) async fn run(options: Rescue, json: bool) -> Result<(), Failure> {
    let place = Place::new(&options.place.dir);
    let Some(id) = place.layer()? else {
        let reason = "expected a layer that `mayfly rebuild --out` has put there".to_owned();
        return Err(Failure::Option { option: "--dir", reason });
    };
    let disk = Disk::open(&place.layer_dir())?;
    let stores = disk.stores(id);
    let config = open::config(&*stores.registers).await?;
    let known_codes = mayfly_operator::known_codes(config.chain_id)
        .map_err(|error| Failure::remote("contracts of block 0", error))?;
    let l1 = Arc::new(connect(&options, &config).await?);
    let teardown = Teardown {
        context: Context::load(stores, None).await?,
        l1: Arc::clone(&l1) as Arc<dyn L1>,
        holder: HOLDER.to_owned(),
        known_codes: known_codes.into(),
    };
    let steps = Steps::new(json);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    seal(&teardown, &*clock, &steps).await?;
    check_word(&l1, &teardown).await?;
    let ending = Ending { teardown: teardown.clone() };
    let ended = ending.run::<Stop>(&clock, |news| match news {
        News::Phase(phase) => {
            steps.say(&phase.to_string());
            Ok(())
        }
        News::Waiting(what) => {
            steps.say(&format!("waiting for {what}"));
            Ok(())
        }
        News::Bundle(bundle) => {
            let kept = place.write_bytes(&place.bundle(), &bundle.to_frame());
            Err(kept.map_or_else(|failure| Stop::Failed(Box::new(failure)), |()| Stop::Done))
        }
    });
    if let Err(Stop::Failed(failure)) = ended.await {
        return Err(*failure);
    }
    show(&teardown, &l1, json).await
}

async fn connect(
    options: &Rescue,
    config: &node_core::chain::LayerConfig,
) -> Result<HttpL1, Failure> {
    let node = Node::connect(&options.l1).await?;
    let sender = payer(node.clone(), Some(&options.l1_key)).await?;
    let l1 = HttpL1::connect(node, config.l1.clone()).await?.with_sender(sender);
    let l1 = l1.with_attestors(options.attestors.iter().map(String::as_str))?;
    Ok(match &options.organisers_word {
        Some(word) => l1.with_organisers_word(Bytes::clone(word)),
        None => l1,
    })
}

/// Takes in the deposits that are left and seals, if that was not done before.
async fn seal(teardown: &Teardown, clock: &dyn Clock, steps: &Steps) -> Result<(), Failure> {
    let registers = &*teardown.context.stores.registers;
    while phase::current(registers).await? < Phase::Sealed {
        let progress = teardown.advance(clock.now_ms()).await?;
        steps.say(&match progress {
            node_core::flow::teardown::Progress::Moved(phase) => phase.to_string(),
            other => return Err(Failure::remote("seal the layer", format!("{other:?}"))),
        });
    }
    Ok(())
}

/// In mode A, whoever is neither operator nor organiser needs the organiser's signature: says of what.
async fn check_word(l1: &HttpL1, teardown: &Teardown) -> Result<(), Failure> {
    if l1.may_settle() || phase::current(&*teardown.context.stores.registers).await? > Phase::Sealed
    {
        return Ok(());
    }
    let output = l1.output_of(teardown.settlement().await?).await?;
    let digest = Word::Settlement { output }.digest(l1.binding());
    Err(Failure::Option {
        option: "--organisers-word",
        reason: format!(
            "the key is neither the operator's nor the organiser's: expected the organiser's \
             EIP-712 signature of Settlement(bytes32 output) with output {output}, digest {digest}"
        ),
    })
}

async fn show(teardown: &Teardown, l1: &HttpL1, json: bool) -> Result<(), Failure> {
    let settlement = teardown.settlement().await?;
    let (layer, state_root) = (l1.binding().layer, settlement.state_root);
    let exits = settlement.sealed.leaf_count;
    if json {
        print(json!({ "layer": layer, "stateRoot": state_root, "exits": exits }));
    } else {
        print(format_args!("layer {layer} is settled and published: {exits} exits can be claimed"));
    }
    Ok(())
}
