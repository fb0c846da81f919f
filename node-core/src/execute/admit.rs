//! What can be said of a transaction before it is run: by the functions that take it in.

use alloy_consensus::{EthereumTxEnvelope, Transaction as _, TxEip4844};
use alloy_primitives::{Address, U256};
use revm::{
    context::TxEnv, handler::validation::validate_initial_tx_gas, primitives::hardfork::SpecId,
};

use super::{
    convert,
    rejected::{INIT_CODE_LIMIT, Rejected},
    rules::TRANSACTION_GAS_CAP,
};
use crate::chain::Transaction;

/// What a layer asks of every transaction, whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Gas limit of a block.
    pub gas_limit: u64,
    /// Base fee in wei per gas.
    pub base_fee: u64,
}

/// What is known of the sender's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// Address, recovered from the signature.
    pub address: Address,
    /// Nonce of its next transaction.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// What its code is.
    pub code: SenderCode,
}

/// What code an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderCode {
    /// None, or a delegation (EIP-7702): it may send.
    NoneOrDelegation,
    /// A contract's: it may not send (EIP-3607).
    Contract,
}

impl SenderCode {
    /// Says what `code` is.
    pub fn of(code: &[u8]) -> Self {
        let delegation = code.len() == 23 && code.starts_with(&[0xef, 0x01, 0x00]);
        if code.is_empty() || delegation { Self::NoneOrDelegation } else { Self::Contract }
    }
}

/// Checks all that can be checked of a transaction without running it.
///
/// A transaction that passes is included in the next block, if by then the sender's nonce is the
/// transaction's, the funds are still there and the block has room. A nonce ahead of the account's
/// passes: how far ahead it may be is for the inbox to say.
///
/// # Errors
/// The first rule that is broken; those that need no account first.
pub fn admit(tx: &Transaction, sender: &Sender, terms: &Terms) -> Result<(), Rejected> {
    check_transaction(tx, terms)?;
    check_sender(tx, sender)
}

/// Checks what the transaction alone shows, in geth's order.
///
/// # Errors
/// The first rule that is broken.
pub fn check_transaction(tx: &Transaction, terms: &Terms) -> Result<(), Rejected> {
    let Transaction::Ethereum(tx) = tx else { return Err(Rejected::Deposit) };
    if tx.is_eip4844() {
        return Err(Rejected::BlobTransaction);
    }
    check_chain_id(tx, terms.chain_id)?;
    check_size(tx)?;
    check_gas_limit(tx.gas_limit(), terms.gas_limit)?;
    check_fee(tx, terms.base_fee)?;
    check_initial_gas(tx)
}

/// Checks what the sender's account shows, in geth's order.
///
/// # Errors
/// The first rule that is broken.
pub fn check_sender(tx: &Transaction, sender: &Sender) -> Result<(), Rejected> {
    if sender.code == SenderCode::Contract {
        return Err(Rejected::SenderHasCode { sender: sender.address });
    }
    if tx.nonce() < sender.nonce {
        return Err(Rejected::NonceTooLow { tx: tx.nonce(), state: sender.nonce });
    }
    let want = cost(tx)?;
    if want > sender.balance {
        return Err(Rejected::InsufficientFunds { have: sender.balance, want });
    }
    Ok(())
}

/// Returns the most that a transaction can cost, in wei.
fn cost(tx: &Transaction) -> Result<U256, Rejected> {
    u128::from(tx.gas_limit())
        .checked_mul(tx.max_fee_per_gas())
        .and_then(|gas| U256::from(gas).checked_add(tx.value()))
        .ok_or(Rejected::CostOverflow)
}

fn check_chain_id(tx: &EthereumTxEnvelope<TxEip4844>, expected: u64) -> Result<(), Rejected> {
    match tx.chain_id() {
        None => Err(Rejected::Unprotected),
        Some(got) if got != expected => Err(Rejected::ChainId { got, expected }),
        Some(_) => Ok(()),
    }
}

fn check_size(tx: &EthereumTxEnvelope<TxEip4844>) -> Result<(), Rejected> {
    if tx.nonce() == u64::MAX {
        return Err(Rejected::NonceMax);
    }
    if tx.kind().is_create() && tx.input().len() > INIT_CODE_LIMIT {
        return Err(Rejected::InitCodeSize { got: tx.input().len(), limit: INIT_CODE_LIMIT });
    }
    if tx.authorization_list().is_some_and(<[_]>::is_empty) {
        return Err(Rejected::NoAuthorization);
    }
    Ok(())
}

const fn check_gas_limit(got: u64, limit: u64) -> Result<(), Rejected> {
    if got > limit {
        return Err(Rejected::BlockGasLimit { got, limit });
    }
    if got > TRANSACTION_GAS_CAP {
        return Err(Rejected::TransactionGasCap { got, cap: TRANSACTION_GAS_CAP });
    }
    Ok(())
}

fn check_fee(tx: &EthereumTxEnvelope<TxEip4844>, base_fee: u64) -> Result<(), Rejected> {
    let max_fee = tx.max_fee_per_gas();
    match tx.max_priority_fee_per_gas() {
        Some(tip) if tip > max_fee => return Err(Rejected::TipAboveFee { tip, max_fee }),
        _ => {}
    }
    if max_fee < u128::from(base_fee) {
        return Err(Rejected::FeeTooLow { max_fee, base_fee });
    }
    Ok(())
}

/// Gas before the first instruction, and the floor that the data sets (EIP-7623).
fn check_initial_gas(tx: &EthereumTxEnvelope<TxEip4844>) -> Result<(), Rejected> {
    let have = tx.gas_limit();
    // The sender does not enter into this gas.
    let unlimited = TxEnv { gas_limit: u64::MAX, ..convert::signed(tx, Address::ZERO) };
    let Ok(gas) = validate_initial_tx_gas(unlimited, SpecId::OSAKA, false, false, u64::MAX, None)
    else {
        return Err(Rejected::IntrinsicGas { have, want: u64::MAX });
    };
    let want = gas.initial_total_gas();
    if have < want {
        return Err(Rejected::IntrinsicGas { have, want });
    }
    let want = gas.floor_gas();
    if have < want { Err(Rejected::FloorGas { have, want }) } else { Ok(()) }
}
