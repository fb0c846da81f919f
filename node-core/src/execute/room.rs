use alloy_eips::eip4844::DATA_GAS_PER_BLOB;

use super::{env::NextBlock, rejected::Rejected};
use crate::chain::Era;

/// Gas and blob gas of a block, used and left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    gas_limit: u64,
    gas_used: u64,
    blob_gas_used: u64,
    blob_gas_limit: u64,
}

impl Room {
    /// Returns the room of an empty block.
    pub(super) const fn of(env: &NextBlock, era: &Era) -> Self {
        let blob_gas_limit = era.blobs.max_blob_gas_per_block();
        Self { gas_limit: env.gas_limit, gas_used: 0, blob_gas_used: 0, blob_gas_limit }
    }

    /// Returns the gas used so far.
    pub(super) const fn gas_used(&self) -> u64 {
        self.gas_used
    }

    /// Returns the gas left.
    pub(super) const fn gas_left(&self) -> u64 {
        // Never below zero: no transaction uses more than its limit, which was checked against this.
        self.gas_limit.saturating_sub(self.gas_used)
    }

    /// Returns the blob gas used so far.
    pub(super) const fn blob_gas_used(&self) -> u64 {
        self.blob_gas_used
    }

    /// Checks that a transaction with `need` gas fits.
    pub(super) const fn check_gas(&self, need: u64) -> Result<(), Rejected> {
        if need > self.gas_limit {
            return Err(Rejected::BlockGasLimit { got: need, limit: self.gas_limit });
        }
        let left = self.gas_left();
        if need > left { Err(Rejected::NoRoom { need, left }) } else { Ok(()) }
    }

    /// Checks that a transaction with `blobs` blobs fits. EIP-4844.
    pub(super) const fn check_blobs(&self, blobs: u64) -> Result<(), Rejected> {
        let need = blobs.saturating_mul(DATA_GAS_PER_BLOB);
        let left = self.blob_gas_limit.saturating_sub(self.blob_gas_used);
        if need > left { Err(Rejected::NoBlobRoom { need, left }) } else { Ok(()) }
    }

    /// Counts an included transaction.
    pub(super) const fn take(&mut self, gas: u64, blobs: u64) {
        self.gas_used = self.gas_used.saturating_add(gas);
        self.blob_gas_used =
            self.blob_gas_used.saturating_add(blobs.saturating_mul(DATA_GAS_PER_BLOB));
    }
}
