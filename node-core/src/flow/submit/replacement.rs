use alloy_consensus::Transaction as _;

use crate::chain::Transaction;

/// A replacement must raise both fees by this much, in percent. geth's `--txpool.pricebump` default.
const PRICE_BUMP_PERCENT: u128 = 10;

/// What happens when two transactions of one sender have the same nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// The newer one takes the place.
    Replaces,
    /// The newer one pays too little more.
    Underpriced,
}

/// Compares a waiting transaction with a newer one of the same sender and nonce.
///
/// Both fees must rise by 10 %, as in geth. Where nobody pays anything (a free layer) a fee cannot rise, so
/// the newer one wins: that is how a wallet's "cancel" and "speed up" work there.
pub fn compare(held: &Transaction, newer: &Transaction) -> Replacement {
    let free = held.max_fee_per_gas() == 0;
    let raised = |old: u128, new: u128| {
        new.saturating_mul(100) >= old.saturating_mul(100 + PRICE_BUMP_PERCENT)
    };
    let fee = raised(held.max_fee_per_gas(), newer.max_fee_per_gas());
    let tip = raised(tip(held), tip(newer));
    if free || (fee && tip) { Replacement::Replaces } else { Replacement::Underpriced }
}

fn tip(tx: &Transaction) -> u128 {
    tx.max_priority_fee_per_gas().unwrap_or_else(|| tx.max_fee_per_gas())
}
