use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use revm::context::TxEnv;

use super::super::convert;

/// The most gas that a call gets: geth's `--rpc.gascap`.
pub const CALL_GAS_CAP: u64 = 50_000_000;

/// What `eth_call` and `eth_estimateGas` are asked to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallRequest {
    /// Who calls; need not exist.
    pub from: Address,
    /// Whom, or a creation.
    pub to: TxKind,
    /// Wei sent along; the caller must have it.
    pub value: U256,
    /// Call data, or init code.
    pub input: Bytes,
    /// Gas limit; [`CALL_GAS_CAP`] when missing or larger.
    pub gas: Option<u64>,
    /// The most the caller pays, wei per gas; 0 makes the call free whatever the base fee.
    pub max_fee: u128,
    /// Tip, wei per gas; `None` makes `max_fee` a plain gas price.
    pub max_priority_fee: Option<u128>,
    /// Accounts and slots that are warm from the start.
    pub access_list: AccessList,
    /// Delegations to set first (EIP-7702).
    pub authorization_list: Vec<SignedAuthorization>,
}

impl CallRequest {
    /// Returns the call as revm takes it, with `gas_limit` gas.
    pub(in crate::execute) fn with_gas(&self, gas_limit: u64) -> TxEnv {
        TxEnv {
            tx_type: self.transaction_type(),
            value: self.value,
            gas_price: self.max_fee,
            gas_priority_fee: self.max_priority_fee,
            access_list: self.access_list.clone(),
            authorization_list: convert::authorizations(&self.authorization_list),
            ..convert::call(self.from, self.to, self.input.clone(), gas_limit)
        }
    }

    /// The least type that has the fields which are used.
    const fn transaction_type(&self) -> u8 {
        if !self.authorization_list.is_empty() {
            4
        } else if self.max_priority_fee.is_some() {
            2
        } else if self.access_list.0.is_empty() {
            0
        } else {
            1
        }
    }
}

impl From<TransactionRequest> for CallRequest {
    fn from(request: TransactionRequest) -> Self {
        let plain_price = request.gas_price;
        let tip = request.max_priority_fee_per_gas.unwrap_or_default();
        Self {
            from: request.from.unwrap_or_default(),
            to: request.to.unwrap_or_default(),
            value: request.value.unwrap_or_default(),
            input: request.input.into_input().unwrap_or_default(),
            gas: request.gas,
            max_fee: plain_price.or(request.max_fee_per_gas).unwrap_or_default(),
            max_priority_fee: plain_price.is_none().then_some(tip),
            access_list: request.access_list.unwrap_or_default(),
            authorization_list: request.authorization_list.unwrap_or_default(),
        }
    }
}
