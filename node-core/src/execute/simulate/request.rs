use alloy_consensus::{EthereumTxEnvelope, TxEip4844};
use alloy_primitives::{Address, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;

use super::error::SimulateError;

/// What a call gets where it does not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) chain_id: u64,
    /// Nonce of the caller.
    pub(super) nonce: u64,
    /// Gas limit of the block.
    pub(super) gas_limit: u64,
    /// Gas used in the block.
    pub(super) gas_used: u64,
    /// Gas that all blocks together may still use.
    pub(super) budget: u64,
}

/// A call as the transaction that it would be, signed by nobody.
pub(super) struct Simulated {
    pub(super) from: Address,
    pub(super) transaction: EthereumTxEnvelope<TxEip4844>,
}

impl Defaults {
    /// Completes a call.
    pub(super) fn complete(&self, call: &TransactionRequest) -> Result<Simulated, SimulateError> {
        let mut call = call.clone();
        self.check(&call)?;
        let from = call.from.unwrap_or_default();
        call.nonce.get_or_insert(self.nonce);
        call.gas = Some(self.gas(call.gas)?);
        call.chain_id = Some(self.chain_id);
        call.to.get_or_insert(TxKind::Create);
        call.value.get_or_insert(U256::ZERO);
        if call.gas_price.is_none() {
            call.max_fee_per_gas.get_or_insert(0);
            call.max_priority_fee_per_gas.get_or_insert(0);
        }
        if call.blob_versioned_hashes.is_some() {
            call.max_fee_per_blob_gas.get_or_insert(0);
        }
        call.normalize_input();
        let transaction = call.build_typed_simulate_transaction();
        let transaction = transaction.map_err(|error| request(error.to_string()))?;
        Ok(Simulated { from, transaction })
    }

    /// Refuses calls that say two things at once, with geth's texts.
    fn check(&self, call: &TransactionRequest) -> Result<(), SimulateError> {
        if call.gas_price.is_some()
            && (call.max_fee_per_gas.is_some() || call.max_priority_fee_per_gas.is_some())
        {
            let text = "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified";
            return Err(request(text));
        }
        match call.chain_id {
            Some(have) if have != self.chain_id => {
                let want = self.chain_id;
                Err(request(format!("chainId does not match node's (have={have}, want={want})")))
            }
            _ => Ok(()),
        }
    }

    /// All that is left of the block, where a call does not say; never more than all may use.
    fn gas(&self, asked: Option<u64>) -> Result<u64, SimulateError> {
        let gas = asked.unwrap_or(self.gas_limit.saturating_sub(self.gas_used));
        let used = self.gas_used.saturating_add(gas);
        if used > self.gas_limit {
            return Err(SimulateError::BlockGasLimit { used, limit: self.gas_limit });
        }
        Ok(gas.min(self.budget))
    }
}

fn request(reason: impl Into<String>) -> SimulateError {
    SimulateError::Request { reason: reason.into() }
}
