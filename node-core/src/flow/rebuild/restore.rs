use super::Rebuild;
use crate::{
    chain::SealedHeader,
    execute::Built,
    flow::{
        FlowError,
        open::{self, Genesis},
        sequence::{Context, Sequencer, TakeOver},
    },
    port::{PortError, Stores},
};

/// A rebuilt layer in stores of its own.
#[derive(Debug)]
pub struct Restored {
    sequencer: Sequencer,
    now_ms: u64,
}

impl Restored {
    /// Opens the layer of `rebuild`, as it is at block 0, in empty stores.
    ///
    /// `holder` names this process uniquely; `now_ms` is Unix milliseconds, for the writer's lease.
    ///
    /// # Errors
    /// [`FlowError::OtherLayer`] when the stores hold another layer; the stores' errors.
    pub async fn open(
        stores: &Stores,
        rebuild: &Rebuild,
        holder: &str,
        now_ms: u64,
    ) -> Result<Self, FlowError> {
        let genesis = Genesis::of(rebuild.config(), rebuild.genesis().clone());
        open::open(stores, rebuild.config(), &genesis).await?;
        let context = Context::load(stores.clone(), None).await?;
        match Sequencer::take_over(context, holder, now_ms).await? {
            TakeOver::Won(sequencer) => Ok(Self { sequencer: *sequencer, now_ms }),
            TakeOver::Held { until_ms } => {
                let reason = format!("another process writes there until {until_ms}");
                Err(PortError::unavailable("stores of the rebuilt layer", reason).into())
            }
        }
    }

    /// Header of the newest block in the stores.
    pub const fn header(&self) -> &SealedHeader {
        &self.sequencer.tip().header
    }

    /// Writes the next block; one that is there already is passed over.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] for a block that does not follow; the stores' errors.
    pub async fn add(&mut self, built: Built) -> Result<(), FlowError> {
        if built.header.number <= self.header().number {
            return Ok(());
        }
        self.sequencer.adopt(built, self.now_ms).await
    }

    /// Writes a checkpoint, so that the layer opens quickly, and leaves the stores to others.
    ///
    /// # Errors
    /// The stores' errors.
    pub async fn finish(mut self) -> Result<(), FlowError> {
        self.sequencer.checkpoint().await?;
        self.sequencer.leave().await
    }
}
