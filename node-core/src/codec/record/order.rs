use alloy_primitives::{Address, TxHash};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use super::{Kind, Record};

/// A paid item of a shop, to be minted once.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct MintOrder {
    /// Provider, object and line item: what makes the order the same order.
    pub key: String,
    /// Who gets the ticket.
    pub recipient: Address,
    /// When the delivery was accepted, Unix milliseconds.
    pub received_ms: u64,
}

/// A mint order with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct OrderRecord {
    /// The order.
    pub order: MintOrder,
    /// The mint transaction; zero while the order waits or when it failed.
    pub transaction: TxHash,
    /// Why it failed; empty while it waits or when it was minted.
    pub failure: String,
}

impl OrderRecord {
    /// What became of the order.
    pub fn state(&self) -> OrderState {
        if !self.transaction.is_zero() {
            OrderState::Minted { transaction: self.transaction }
        } else if self.failure.is_empty() {
            OrderState::Waiting
        } else {
            OrderState::Failed { reason: self.failure.clone() }
        }
    }
}

impl Record for OrderRecord {
    const KIND: Kind = Kind::Order;
}

/// What became of a mint order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum OrderState {
    /// Recorded; the sequencer will mint.
    Waiting,
    /// Minted by this transaction.
    Minted {
        /// Hash of the mint transaction.
        transaction: TxHash,
    },
    /// Cannot be minted.
    Failed {
        /// Why, for a person.
        reason: String,
    },
}

impl OrderRecord {
    /// Takes over an outcome; what was decided once stays.
    pub fn apply(&mut self, outcome: &OrderState) {
        if self.state() != OrderState::Waiting {
            return;
        }
        match outcome {
            OrderState::Waiting => {}
            OrderState::Minted { transaction } => self.transaction = *transaction,
            OrderState::Failed { reason } => self.failure.clone_from(reason),
        }
    }
}
