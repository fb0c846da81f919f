use alloy::rpc::types::TransactionReceipt;

/// What transactions on the L1 cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// How many there were.
    pub transactions: u64,
    /// Gas that they used, of blobs too.
    pub gas: u64,
    /// What was paid for it, in wei.
    pub fee_wei: u128,
}

impl Spent {
    /// Adds an executed transaction.
    pub(super) fn plus(self, receipt: &TransactionReceipt) -> Self {
        let blob_gas = receipt.blob_gas_used.unwrap_or_default();
        let blob_price = receipt.blob_gas_price.unwrap_or_default();
        let fee = u128::from(receipt.gas_used).saturating_mul(receipt.effective_gas_price);
        let blob_fee = u128::from(blob_gas).saturating_mul(blob_price);
        Self {
            transactions: self.transactions + 1,
            gas: self.gas.saturating_add(receipt.gas_used).saturating_add(blob_gas),
            fee_wei: self.fee_wei.saturating_add(fee).saturating_add(blob_fee),
        }
    }

    /// What was spent since `earlier`.
    #[must_use]
    pub const fn since(self, earlier: &Self) -> Self {
        Self {
            transactions: self.transactions.saturating_sub(earlier.transactions),
            gas: self.gas.saturating_sub(earlier.gas),
            fee_wei: self.fee_wei.saturating_sub(earlier.fee_wei),
        }
    }
}
