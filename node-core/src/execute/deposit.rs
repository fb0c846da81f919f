//! `0x7E` transactions: deposits from the L1, and the calls by which a layer seals itself.
//!
//! The rules are the OP Stack's (deposits specification, after Regolith), on mainnet revm:
//!
//! 1. `mint` is credited to `from`, and stays credited whatever happens next.
//! 2. The call costs gas but no fee; nonce, code of the sender and the gas cap are not checked.
//! 3. `from`'s nonce goes up by one, also when the call fails.
//! 4. A call that reverts or halts has status 0 and uses the gas that it used; one that cannot begin
//!    (too little gas or funds) has status 0 and uses all its gas.
//!
//! The gas counts to the block's. A deposit was paid for on the L1 and cannot be refused here, so one
//! that wants more gas than a whole block has gets the whole block's.

use alloy_primitives::{TxKind, U256};
use op_alloy_consensus::TxDeposit;
use revm::context::{
    TxEnv,
    result::{ExecutionResult, InvalidTransaction},
};

use super::{
    convert,
    error::Fault,
    machine::{Kind, Machine, Run},
    overlay::Overlay,
    rejected::{INIT_CODE_LIMIT, Rejected},
    rules::{Rules, SupplyLedger},
};
use crate::chain::{L2_BRIDGE, SYSTEM_SENDER};

/// Checks what every deposit must be: only what comes from the L1 mints, so that all that was minted is
/// counted as deposits are.
pub(super) fn check(tx: &TxDeposit) -> Result<(), Rejected> {
    let mint = tx.mint;
    if tx.from == SYSTEM_SENDER && mint > 0 { Err(Rejected::SystemMint { mint }) } else { Ok(()) }
}

/// Returns the gas that a deposit gets in a block of `block_gas_limit`.
pub(super) fn gas_limit(tx: &TxDeposit, block_gas_limit: u64) -> u64 {
    tx.gas_limit.min(block_gas_limit)
}

/// Does what comes before the call of a deposit that is traced; `None` when it cannot begin.
pub(super) fn begin<I>(
    machine: &mut Machine<I>,
    rules: &Rules,
    tx: &TxDeposit,
    gas_limit: u64,
) -> Result<Option<TxEnv>, Fault> {
    credit(machine.overlay(), tx, rules.supply)?;
    let call = convert::deposit(tx, gas_limit);
    if can_begin(machine, &call)? {
        return Ok(Some(call));
    }
    skip(machine, tx)?;
    Ok(None)
}

/// Executes a deposit; `None` when its call could not begin.
///
/// A fault leaves the block as it was before the deposit.
pub(super) fn run(
    machine: &mut Machine,
    rules: &Rules,
    tx: &TxDeposit,
    gas_limit: u64,
) -> Result<Option<ExecutionResult>, Fault> {
    let overlay = machine.overlay();
    let from = overlay.account(tx.from)?;
    let entries = rules.supply.map(|ledger| ledger.load(overlay)).transpose()?;
    credit(overlay, tx, rules.supply)?;
    let result = call(machine, rules.supply, tx, gas_limit);
    if result.is_err() {
        machine.overlay().put_back(tx.from, from)?;
        if let Some((ledger, entries)) = rules.supply.zip(entries) {
            ledger.put_back(machine.overlay(), entries)?;
        }
    }
    result
}

fn call(
    machine: &mut Machine,
    ledger: Option<SupplyLedger>,
    tx: &TxDeposit,
    gas_limit: u64,
) -> Result<Option<ExecutionResult>, Fault> {
    let call = convert::deposit(tx, gas_limit);
    if !can_begin(machine, &call)? {
        skip(machine, tx)?;
        return Ok(None);
    }
    match machine.run(Kind::Deposit, call)? {
        Ok(Run { result, touched }) => {
            if let Some(ledger) = ledger {
                ledger.add_burned(machine.overlay(), touched)?;
            }
            Ok(Some(result))
        }
        Err(too_little_gas) => {
            debug_assert!(is_gas(&too_little_gas), "{too_little_gas}");
            skip(machine, tx)?;
            Ok(None)
        }
    }
}

fn credit(
    overlay: &mut Overlay,
    tx: &TxDeposit,
    ledger: Option<SupplyLedger>,
) -> Result<(), Fault> {
    overlay.credit(tx.from, U256::from(tx.mint))?;
    let Some(ledger) = ledger else { return Ok(()) };
    ledger.add_minted(overlay, tx.mint)?;
    // The system calls the bridge for deposits of tokens, and for nothing else.
    if tx.from != SYSTEM_SENDER || tx.to == TxKind::Call(L2_BRIDGE) {
        ledger.count_deposit(overlay)?;
    }
    Ok(())
}

/// What revm would only find out in the frame, where the nonce of a creation would not go up.
fn can_begin<I>(machine: &mut Machine<I>, call: &TxEnv) -> Result<bool, Fault> {
    let balance = machine.overlay().account(call.caller)?.unwrap_or_default().balance;
    let init_code_fits = call.kind.is_call() || call.data.len() <= INIT_CODE_LIMIT;
    Ok(balance >= call.value && init_code_fits)
}

fn skip<I>(machine: &mut Machine<I>, tx: &TxDeposit) -> Result<(), Fault> {
    // Saturates at a nonce that no account reaches (EIP-2681).
    Ok(machine.overlay().update(tx.from, |from| from.nonce = from.nonce.saturating_add(1))?)
}

const fn is_gas(refusal: &InvalidTransaction) -> bool {
    use InvalidTransaction::{CallGasCostMoreThanGasLimit, GasFloorMoreThanGasLimit};
    matches!(refusal, CallGasCostMoreThanGasLimit { .. } | GasFloorMoreThanGasLimit { .. })
}
