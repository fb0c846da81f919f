//! The end of a layer: drain, seal, settle, publish, erase.
//!
//! [`Teardown::advance`] does one step. Every step reads where things stand, does what is missing and can
//! be repeated after a crash at any point. Nothing is erased before the L1 says, on a block that is as
//! settled as the layer's configuration asks, that the layer is disposable.
//!
//! The last step is the caller's to begin, who has a place for what auditors need: [`Teardown::bundle`], then
//! [`Teardown::erase`]. The phase says that the erase has begun before anything is gone, so that nobody who comes after a
//! crash, or wakes, looks for what is not there any more or takes what is left for the whole.

mod holdings;
mod plan;
mod progress;
mod settle;
mod tokens;

pub mod bundle;
pub mod exits;
pub mod preview;

use std::sync::Arc;

use alloy_primitives::{Bytes, U256};

use self::bundle::Bundle;
use super::{
    FlowError,
    batch::{self, Batcher, Due},
    bridge, mint, phase,
    query::Replica,
    sequence::{Context, Sequencer, Step, TakeOver, Timing},
};
use crate::{
    chain::{EXIT_SEALER, Finality, LayerId, Phase, Posting},
    codec::names,
    execute::SupplyLedger,
    port::{Doorbell, L1, L1Action, L1Receipt, Settlement, Stores},
};

/// What one [`Teardown::advance`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The layer is in this phase now.
    Moved(Phase),
    /// Something outside must happen first; come back.
    Waiting(Wait),
    /// The L1 has everything: keep the bundle, then erase.
    Disposable,
    /// Nothing is stored any more.
    Erased,
}

/// What a teardown waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
    /// The L1 block that has the last step is not settled enough yet.
    #[error("the L1 to settle block {block}")]
    L1Finality {
        /// The block.
        block: u64,
    },
    /// Another process writes to the layer.
    #[error("the sequencer to leave")]
    Writer,
    /// Deposits are on their way into the layer.
    #[error("deposit {index} to be credited")]
    Deposit {
        /// Index of the next deposit.
        index: u64,
    },
    /// The challenge window is open.
    #[error("the challenge window, until Unix time {until_s}")]
    Window {
        /// End of the window, Unix seconds.
        until_s: u64,
    },
}

/// Ends one layer.
#[derive(Clone)]
pub struct Teardown {
    /// The layer.
    pub context: Context,
    /// Its L1.
    pub l1: Arc<dyn L1>,
    /// Names this process uniquely.
    pub holder: String,
    /// Codes that whoever rebuilds the layer has as well, see [`Batcher`].
    pub known_codes: Arc<[Bytes]>,
}

impl core::fmt::Debug for Teardown {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Teardown").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Whether the L1 takes no more deposits.
enum Closing {
    Waits(Wait),
    /// There are so many. What is read of the L1 later may come from a node that has not seen all of them.
    Done {
        deposits: u64,
    },
}

/// Nobody has to be woken: the teardown itself is the writer now.
struct NoDoorbell;

impl Doorbell for NoDoorbell {
    fn ring(&self) {}
}

impl Teardown {
    /// Does the next step of the end.
    ///
    /// # Errors
    /// As the ports: retry what may be retried; [`FlowError::SealHash`] and `Corrupt` need a person.
    pub async fn advance(&self, now_ms: u64) -> Result<Progress, FlowError> {
        let phase = match phase::current(&*self.context.stores.registers).await {
            // Somebody began to erase, and may not have come to the end of it.
            Err(FlowError::NoLayer) => return self.erase().await,
            other => other?,
        };
        match phase {
            Phase::Open => self.move_on(phase).await,
            Phase::Draining => self.drain_and_seal(now_ms).await,
            Phase::Sealed => self.settle().await,
            Phase::Settled => self.wait_for_window().await,
            Phase::Final => self.publish().await,
            Phase::Published => self.look_whether_disposable().await,
            Phase::Erased => self.erase().await,
        }
    }

