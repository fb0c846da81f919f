//! What the system does on the layer to seal it.
//!
//! After the freeze nothing but system transactions runs, and they change the sealer only. So the whole
//! plan is a function of the frozen state, and the nonce of the system account says how far it was
//! carried out: a teardown that died continues where its blocks end.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, b256};
use alloy_sol_types::{SolCall, SolValue, sol};

use super::{FlowError, exits};
use crate::{
    chain::{EXIT_SEALER, SYSTEM_SENDER, Transaction, system_transaction},
    codec::record::PackError,
    execute::{CallOutcome, CallRequest, call},
    exit::{IExitSealer, MAX_ASSETS},
    flow::{
        Tip,
        sequence::{Context, Sequencer, Timing},
    },
};

/// Leaves swept in one system transaction. A leaf costs up to 60 k gas (an owner that is a contract is
/// asked for its recipient with 50 k), a transaction has 16.7 M: 200 always fit.
const SWEEP: usize = 200;

/// `Transfer(address,address,uint256)` of ERC-20 and ERC-721; only the latter indexes the id.
const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// Interface id of ERC-721 (EIP-165).
const ERC721: [u8; 4] = [0x80, 0xac, 0x58, 0xcd];

sol! {
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}

/// Carries out what is left of the plan.
pub(super) async fn execute(
    sequencer: &mut Sequencer,
    context: &Context,
    now_ms: u64,
) -> Result<(), FlowError> {
    let system = sequencer.tip().world.account(&SYSTEM_SENDER)?;
    let mut done = system.map_or(0, |account| account.info.nonce);
    let timing = Timing { now_ms, last_call: true };
    if done == 0 {
        let freeze = transaction(context, 0, IExitSealer::freezeCall {}.abi_encode());
        sequencer.commit_system(&[freeze], 0, timing).await?;
        done = 1;
    }
    let calls = calls(sequencer.tip(), context).await?;
    for (sequence, input) in (1_u64..).zip(calls) {
        if sequence < done {
            continue;
        }
        let transaction = transaction(context, sequence, input);
        sequencer.commit_system(&[transaction], sequence, timing).await?;
    }
    Ok(())
}

fn transaction(context: &Context, sequence: u64, input: Vec<u8>) -> Transaction {
    system_transaction(context.config.l1.layer, sequence, EXIT_SEALER, Bytes::from(input))
}

/// Calls to the sealer after the freeze, in order.
async fn calls(tip: &Tip, context: &Context) -> Result<Vec<Vec<u8>>, FlowError> {
    let mut calls = Vec::new();
    let holders = holders(tip)?;
    for chunk in holders.chunks(SWEEP) {
        calls.push(IExitSealer::sweepETHCall { holders: chunk.to_vec() }.abi_encode());
    }
    for (asset, (token, ids)) in (1_u32..).zip(collections(tip, context).await?) {
        calls.push(IExitSealer::addAsset721Call { token }.abi_encode());
        for chunk in ids.chunks(SWEEP) {
            calls.push(IExitSealer::sweep721Call { asset, ids: chunk.to_vec() }.abi_encode());
        }
    }
    calls.push(IExitSealer::sealCall {}.abi_encode());
    Ok(calls)
}

/// Everybody with ETH, in order of address.
fn holders(tip: &Tip) -> Result<Vec<Address>, FlowError> {
    let mut holders = Vec::new();
    for account in tip.world.iter_accounts() {
        let (hash, account) = account?;
        if !account.info.balance.is_zero() {
            holders.push(account.address.ok_or(PackError::Preimage { hash })?);
        }
    }
    holders.sort_unstable();
    Ok(holders)
}

/// Contracts that say they are ERC-721, with every id that their logs name, the largest first.
///
/// The sealer takes a bounded number of collections; those with the fewest ids stay behind, so that
/// nobody can push out an event's tickets by deploying empty contracts.
async fn collections(tip: &Tip, context: &Context) -> Result<Vec<(Address, Vec<U256>)>, FlowError> {
    let mut ids: BTreeMap<Address, BTreeSet<U256>> = BTreeMap::new();
    exits::scan_logs(&context.stores, |log| {
        if let [TRANSFER, _, _, id] = log.topics() {
            ids.entry(log.address).or_default().insert(U256::from_be_bytes(id.0));
        }
    })
    .await?;
    let mut collections = Vec::new();
    for (token, ids) in ids {
        if is_erc721(tip, context, token)? {
            collections.push((token, ids.into_iter().collect::<Vec<_>>()));
        }
    }
    collections.sort_by_key(|(token, ids)| (core::cmp::Reverse(ids.len()), *token));
    collections.truncate(MAX_ASSETS - 1);
    Ok(collections)
}

fn is_erc721(tip: &Tip, context: &Context, token: Address) -> Result<bool, FlowError> {
    let input = supportsInterfaceCall { interfaceId: ERC721.into() }.abi_encode();
    let request = CallRequest {
        to: TxKind::Call(token),
        input: Bytes::from(input),
        gas: Some(100_000),
        ..CallRequest::default()
    };
    Ok(match call(tip.view(&context.rules), &request)? {
        CallOutcome::Success { output, .. } => bool::abi_decode(&output).unwrap_or(false),
        _ => false,
    })
}
