use std::{path::Path, sync::Arc};

use alloy::primitives::{Address, B256};
use mayfly_sequencer::SystemClock;
use mayfly_teardown::{Ending, News};
use node_core::{
    chain::{LayerId, Phase},
    codec::record::Record,
    flow::{
        FlowError, phase,
        teardown::{Teardown, bundle::Bundle, erase},
    },
    port::{Clock, Doorbell, L1, Stores},
};
use serde::{Deserialize, Serialize};

use super::{Place, Runner};
use crate::failure::Failure;

/// Name of the writer that seals; as with the runner's other writer, an earlier one is dead.
const HOLDER: &str = "runner-end";

/// What a layer came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// Name of the event.
    pub(crate) name: String,
    /// Blocks, block 0 not counted.
    pub(crate) blocks: u64,
    /// Transactions.
    pub(crate) transactions: u64,
    /// Final state root, which the L1 holds.
    pub(crate) state_root: B256,
    /// The transaction that settled it.
    pub(crate) settle_transaction: B256,
    /// The L1.
    pub(crate) l1_chain_id: u64,
    /// The layer's contract there.
    pub(crate) l1_layer: Address,
    /// L1 block in which it was opened.
    pub(crate) l1_opened_in_block: u64,
    /// Items left in the ledger.
    pub(crate) items_left: u64,
    /// Objects left.
    pub(crate) objects_left: u64,
}

impl Runner {
    /// Ends the layer: drains, seals, settles, publishes, erases. `tell` hears of every step.
    ///
    /// The bundle for auditors is on disk before anything is erased.
    pub(crate) async fn end(&self, mut tell: impl FnMut(&str)) -> Result<Outcome, Failure> {
        let context = self.layer.context.clone();
        let stores = context.stores.clone();
        let ending = Ending {
            teardown: Teardown {
                context,
                l1: Arc::clone(&self.binding) as Arc<dyn L1>,
                holder: HOLDER.to_owned(),
                known_codes: self.known_codes.clone(),
            },
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let path = self.place.bundle();
        let mut ended: Option<Bundle> = None;
        ending
            .run::<Failure>(&clock, |news| {
                match news {
                    News::Phase(phase) => {
                        // What was sealed is shown before it is settled: attestors execute it first.
                        self.layer.bell.ring();
                        tell(&phase.to_string());
                    }
                    News::Waiting(what) => tell(&format!("waiting for {what}")),
                    News::Bundle(bundle) => {
                        self.place.write_bytes(&path, &bundle.to_frame())?;
                        ended = Some(bundle.clone());
                    }
                }
                Ok(())
            })
            .await?;
        // A restart between the bundle and the erase finds the bundle on disk.
        let bundle = match ended {
            Some(bundle) => bundle,
            None => read_bundle(&path)?,
        };
        conclude(&self.place, &bundle, &stores).await
    }
}

/// Goes on with an erase in which a process died, if one did; what was to be read of the layer is in its bundle.
///
/// # Errors
/// [`Failure::Ended`] when it did: the layer is gone then, and says what it came to.
pub(super) async fn go_on_erasing(
    place: &Place,
    stores: &Stores,
    layer: LayerId,
) -> Result<(), Failure> {
    match phase::current(&*stores.registers).await {
        Ok(Phase::Erased) | Err(FlowError::NoLayer) if place.bundle().exists() => {}
        _ => return Ok(()),
    }
    erase(stores, layer).await?;
    conclude(place, &read_bundle(&place.bundle())?, stores).await?;
    Err(place.ended())
}

/// Says what a layer came to, whose stores are erased.
async fn conclude(place: &Place, bundle: &Bundle, stores: &Stores) -> Result<Outcome, Failure> {
    let config = bundle.config()?;
    let objects = stores.objects.list("").await?;
    let state_root = bundle.blocks.last().map(|block| block.header.state_root);
    let transactions: usize = bundle.blocks.iter().map(|block| block.transactions.len()).sum();
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let outcome = Outcome {
        name: config.name,
        blocks: count(bundle.blocks.len()),
        transactions: count(transactions),
        state_root: state_root.unwrap_or_default(),
        settle_transaction: bundle.settle_transaction,
        l1_chain_id: config.l1.chain_id,
        l1_layer: config.l1.layer,
        l1_opened_in_block: config.l1.opened_in_block,
        items_left: stores.stored.count().await?,
        objects_left: count(objects.len()),
    };
    place.conclude(&outcome)?;
    Ok(outcome)
}

/// Reads a bundle.
pub(crate) fn read_bundle(path: &Path) -> Result<Bundle, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    Bundle::from_frame(&bytes).map_err(|error| Failure::file(path, error))
}
