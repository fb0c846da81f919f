use core::ops::Range;
use std::sync::Arc;

use alloy_eips::BlockId;
use alloy_primitives::TxHash;

use crate::{
    execute::{PastBlock, TraceError},
    flow::{query::Located, sequence::Committed},
    rpc::{Node, RpcError},
    state::StateAt,
};

/// Transactions of a committed block.
pub(super) struct Past {
    pub(super) block: Arc<Committed>,
    pub(super) range: Range<usize>,
}

impl Past {
    /// All transactions of a block.
    pub(super) async fn whole(node: &Node, id: BlockId) -> Result<Self, RpcError> {
        Ok(Self::of(node.block(id).await?))
    }

    /// All transactions of `block`.
    pub(super) fn of(block: Arc<Committed>) -> Self {
        let range = 0..block.record.block.transactions.len();
        Self { block, range }
    }

    /// One transaction, if it is in a block.
    pub(super) async fn find(node: &Node, hash: TxHash) -> Result<Option<Self>, RpcError> {
        let found = node.replica.transaction(&hash).await?;
        Ok(found.map(|Located { block, index }| Self { block, range: index..index + 1 }))
    }

    /// One transaction.
    pub(super) async fn one(node: &Node, hash: TxHash) -> Result<Self, RpcError> {
        Self::find(node, hash).await?.ok_or(RpcError::TransactionNotFound)
    }

    /// Hashes of the transactions.
    pub(super) fn hashes(&self) -> impl Iterator<Item = TxHash> + '_ {
        self.block.record.block.transactions[self.range.clone()].iter().map(|tx| *tx.hash())
    }

    /// Runs the block again, on the state before it.
    pub(super) async fn run<T: Default>(
        &self,
        node: &Node,
        run: impl Fn(&PastBlock<'_>, Range<usize>) -> Result<T, TraceError> + Send + Sync,
    ) -> Result<T, RpcError> {
        let Self { block, range } = self;
        // Block 0 has no transactions, and nothing before it.
        let Some(parent) = block.header.number.checked_sub(1) else { return Ok(T::default()) };
        let ancestors = node.replica.ancestors(block.header.number).await?;
        let patience = node.patience();
        let read = |state: &StateAt| {
            let past = PastBlock {
                block: &block.record.block,
                hash: block.header.hash(),
                senders: &block.record.senders,
                world: &state.base,
                later: &state.later,
                ancestors: &ancestors,
                rules: &node.rules,
                patience: Some(&patience),
            };
            Ok(run(&past, range.clone())?)
        };
        node.with_state(parent.into(), read).await
    }
}
