//! Calls that the chain itself makes around a block.

use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::{BEACON_ROOTS_ADDRESS, SYSTEM_ADDRESS},
};
use alloy_primitives::{Address, B256, Bytes};
use revm::context::{TxEnv, result::ExecutionResult};

use super::{convert, error::Fault, machine::Machine};
use crate::chain::Fork;

/// Gas of one system call. EIP-4788.
const SYSTEM_CALL_GAS: u64 = 30_000_000;

/// Runs the calls before the first transaction, in the order of the EIPs' activation.
pub(super) fn open_block<I>(
    machine: &mut Machine<I>,
    fork: Fork,
    parent_beacon_block_root: B256,
    parent_hash: B256,
) -> Result<(), Fault> {
    if fork >= Fork::Cancun {
        call_if_there(machine, BEACON_ROOTS_ADDRESS, parent_beacon_block_root.into())?;
    }
    if fork >= Fork::Prague {
        call_if_there(machine, HISTORY_STORAGE_ADDRESS, parent_hash.into())?;
    }
    Ok(())
}

/// Calls a contract as the system; `None` when there is no code.
pub(super) fn call_if_there<I>(
    machine: &mut Machine<I>,
    to: Address,
    input: Bytes,
) -> Result<Option<ExecutionResult>, Fault> {
    if !machine.overlay().has_code(to)? {
        return Ok(None);
    }
    let tx: TxEnv = convert::call(SYSTEM_ADDRESS, to.into(), input, SYSTEM_CALL_GAS);
    machine.run_system_call(tx).map(Some)
}
