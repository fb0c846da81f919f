use alloy_consensus::Header;
use alloy_eips::eip4895::{Withdrawal, Withdrawals};
use alloy_primitives::B256;

use super::{Block, Transaction};

/// A block as Ethereum encodes it: header, transactions, ommers, withdrawals.
pub type EthereumBlock = alloy_consensus::Block<Transaction>;

/// What a block of Ethereum has and a layer's has not. Only imported chains have annexes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annex {
    /// Headers of its ommers, before the merge.
    pub ommers: Vec<Header>,
    /// Withdrawals from the beacon chain (EIP-4895); `None` before Shanghai.
    pub withdrawals: Option<Vec<Withdrawal>>,
    /// State root after each transaction, which receipts had before Byzantium (EIP-658).
    pub post_states: Vec<B256>,
}

impl Annex {
    /// Separates a block of Ethereum into what a layer's block has and the rest.
    pub fn split(block: EthereumBlock) -> (Block, Self) {
        let EthereumBlock { header, body } = block;
        let withdrawals = body.withdrawals.map(Withdrawals::into_inner);
        let annex = Self { ommers: body.ommers, withdrawals, post_states: Vec::new() };
        (Block { header, transactions: body.transactions }, annex)
    }

    /// Puts a block together again. Without an annex it has no ommers, and withdrawals where its header
    /// has a root of them: none.
    pub fn join(block: &Block, annex: Option<&Self>) -> EthereumBlock {
        let Block { header, transactions } = block.clone();
        let (ommers, withdrawals) = match annex {
            Some(annex) => (annex.ommers.clone(), annex.withdrawals.clone()),
            None => (Vec::new(), header.withdrawals_root.map(|_| Vec::new())),
        };
        let withdrawals = withdrawals.map(Withdrawals::new);
        let body = alloy_consensus::BlockBody { transactions, ommers, withdrawals };
        EthereumBlock { header, body }
    }
}