    /// What auditors need; `None` once somebody has begun to erase, who has kept it before.
    ///
    /// # Errors
    /// The stores' errors.
    pub async fn bundle(&self) -> Result<Option<Bundle>, FlowError> {
        let stores = &self.context.stores;
        let collected = Bundle::collect(stores).await;
        // Looked at afterwards: what was read before anybody began is whole.
        match phase::current(&*stores.registers).await {
            Ok(Phase::Erased) | Err(FlowError::NoLayer) => Ok(None),
            Ok(_) => collected.map(Some),
            Err(error) => Err(error),
        }
    }

    /// Erases a published layer whose bundle is kept, as soon as the L1 says that it is disposable.
    ///
    /// # Errors
    /// As the ports.
    pub async fn erase(&self) -> Result<Progress, FlowError> {
        match self.look_whether_disposable().await? {
            Progress::Disposable => {}
            waiting => return Ok(waiting),
        }
        let Context { stores, config, .. } = &self.context;
        match phase::advance(&*stores.registers, Phase::Published).await {
            Ok(_) | Err(FlowError::NoLayer) => erase(stores, config.id).await?,
            Err(error) => return Err(error),
        }
        Ok(Progress::Erased)
    }

    async fn move_on(&self, from: Phase) -> Result<Progress, FlowError> {
        Ok(Progress::Moved(phase::advance(&*self.context.stores.registers, from).await?))
    }

    /// Includes everything that was acknowledged and every deposit, then builds the exit tree.
    async fn drain_and_seal(&self, now_ms: u64) -> Result<Progress, FlowError> {
        let deposits = match self.close_deposits().await? {
            Closing::Waits(wait) => return Ok(Progress::Waiting(wait)),
            Closing::Done { deposits } => deposits,
        };
        let Context { stores, config, .. } = &self.context;
        bridge::ingest(stores, config, &*self.l1, &NoDoorbell, now_ms).await?;
        let context = self.context.clone();
        let mut sequencer = match Sequencer::take_over(context, &self.holder, now_ms).await? {
            TakeOver::Held { .. } => return Ok(Progress::Waiting(Wait::Writer)),
            TakeOver::Won(sequencer) => sequencer,
        };
        let wait = self.drain(&mut sequencer, deposits, now_ms).await?;
        if wait.is_none() {
            plan::execute(&mut sequencer, &self.context, now_ms).await?;
            sequencer.end().await?;
            sequencer.checkpoint().await?;
        }
        sequencer.leave().await?;
        match wait {
            Some(wait) => Ok(Progress::Waiting(wait)),
            None => self.move_on(Phase::Draining).await,
        }
    }

    async fn close_deposits(&self) -> Result<Closing, FlowError> {
        let finality = self.context.config.l1.finality;
        let settled = self.l1.view(finality).await?;
        if settled.deposits_closed {
            return Ok(Closing::Done { deposits: settled.deposit_count });
        }
        let latest = self.l1.view(Finality::Depth(0)).await?;
        let block = if latest.deposits_closed {
            latest.block
        } else {
            self.l1.act(L1Action::CloseDeposits).await?.block
        };
        let settled = self.l1.view(finality).await?;
        Ok(match settled.deposits_closed {
            true => Closing::Done { deposits: settled.deposit_count },
            false => Closing::Waits(Wait::L1Finality { block }),
        })
    }

    async fn drain(
        &self,
        sequencer: &mut Sequencer,
        deposits: u64,
        now_ms: u64,
    ) -> Result<Option<Wait>, FlowError> {
        let timing = Timing { now_ms, last_call: true };
        if self.context.config.mint.is_some() {
            mint::release_unclaimed(&self.context.stores).await?;
        }
        while let Step::Committed(_) = sequencer.step(timing).await? {}
        let slot = SupplyLedger::DEPOSITS;
        let credited = sequencer.with(|world| world.storage(&EXIT_SEALER, &slot)).await?;
        let index = u64::try_from(credited).unwrap_or(u64::MAX);
        Ok((credited != U256::from(deposits)).then_some(Wait::Deposit { index }))
    }

    /// Makes the settlement of a sealed layer.
    ///
    /// # Errors
    /// [`FlowError::SealHash`] when the layer is not sealed, or its logs are not what was sealed.
    pub async fn settlement(&self) -> Result<Settlement, FlowError> {
        settle::settlement(&self.context).await
    }

