use super::{Context, FlowError, Sequencer, commit::try_append, left::Left};
use crate::{
    codec::record::SlotContent,
    flow::{
        Tip,
        lease::{self, Claim},
        tip::{Read, read_slot},
    },
    port::{LogAppend, PortError},
};

/// How long a lease is claimed for. A crashed writer is replaced after this at the latest; three
/// renewals fit into it.
pub const LEASE_MS: u64 = 15_000;

/// Outcome of [`Sequencer::take_over`].
#[derive(Debug)]
pub enum TakeOver {
    /// This process writes now.
    Won(Box<Sequencer>),
    /// Another process holds the lease.
    Held {
        /// Until when, Unix milliseconds.
        until_ms: u64,
    },
}

impl Sequencer {
    /// Claims the lease, loads the state, fences all earlier writers, finishes what they left.
    ///
    /// `holder` names this process uniquely: two processes must never share it.
    ///
    /// # Errors
    /// [`PortError::Fenced`] when a newer writer fenced this one meanwhile.
    pub async fn take_over(
        context: Context,
        holder: &str,
        now_ms: u64,
    ) -> Result<TakeOver, FlowError> {
        let registers = &*context.stores.registers;
        let lease = match lease::claim(registers, holder, now_ms, LEASE_MS).await? {
            Claim::Held { until_ms } => return Ok(TakeOver::Held { until_ms }),
            Claim::Won(lease) => lease,
        };
        let (tip, unindexed) =
            Tip::open_with_blocks(&context.stores, context.caches.pages.clone()).await?;
        let mut sequencer = Self {
            context,
            lease,
            holder: holder.to_owned(),
            tip,
            unindexed,
            unsure: false,
            left: Left::default(),
            ahead: None,
            waiting: 0,
        };
        sequencer.check_newest()?;
        sequencer.fence().await?;
        sequencer.finish_newest().await?;
        Ok(TakeOver::Won(Box::new(sequencer)))
    }

    /// A writer that claimed later may have been quicker: what it fenced off includes this one.
    fn check_newest(&self) -> Result<(), PortError> {
        let (mine, newer) = (self.lease.epoch(), self.tip.epoch);
        if newer > mine { Err(PortError::Fenced { mine, newer }) } else { Ok(()) }
    }

    /// Occupies the next free slot. Blocks that an older writer commits first are taken over.
    async fn fence(&mut self) -> Result<(), FlowError> {
        if self.tip.ended {
            return Ok(());
        }
        loop {
            let entry = self.turn().with(SlotContent::Fence);
            match try_append(&self.context, entry.clone()).await? {
                LogAppend::Written => return self.tip.apply(&entry, &Read::Marker),
                LogAppend::Occupied(held) if held.epoch > self.lease.epoch() => {
                    let (mine, newer) = (self.lease.epoch(), held.epoch);
                    return Err(PortError::Fenced { mine, newer }.into());
                }
                LogAppend::Occupied(held) => {
                    let read = read_slot(&self.context.stores, &held).await?;
                    self.tip.apply_loading(&held, &read).await?;
                    if let Read::Block { record, .. } = read {
                        self.unindexed.push((held.slot, record));
                    }
                    if self.tip.ended {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Holds the lease for as long again, when half of it is over.
    pub(super) async fn keep_lease(&mut self, now_ms: u64) -> Result<(), FlowError> {
        if self.lease.until_ms() > now_ms + LEASE_MS / 2 {
            return Ok(());
        }
        self.lease.renew(&*self.context.stores.registers, now_ms, LEASE_MS).await
    }
}
