use alloy_primitives::{Address, TxHash};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{Kind, Record};
use crate::{
    chain::{Block, Receipt},
    state::Delta,
};

/// One block as stored: with it a reader follows without executing.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct BlockRecord {
    /// Header and transactions.
    pub block: Block,
    /// Sender of each transaction.
    pub senders: Vec<Address>,
    /// Receipt of each transaction.
    pub receipts: Vec<Receipt>,
    /// What the block changed.
    pub delta: Delta,
    /// Mint orders that this block carried out.
    pub minted: Vec<MintedOrder>,
}

impl Record for BlockRecord {
    const KIND: Kind = Kind::Block;
}

/// A mint order and the transaction that carried it out.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct MintedOrder {
    /// Key of the order.
    pub key: String,
    /// Hash of the mint transaction.
    pub transaction: TxHash,
}
