use alloy_primitives::{TxKind, U256};
use revm::context::result::{ExecutionResult, HaltReason};

use super::{
    super::{error::Fault, rejected::Rejected, rules::TRANSACTION_GAS_CAP},
    error::{CallError, EstimateError},
    request::{CALL_GAS_CAP, CallRequest},
    run::{Session, View},
};

/// Gas of a plain transfer.
const TRANSFER_GAS: u64 = 21_000;

/// What a call with value gives its callee on top; see [`first_guess`].
const CALL_STIPEND: u64 = 2_300;

/// Finds the least gas limit with which a call succeeds: `eth_estimateGas`.
///
/// A binary search as geth's, but to the end: geth stops when it is 1.5 % too high.
///
/// # Errors
/// [`EstimateError::Reverted`] and the like when no gas limit is enough.
pub fn estimate_gas(view: View<'_>, request: &CallRequest) -> Result<u64, EstimateError> {
    let mut session = Session::open(view, request)?;
    let most = most_gas(&mut session, request)?;
    if is_transfer(&mut session, request)?
        && attempt(&mut session, request, TRANSFER_GAS)?.is_enough()
    {
        return Ok(TRANSFER_GAS);
    }
    match attempt(&mut session, request, most)? {
        Attempt::TooLittle => Err(EstimateError::Allowance { allowance: most }),
        Attempt::Failed(error) => Err(error),
        Attempt::Enough { gas_used, refunded } => {
            let guess = first_guess(gas_used, refunded);
            search(&mut session, request, Bounds { low: gas_used - 1, high: most, guess })
        }
    }
}

/// The gas limit is above `low` and at most `high`; `guess` is tried first.
struct Bounds {
    low: u64,
    high: u64,
    guess: u64,
}

fn search(
    session: &mut Session,
    request: &CallRequest,
    bounds: Bounds,
) -> Result<u64, EstimateError> {
    let Bounds { mut low, mut high, guess: mut next } = bounds;
    while low + 1 < high {
        if next <= low || next >= high {
            next = middle(low, high);
        }
        if attempt(session, request, next)?.is_enough() {
            high = next;
        } else {
            low = next;
        }
        next = middle(low, high);
    }
    Ok(high)
}

/// Most calls need little more than they use: do not begin in the middle of 50 million.
const fn middle(low: u64, high: u64) -> u64 {
    let middle = low + (high - low) / 2;
    let double = low.saturating_mul(2);
    if middle > double { double } else { middle }
}

/// What was refunded was needed before, and a callee gets 63/64 of the gas at most (EIP-150).
const fn first_guess(gas_used: u64, refunded: u64) -> u64 {
    (gas_used + refunded + CALL_STIPEND) * 64 / 63
}

/// The request's limit, or the block's; no more than any transaction or call may have, no more than
/// the caller can pay for.
fn most_gas(session: &mut Session, request: &CallRequest) -> Result<u64, EstimateError> {
    let asked = request.gas.filter(|gas| *gas >= TRANSFER_GAS);
    let most = asked.unwrap_or(session.env().gas_limit).min(TRANSACTION_GAS_CAP).min(CALL_GAS_CAP);
    if request.max_fee == 0 {
        return Ok(most);
    }
    let caller = session.overlay().account(request.from).map_err(Fault::from)?;
    let have = caller.unwrap_or_default().balance;
    let Some(left) = have.checked_sub(request.value) else {
        let reason = Rejected::InsufficientFunds { have, want: request.value };
        return Err(CallError::from(reason).into());
    };
    let affordable: u64 = (left / U256::from(request.max_fee)).saturating_to();
    Ok(most.min(affordable))
}

/// Whether nothing can happen but that value moves.
fn is_transfer(session: &mut Session, request: &CallRequest) -> Result<bool, Fault> {
    let TxKind::Call(to) = request.to else { return Ok(false) };
    let bare = request.input.is_empty()
        && request.access_list.is_empty()
        && request.authorization_list.is_empty();
    Ok(bare && !session.overlay().has_code(to)?)
}

/// What came of a run with some gas limit.
enum Attempt {
    Enough { gas_used: u64, refunded: u64 },
    TooLittle,
    Failed(EstimateError),
}

impl Attempt {
    const fn is_enough(&self) -> bool {
        matches!(self, Self::Enough { .. })
    }
}

fn attempt(session: &mut Session, request: &CallRequest, gas: u64) -> Result<Attempt, CallError> {
    let result = match session.run(request.with_gas(gas)) {
        Ok(result) => result,
        Err(CallError::Rejected(Rejected::IntrinsicGas { .. } | Rejected::FloorGas { .. })) => {
            return Ok(Attempt::TooLittle);
        }
        Err(other) => return Err(other),
    };
    Ok(match result {
        ExecutionResult::Success { gas, .. } => {
            Attempt::Enough { gas_used: gas.tx_gas_used(), refunded: gas.final_refunded() }
        }
        ExecutionResult::Halt { reason: HaltReason::OutOfGas(_), .. } => Attempt::TooLittle,
        ExecutionResult::Revert { output, .. } => {
            Attempt::Failed(EstimateError::Reverted { output })
        }
        ExecutionResult::Halt { reason, .. } => {
            Attempt::Failed(EstimateError::Halted { reason: reason.into() })
        }
    })
}
