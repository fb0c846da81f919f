//! Transactions as revm takes them.

use alloy_consensus::{EthereumTxEnvelope, Transaction as _, TxEip4844, Typed2718};
use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use op_alloy_consensus::TxDeposit;
use revm::context::TxEnv;
use revm::context_interface::either::Either;

/// Returns a signed transaction as revm takes it.
pub(super) fn signed(tx: &EthereumTxEnvelope<TxEip4844>, sender: Address) -> TxEnv {
    TxEnv {
        tx_type: tx.ty(),
        caller: sender,
        gas_limit: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
        kind: tx.kind(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: tx.max_priority_fee_per_gas(),
        blob_hashes: tx.blob_versioned_hashes().unwrap_or_default().to_vec(),
        max_fee_per_blob_gas: tx.max_fee_per_blob_gas().unwrap_or_default(),
        authorization_list: authorizations(tx.authorization_list().unwrap_or_default()),
    }
}

/// Returns a call at price zero, which names no chain and no nonce.
pub(super) fn call(from: Address, to: TxKind, input: Bytes, gas_limit: u64) -> TxEnv {
    TxEnv {
        tx_type: 0,
        caller: from,
        gas_limit,
        gas_price: 0,
        kind: to,
        value: U256::ZERO,
        data: input,
        nonce: 0,
        chain_id: None,
        access_list: AccessList::default(),
        gas_priority_fee: None,
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: Vec::new(),
    }
}

/// Returns a deposit as revm takes it, with `gas_limit` gas.
pub(super) fn deposit(tx: &TxDeposit, gas_limit: u64) -> TxEnv {
    TxEnv { value: tx.value, ..call(tx.from, tx.to, tx.input.clone(), gas_limit) }
}

/// Returns a list of authorizations as revm takes it.
pub(super) fn authorizations<R>(
    list: &[SignedAuthorization],
) -> Vec<Either<SignedAuthorization, R>> {
    list.iter().cloned().map(Either::Left).collect()
}
