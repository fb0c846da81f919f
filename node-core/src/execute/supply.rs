//! What the executor writes into the [`SupplyLedger`].

use alloy_primitives::U256;

use super::{
    error::Fault,
    overlay::{Overlay, Touched},
    rules::SupplyLedger,
};

/// The ledger as it was, to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entries {
    minted: U256,
    deposits: U256,
}

impl SupplyLedger {
    /// Reads all of the ledger, so that no later read of it can fail.
    pub(super) fn load(&self, overlay: &mut Overlay) -> Result<Entries, Fault> {
        overlay.has_code(self.account)?;
        overlay.slot(self.account, Self::BURNED)?;
        Ok(Entries {
            minted: overlay.slot(self.account, Self::MINTED)?,
            deposits: overlay.slot(self.account, Self::DEPOSITS)?,
        })
    }

    /// Takes back a mint and a count.
    pub(super) fn put_back(&self, overlay: &mut Overlay, entries: Entries) -> Result<(), Fault> {
        overlay.set_slot(self.account, Self::MINTED, entries.minted)?;
        Ok(overlay.set_slot(self.account, Self::DEPOSITS, entries.deposits)?)
    }

    /// Counts a deposit from the L1.
    pub(super) fn count_deposit(&self, overlay: &mut Overlay) -> Result<(), Fault> {
        self.add(overlay, Self::DEPOSITS, U256::from(1))
    }

    /// Adds wei that a deposit credited.
    pub(super) fn add_minted(&self, overlay: &mut Overlay, wei: u128) -> Result<(), Fault> {
        self.add(overlay, Self::MINTED, U256::from(wei))
    }

    /// Adds wei that a transaction destroyed: what is missing from the balances it touched.
    ///
    /// Nothing else moves the sum on a layer: a mint is credited before the run, and all fees go to
    /// the beneficiary.
    pub(super) fn add_burned(&self, overlay: &mut Overlay, touched: Touched) -> Result<(), Fault> {
        let Touched { before, after } = touched;
        let burned = before.checked_sub(after).ok_or(Fault::SupplyGrew { before, after })?;
        self.add(overlay, Self::BURNED, burned)
    }

    fn add(&self, overlay: &mut Overlay, key: U256, amount: U256) -> Result<(), Fault> {
        if amount.is_zero() || !overlay.has_code(self.account)? {
            return Ok(());
        }
        let sum = overlay.slot(self.account, key)?.saturating_add(amount);
        Ok(overlay.set_slot(self.account, key, sum)?)
    }
}
