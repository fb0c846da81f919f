//! What a node can do: `eth_config` (EIP-7910) and `eth_capabilities`.

use alloy_eips::eip7910::{EthConfig, EthForkConfig, SystemContract};
use alloy_primitives::{B256, Bytes, U64};
use serde_json::json as object;

use super::{
    Node, RpcError,
    params::Params,
    table::{Answer, json},
};
use crate::{
    chain::{Era, Fork},
    execute::{Protocol, precompiles},
};

/// The rules of the newest block, and those that are known to follow.
pub(super) async fn config(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let genesis = genesis(node).await?;
    let forks = &node.rules.forks;
    let current = node.era(&node.replica.head());
    let next = forks.after(&current);
    let last = next.map(|_| forks.last());
    json(&EthConfig {
        current: fork(node, genesis, &current),
        next: next.map(|era| fork(node, genesis, &era)),
        last: last.map(|era| fork(node, genesis, &era)),
    })
}

async fn genesis(node: &Node) -> Result<B256, RpcError> {
    Ok(node.block(0.into()).await?.header.hash())
}

fn fork(node: &Node, genesis: B256, era: &Era) -> EthForkConfig {
    let forks = &node.rules.forks;
    EthForkConfig {
        activation_time: era.activation_time_s(),
        blob_schedule: era.blobs,
        chain_id: node.rules.chain_id,
        fork_id: Bytes::copy_from_slice(&forks.hash(genesis, era)),
        precompiles: precompiles(era.fork),
        system_contracts: contracts(node, era.fork).into_iter().collect(),
    }
}

/// A layer requests nothing of a consensus layer, so it has no contracts for that.
fn contracts(node: &Node, fork: Fork) -> Vec<(SystemContract, alloy_primitives::Address)> {
    let mut contracts = Vec::new();
    if fork >= Fork::Cancun {
        contracts.extend(SystemContract::cancun());
    }
    if fork >= Fork::Prague {
        contracts.extend(SystemContract::prague(Some(node.rules.forks.deposit_contract())));
    }
    if node.rules.protocol == Protocol::Layer {
        use SystemContract::{BeaconRoots, HistoryStorage};
        contracts.retain(|(contract, _)| matches!(contract, BeaconRoots | HistoryStorage));
    }
    contracts
}

/// Nothing is ever forgotten before all is.
pub(super) fn capabilities(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let head = node.replica.head();
    let whole = object!({ "disabled": false, "oldestBlock": U64::ZERO });
    json(&object!({
        "head": { "number": U64::from(head.header.number), "hash": head.header.hash() },
        "state": whole,
        "tx": whole,
        "logs": whole,
        "receipts": whole,
        "blocks": whole,
        "stateproofs": whole,
    }))
}