    async fn settle(&self) -> Result<Progress, FlowError> {
        let finality = self.context.config.l1.finality;
        // What the settlement is made of is the whole log: while one waits for the L1 it is left alone.
        if let Some(held) = self.l1.view(finality).await?.settlement {
            let settlement = self.settlement().await?;
            settle::check(&settlement, &held)?;
            // It is done: this answers with the transaction that did it, which after a reorganisation of the
            // L1 may be another one than was sent first.
            let receipt = self.l1.act(L1Action::Settle(Box::new(settlement))).await?;
            bundle::remember_settlement(&self.context.stores, receipt).await?;
            return self.move_on(Phase::Sealed).await;
        }
        let latest = self.l1.view(Finality::Depth(0)).await?;
        let block = match latest.settlement {
            Some(_) => latest.block,
            None => self.settle_now().await?.block,
        };
        Ok(Progress::Waiting(Wait::L1Finality { block }))
    }

    async fn settle_now(&self) -> Result<L1Receipt, FlowError> {
        let settlement = self.settlement().await?;
        self.post_all().await?;
        Ok(self.l1.act(L1Action::Settle(Box::new(settlement))).await?)
    }

    /// Puts the inputs of every block on the L1: the settlement names what they fold to. Who settles with the
    /// organiser's word alone cannot; the blocks that seal follow from those that are there.
    async fn post_all(&self) -> Result<(), FlowError> {
        let Context { stores, config, .. } = &self.context;
        if config.posting == Posting::Leaves || !self.l1.may_post() {
            return Ok(());
        }
        let replica = &Replica::open(stores, config.id).await?;
        let batcher = Batcher { stores, config, replica, known_codes: &self.known_codes };
        batch::post(&batcher, &*self.l1, Due::All).await.map(drop)
    }

    async fn wait_for_window(&self) -> Result<Progress, FlowError> {
        let view = self.l1.view(self.context.config.l1.finality).await?;
        let until_s = view.settlement.map_or(u64::MAX, |settlement| settlement.final_at_s);
        if view.timestamp_s >= until_s {
            return self.move_on(Phase::Settled).await;
        }
        Ok(Progress::Waiting(Wait::Window { until_s }))
    }

    /// Puts every leaf on the L1, from where the contract says that it has them.
    async fn publish(&self) -> Result<Progress, FlowError> {
        let mut latest = self.l1.view(Finality::Depth(0)).await?;
        // All of them are there already when one only waits for the L1: then the log is left alone.
        if latest.settlement.as_ref().is_none_or(|held| latest.published < held.leaf_count) {
            let leaves = exits::collect(&self.context.stores).await?;
            let tree = exits::Exits::new(leaves);
            while let Some(chunk) = tree.chunk(latest.published, exits::PUBLISH_LEAVES) {
                self.l1.act(L1Action::Publish(chunk)).await?;
                latest = self.l1.view(Finality::Depth(0)).await?;
            }
        }
        if self.l1.view(self.context.config.l1.finality).await?.disposable {
            return self.move_on(Phase::Final).await;
        }
        Ok(Progress::Waiting(Wait::L1Finality { block: latest.block }))
    }

    async fn look_whether_disposable(&self) -> Result<Progress, FlowError> {
        let view = self.l1.view(self.context.config.l1.finality).await?;
        Ok(match view.disposable {
            true => Progress::Disposable,
            false => Progress::Waiting(Wait::L1Finality { block: view.block }),
        })
    }
}

/// Erases whatever there is of a layer, allowed or not: who asks knows that it has ended. Can be repeated.
///
/// # Errors
/// As the ports.
pub async fn erase(stores: &Stores, layer: LayerId) -> Result<(), FlowError> {
    let names = stores.objects.list(&names::layer_prefix(layer)).await?;
    stores.objects.delete(&names).await?;
    // The ledger last: while some of it is there, an interrupted erase is found and repeated.
    stores.stored.erase().await?;
    Ok(())
}
