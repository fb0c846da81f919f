//! Calls that the chain itself makes around a block.

use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::{BEACON_ROOTS_ADDRESS, SYSTEM_ADDRESS},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use revm::context::{TxEnv, result::ExecutionResult};

use super::{convert, error::Fault, machine::Machine};
use crate::chain::{Fork, L1_INFO, L1Origin, SYSTEM_SENDER};

/// Gas of one system call. EIP-4788.
const SYSTEM_CALL_GAS: u64 = 30_000_000;

/// Runs the calls before the first transaction, in the order of the EIPs' activation, and the layer's own last.
pub(super) fn open_block<I>(
    machine: &mut Machine<I>,
    fork: Fork,
    parent_beacon_block_root: B256,
    parent_hash: B256,
    origin: Option<L1Origin>,
) -> Result<(), Fault> {
    if fork >= Fork::Cancun {
        call_if_there(machine, BEACON_ROOTS_ADDRESS, parent_beacon_block_root.into())?;
    }
    if fork >= Fork::Prague {
        call_if_there(machine, HISTORY_STORAGE_ADDRESS, parent_hash.into())?;
    }
    match origin {
        Some(origin) => name_l1_block(machine, &origin),
        None => Ok(()),
    }
}

/// Tells the layer's contracts on which L1 block the layer rests, if they do not know it yet.
fn name_l1_block<I>(machine: &mut Machine<I>, origin: &L1Origin) -> Result<(), Fault> {
    if !machine.overlay().has_code(L1_INFO)? {
        return Ok(());
    }
    // Slot 0 has the number in its last eight bytes, and the time before them.
    let held = machine.overlay().slot(L1_INFO, U256::ZERO)?;
    if origin.number > held.as_limbs()[0] {
        let tx = convert::call(SYSTEM_SENDER, L1_INFO.into(), origin.call(), SYSTEM_CALL_GAS);
        machine.run_system_call(tx)?;
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
