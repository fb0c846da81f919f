//! State of accounts.

use std::collections::{BTreeMap, BTreeSet};

use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, U64};
use alloy_rpc_types_eth::{
    AccountInfo as AccountView, EIP1186AccountProofResponse, EIP1186StorageProof,
};
use alloy_serde::JsonStorageKey;

use super::{
    Node, ParamError, RpcError,
    params::Params,
    table::{Answer, json},
};
use crate::{
    chain::decode_transaction,
    state::{AccountInfo, AccountProof, StateAt},
};

/// Most slots in one `eth_getProof` or `eth_getStorageValues`. As geth.
const MAX_SLOTS: usize = 1_024;

pub(super) async fn balance(node: &Node, params: Params<'_>) -> Answer {
    let (address, at) = params.read(|p| Ok((p.need("address")?, p.block()?)))?;
    json(&info(node, at, address).await?.balance)
}

pub(super) async fn code(node: &Node, params: Params<'_>) -> Answer {
    let (address, at): (Address, BlockId) =
        params.read(|p| Ok((p.need("address")?, p.block()?)))?;
    let read = |state: &StateAt| {
        let hash = state.account(&address)?.unwrap_or_default().code_hash;
        Ok(state.code(&hash)?)
    };
    json(&node.with_state(at, read).await?)
}

pub(super) async fn storage(node: &Node, params: Params<'_>) -> Answer {
    let (address, key, at): (Address, JsonStorageKey, BlockId) =
        params.read(|p| Ok((p.need("address")?, p.need("key")?, p.block()?)))?;
    let key = key.as_b256().into();
    let value = node.with_state(at, |state| Ok(state.storage(&address, &key)?)).await?;
    json(&B256::from(value))
}

/// Reads slots of several accounts at once.
pub(super) async fn storage_values(node: &Node, params: Params<'_>) -> Answer {
    let (asked, at): (BTreeMap<Address, Vec<JsonStorageKey>>, BlockId) =
        params.read(|p| Ok((p.need("requests")?, p.block()?)))?;
    let count: usize = asked.values().map(Vec::len).sum();
    check_slots(count)?;
    if count == 0 {
        return Err(ParamError::conflict("empty request").into());
    }
    let read = |state: &StateAt| {
        let values = asked.iter().map(|(address, keys)| {
            let slots = keys.iter().map(|key| key.as_b256().into());
            let values = slots.map(|slot| Ok(B256::from(state.storage(address, &slot)?)));
            Ok((*address, values.collect::<Result<Vec<_>, RpcError>>()?))
        });
        values.collect::<Result<BTreeMap<_, _>, RpcError>>()
    };
    json(&node.with_state(at, read).await?)
}

/// Balance, nonce and code in one.
pub(super) async fn account_info(node: &Node, params: Params<'_>) -> Answer {
    let (address, at): (Address, BlockId) =
        params.read(|p| Ok((p.need("address")?, p.block()?)))?;
    let read = |state: &StateAt| {
        let AccountInfo { nonce, balance, code_hash } =
            state.account(&address)?.unwrap_or_default();
        Ok(AccountView { balance, nonce, code: state.code(&code_hash)? })
    };
    json(&node.with_state(at, read).await?)
}

pub(super) async fn transaction_count(node: &Node, params: Params<'_>) -> Answer {
    let (address, at): (Address, BlockId) =
        params.read(|p| Ok((p.need("address")?, p.block()?)))?;
    let nonce = match at {
        BlockId::Number(BlockNumberOrTag::Pending) => next_nonce(node, address).await?,
        _ => info(node, at, address).await?.nonce,
    };
    json(&U64::from(nonce))
}

/// Returns the nonce after all transactions of `sender` that wait without a gap.
///
/// The inbox is read before the state, and the state from the log: what the inbox forgot between the two
/// is in a committed block, so the nonce never goes back.
pub(super) async fn next_nonce(node: &Node, sender: Address) -> Result<u64, RpcError> {
    let waiting = node.stores.inbox.of_sender(sender).await?;
    node.replica.follow(&node.stores).await?;
    let waiting: BTreeSet<u64> = waiting
        .iter()
        .filter(|one| one.deposit_index().is_none())
        .filter_map(|one| Some(decode_transaction(&one.raw).ok()?.nonce()))
        .collect();
    let first = info(node, BlockId::latest(), sender).await?.nonce;
    Ok((first..).find(|nonce| !waiting.contains(nonce)).unwrap_or(u64::MAX))
}

pub(super) async fn proof(node: &Node, params: Params<'_>) -> Answer {
    let (address, keys, at): (Address, Vec<JsonStorageKey>, BlockId) =
        params.read(|p| Ok((p.need("address")?, p.need("keys")?, p.block()?)))?;
    check_slots(keys.len())?;
    let slots: Vec<_> = keys.iter().map(|key| key.as_b256().into()).collect();
    let proof = node.with_state(at, |state| Ok(state.prove(address, &slots)?)).await?;
    json(&proof_view(proof, &keys))
}

fn check_slots(count: usize) -> Result<(), RpcError> {
    if count > MAX_SLOTS {
        let what = format!("too many slots ({count})");
        return Err(RpcError::Limit { what, limit: MAX_SLOTS });
    }
    Ok(())
}

/// Slots are named in the answer as they were in the question.
fn proof_view(proof: AccountProof, keys: &[JsonStorageKey]) -> EIP1186AccountProofResponse {
    let AccountProof { address, info, storage_root, account_proof, storage_proofs } = proof;
    let slots = keys.iter().zip(storage_proofs);
    EIP1186AccountProofResponse {
        address,
        balance: info.balance,
        code_hash: info.code_hash,
        nonce: info.nonce,
        storage_hash: storage_root,
        account_proof,
        storage_proof: slots
            .map(|(key, slot)| EIP1186StorageProof::new(*key, slot.value, slot.proof))
            .collect(),
    }
}

/// Returns an account after a block; the empty one where there is none.
pub(super) async fn info(
    node: &Node,
    at: BlockId,
    address: Address,
) -> Result<AccountInfo, RpcError> {
    node.with_state(at, |state| Ok(state.account(&address)?.unwrap_or_default())).await
}
