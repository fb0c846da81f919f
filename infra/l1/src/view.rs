use alloy::{eips::BlockNumberOrTag, primitives::B256, sol_types::SolCall};
use mayfly_contracts::FlashLayer::{
    batchAccCall, batchCountCall, claimedCountCall, consumedDepositsCall, depositCountCall,
    depositsClosedCall, exitRootCall, finalAtCall, isDisposableCall, leafCountCall,
    postedBlockCall, publishedCountCall, stateRootCall,
};
use node_core::port::{L1Settlement, L1View, PortError, Posted};
use tokio::try_join;

use crate::{HttpL1, L1Block};

impl HttpL1 {
    /// Reads the contract at `block`; before the layer was opened there is nothing to read.
    pub(crate) async fn view_at(&self, block: L1Block) -> Result<L1View, PortError> {
        let nothing =
            L1View { block: block.number, timestamp_s: block.timestamp_s, ..L1View::default() };
        if !self.node.has_code(self.binding.layer, block.number.into()).await? {
            return Ok(nothing);
        }
        let at = At { l1: self, block: block.number.into() };
        let (posted, deposit_count, closed, settlement, published, claimed, disposable) = try_join!(
            at.posted(),
            at.ask(depositCountCall {}),
            at.ask(depositsClosedCall {}),
            at.settlement(),
            at.ask(publishedCountCall {}),
            at.ask(claimedCountCall {}),
            at.ask(isDisposableCall {}),
        )?;
        Ok(L1View {
            posted,
            deposit_count,
            deposits_closed: closed || block.timestamp_s >= self.config.depositCutoff,
            // Nodes differ in the time that a call sees. Erasing cannot be undone, so the block's counts too.
            disposable: disposable
                && settlement.as_ref().is_some_and(|held| held.final_at_s <= block.timestamp_s),
            settlement,
            published: published.into(),
            claimed: claimed.saturating_to(),
            ..nothing
        })
    }
}

impl HttpL1 {
    /// Returns what all batches fold to at the newest block, and the number of the last block in them.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn posted(&self) -> Result<(B256, u64), PortError> {
        try_join!(self.ask(batchAccCall {}), self.ask(postedBlockCall {}))
    }
}

/// The contract at one block.
struct At<'a> {
    l1: &'a HttpL1,
    block: BlockNumberOrTag,
}

impl At<'_> {
    async fn ask<C: SolCall>(&self, call: C) -> Result<C::Return, PortError> {
        self.l1.node.call(self.l1.binding.layer, &call, self.block).await
    }

    async fn posted(&self) -> Result<Posted, PortError> {
        let (batches, last_block, consumed_deposits) = try_join!(
            self.ask(batchCountCall {}),
            self.ask(postedBlockCall {}),
            self.ask(consumedDepositsCall {}),
        )?;
        Ok(Posted { batches: batches.into(), last_block, consumed_deposits })
    }

    async fn settlement(&self) -> Result<Option<L1Settlement>, PortError> {
        let (final_at_s, state_root, exit_root, leaf_count): (u64, B256, B256, u32) = try_join!(
            self.ask(finalAtCall {}),
            self.ask(stateRootCall {}),
            self.ask(exitRootCall {}),
            self.ask(leafCountCall {}),
        )?;
        let settled = final_at_s != 0;
        let settlement =
            L1Settlement { state_root, exit_root, leaf_count: leaf_count.into(), final_at_s };
        Ok(settled.then_some(settlement))
    }
}
