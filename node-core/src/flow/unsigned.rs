use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use crate::chain::{DepositEvent, EXIT_SEALER, Transaction, deposit_source, system_transaction};

/// Counts the transactions of a layer that nobody signed: they come from the L1 or from the system, each in
/// its turn, or they are invented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unsigned {
    /// Deposits so far.
    pub(super) deposits: u64,
    /// System transactions so far.
    pub(super) sequence: u64,
}

impl Unsigned {
    /// Takes the next deposit of `layer` out of `deposits`, which are consecutive; `None` when it is not
    /// there.
    pub(super) fn deposit(
        &mut self,
        layer: Address,
        deposits: &[DepositEvent],
    ) -> Option<Transaction> {
        let at = self.deposits.checked_sub(deposits.first()?.index)?;
        let event = deposits.get(usize::try_from(at).ok()?)?;
        if event.index != self.deposits {
            return None;
        }
        self.deposits += 1;
        Some(event.clone().into_transaction(layer))
    }

    /// Whether a transaction calls itself the next deposit of `layer`.
    pub(super) fn names_deposit(&self, layer: Address, tx: &Transaction) -> bool {
        let next = deposit_source(layer, self.deposits);
        tx.as_deposit().is_some_and(|tx| tx.source_hash == next)
    }

    /// Takes a transaction that is no deposit: signed, or the system's next call of the sealer. Returns
    /// whether it is either.
    pub(super) fn signed_or_system(&mut self, layer: Address, tx: &Transaction) -> bool {
        let Some(call) = tx.as_deposit() else { return true };
        let next = system_transaction(layer, self.sequence, EXIT_SEALER, call.input.clone());
        let is_next = next.hash() == tx.hash();
        self.sequence += u64::from(is_next);
        is_next
    }
}
