//! Requests to the consensus layer (EIP-7685), under Ethereum's rules only.

use alloy_eips::{
    eip6110::DEPOSIT_REQUEST_TYPE,
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_TYPE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_TYPE},
    eip7685::Requests,
};
use alloy_primitives::{Address, B256, Bytes, Log, b256};
use revm::context::result::{ExecutionResult, Output};

use super::{
    error::{BlockError, Fault},
    machine::Machine,
    system::call_if_there,
};
use crate::chain::Receipt;

/// Collects the requests of a block: from its logs, then from the queues that the calls empty.
pub(super) fn collect<I>(
    machine: &mut Machine<I>,
    deposit_contract: Address,
    receipts: &[Receipt],
) -> Result<Requests, BlockError> {
    let mut requests = Requests::default();
    requests.push_request_with_type(DEPOSIT_REQUEST_TYPE, deposits(deposit_contract, receipts)?);
    let withdrawals = dequeue(machine, WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS)?;
    requests.push_request_with_type(WITHDRAWAL_REQUEST_TYPE, withdrawals);
    let consolidations = dequeue(machine, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS)?;
    requests.push_request_with_type(CONSOLIDATION_REQUEST_TYPE, consolidations);
    Ok(requests)
}

fn dequeue<I>(machine: &mut Machine<I>, address: Address) -> Result<Bytes, BlockError> {
    let result = call_if_there(machine, address, Bytes::new())?;
    // What is not loaded looks like what does not exist.
    let missed = machine.overlay().missed();
    if !missed.is_empty() {
        return Err(Fault::NotLoaded { needs: missed.to_vec() }.into());
    }
    match result.ok_or(BlockError::SystemContractMissing { address })? {
        ExecutionResult::Success { output: Output::Call(queue), .. } => Ok(queue),
        _ => Err(BlockError::SystemCallFailed { address }),
    }
}

/// `DepositEvent(bytes,bytes,bytes,bytes,bytes)`
const DEPOSIT_EVENT: B256 =
    b256!("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5");

/// Length of a deposit event's data. EIP-6110.
const EVENT_BYTES: usize = 576;

/// Where the fields of a deposit event are: (word that holds the offset, offset, length). EIP-6110.
///
/// ```text
///   0  offset of pubkey         160  length 48, pubkey
///  32  offset of credentials    256  length 32, withdrawal credentials
///  64  offset of amount         320  length  8, amount
///  96  offset of signature      384  length 96, signature
/// 128  offset of index          512  length  8, index
/// ```
const FIELDS: [(usize, usize, usize); 5] =
    [(0, 160, 48), (32, 256, 32), (64, 320, 8), (96, 384, 96), (128, 512, 8)];

fn deposits(contract: Address, receipts: &[Receipt]) -> Result<Vec<u8>, BlockError> {
    let mut requests = Vec::new();
    let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
    for log in logs.filter(|log| log.address == contract && is_deposit(log)) {
        read_event(&log.data.data, &mut requests).ok_or(BlockError::DepositEvent)?;
    }
    Ok(requests)
}

fn is_deposit(log: &Log) -> bool {
    log.topics().first() == Some(&DEPOSIT_EVENT)
}

/// Appends the fields to `out`; `None` when one is not where it must be.
fn read_event(data: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if data.len() != EVENT_BYTES {
        return None;
    }
    for (head, offset, length) in FIELDS {
        (word(data, head)? == offset && word(data, offset)? == length).then_some(())?;
        out.extend_from_slice(data.get(offset + 32..offset + 32 + length)?);
    }
    Some(())
}

fn word(data: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 32] = data.get(at..at + 32)?.try_into().ok()?;
    alloy_primitives::U256::from_be_bytes(bytes).try_into().ok()
}
