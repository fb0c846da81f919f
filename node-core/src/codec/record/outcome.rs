use alloy_primitives::{Bytes, TxHash, U256};
use serde::{Deserialize, Serialize};

/// The call that takes a ticket back on its contract: what stands before and after the id of the token in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundCall {
    /// Selector, and arguments before the id.
    pub before: Bytes,
    /// Arguments after it.
    pub after: Bytes,
    /// What the call does.
    pub effect: Effect,
}

/// What a call does to a ticket that is paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The ticket is gone.
    Burn,
    /// The ticket is marked and stays.
    Void,
}

/// What became of what was due for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in a block.
    Done {
        /// The transaction.
        transaction: TxHash,
        /// The token that it minted.
        token: Option<U256>,
    },
    /// It cannot be done.
    Failed {
        /// Why, for a person.
        reason: String,
    },
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
    /// Cannot be minted, or taken back.
    Failed {
        /// Why, for a person.
        reason: String,
    },
    /// Paid, and waits for the wallet of its buyer.
    Unclaimed,
    /// Paid back: never minted, or marked here if it was.
    Void,
    /// Paid back; the sequencer will burn the ticket.
    Burning,
    /// Paid back, and burned by this transaction.
    Burned {
        /// Hash of the transaction.
        transaction: TxHash,
    },
    /// Paid back; the sequencer will mark the ticket on its contract.
    Voiding,
    /// Paid back, and marked on its contract by this transaction.
    Voided {
        /// Hash of the transaction.
        transaction: TxHash,
    },
    /// No order, but what was sold together.
    Sale,
}

impl OrderState {
    /// Whether the sequencer has something to do for the order, now or when it knows for whom.
    pub const fn is_due(&self) -> bool {
        matches!(self, Self::Waiting | Self::Burning | Self::Voiding)
    }

    /// Name of the state, as JSON has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Minted { .. } => "minted",
            Self::Failed { .. } => "failed",
            Self::Unclaimed => "unclaimed",
            Self::Void => "void",
            Self::Burning => "burning",
            Self::Burned { .. } => "burned",
            Self::Voiding => "voiding",
            Self::Voided { .. } => "voided",
            Self::Sale => "sale",
        }
    }
}
