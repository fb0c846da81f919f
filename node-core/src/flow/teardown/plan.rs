//! What the system does on the layer to seal it.
//!
//! After the freeze nothing but system transactions runs, and they change the sealer only. So what is left to
//! do is the frozen state less what the system transactions in the log say: a teardown that died continues
//! where its blocks end, with any size of steps.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, b256};
use alloy_sol_types::{SolCall, SolValue, sol};

use super::{FlowError, exits, progress::Progress};
use crate::{
    chain::{EXIT_SEALER, Transaction, system_transaction},
    codec::record::PackError,
    execute::{CallOutcome, CallRequest},
    exit::{IExitSealer, MAX_ASSETS},
    flow::{
        Tip,
        sequence::{Context, Sequencer, Timing},
    },
};

/// Leaves swept in one system transaction, at first: 6 to 10 k gas each, of 16.7 M.
///
/// A contract may make its own leaves cost up to a million gas each; a step that does not fit is halved.
const SWEEP: usize = 400;

/// `Transfer(address,address,uint256)` of ERC-20 and ERC-721; only the latter indexes the id.
const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// Interface id of ERC-721 (EIP-165).
const ERC721: [u8; 4] = [0x80, 0xac, 0x58, 0xcd];

sol! {
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}

/// Seals the layer, from wherever an earlier teardown left it.
pub(super) async fn execute(
    sequencer: &mut Sequencer,
    context: &Context,
    now_ms: u64,
) -> Result<(), FlowError> {
    let done = Progress::read(&context.stores).await?;
    let mut sealing = Sealing { sequencer, context, now_ms, sequence: done.sequence };
    if !done.frozen {
        sealing.commit(IExitSealer::freezeCall {}.abi_encode()).await?;
    }
    sealing.sequencer.load_all().await?;
    let mut holders = holders(sealing.sequencer.tip())?;
    holders.retain(|holder| done.last_holder.is_none_or(|last| *holder > last));
    sealing.sweep(&holders, |holders| IExitSealer::sweepETHCall { holders }.abi_encode()).await?;
    let collections = collections(sealing.sequencer, context).await?;
    for (asset, (token, mut ids)) in (1_u32..).zip(done.in_order(collections)) {
        if !done.assets.contains(&token) {
            sealing.commit(IExitSealer::addAsset721Call { token }.abi_encode()).await?;
        }
        ids.retain(|id| done.last_id.get(&asset).is_none_or(|last| id > last));
        let call = |ids| IExitSealer::sweep721Call { asset, ids }.abi_encode();
        sealing.sweep(&ids, call).await?;
    }
    if !done.sealed {
        sealing.commit(IExitSealer::sealCall {}.abi_encode()).await?;
    }
    Ok(())
}

/// The system at work: one transaction, one block.
struct Sealing<'a> {
    sequencer: &'a mut Sequencer,
    context: &'a Context,
    now_ms: u64,
    sequence: u64,
}

impl Sealing<'_> {
    async fn commit(&mut self, input: Vec<u8>) -> Result<(), FlowError> {
        let timing = Timing { now_ms: self.now_ms, last_call: true };
        let transaction = transaction(self.context, self.sequence, input);
        self.sequencer.commit_system(&[transaction], self.sequence, timing).await?;
        self.sequence += 1;
        Ok(())
    }

    /// Sweeps `items` in steps as large as fit.
    async fn sweep<T: Clone + Send + Sync>(
        &mut self,
        items: &[T],
        call: impl Fn(Vec<T>) -> Vec<u8> + Send,
    ) -> Result<(), FlowError> {
        let mut left = items;
        let mut step = SWEEP;
        while !left.is_empty() {
            step = step.min(left.len());
            match self.commit(call(left[..step].to_vec())).await {
                Ok(()) => left = &left[step..],
                Err(FlowError::Seal { .. }) if step > 1 => step /= 2,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn transaction(context: &Context, sequence: u64, input: Vec<u8>) -> Transaction {
    system_transaction(context.config.l1.layer, sequence, EXIT_SEALER, Bytes::from(input))
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
async fn collections(
    sequencer: &mut Sequencer,
    context: &Context,
) -> Result<Vec<(Address, Vec<U256>)>, FlowError> {
    let mut ids: BTreeMap<Address, BTreeSet<U256>> = BTreeMap::new();
    exits::scan_logs(&context.stores, |log| {
        if let [TRANSFER, _, _, id] = log.topics() {
            ids.entry(log.address).or_default().insert(U256::from_be_bytes(id.0));
        }
    })
    .await?;
    let mut collections = Vec::new();
    for (token, ids) in ids {
        if is_erc721(sequencer, token).await? {
            collections.push((token, ids.into_iter().collect::<Vec<_>>()));
        }
    }
    collections.sort_by_key(|(token, ids)| (core::cmp::Reverse(ids.len()), *token));
    collections.truncate(MAX_ASSETS - 1);
    Ok(collections)
}

async fn is_erc721(sequencer: &mut Sequencer, token: Address) -> Result<bool, FlowError> {
    let input = supportsInterfaceCall { interfaceId: ERC721.into() }.abi_encode();
    let request = CallRequest {
        to: TxKind::Call(token),
        input: Bytes::from(input),
        gas: Some(100_000),
        ..CallRequest::default()
    };
    Ok(match sequencer.call(&request).await? {
        CallOutcome::Success { output, .. } => bool::abi_decode(&output).unwrap_or(false),
        _ => false,
    })
}
