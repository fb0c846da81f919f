//! What kind of node this is.

use alloy_primitives::{Address, Bytes, U64, keccak256};

use super::{
    Node,
    params::Params,
    table::{Answer, json},
};

pub(super) fn version(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&node.client_version)
}

pub(super) fn sha3(params: Params<'_>) -> Answer {
    let data: Bytes = params.read(|p| p.need("data"))?;
    json(&keccak256(data))
}

/// The network id is the chain id, in decimal.
pub(super) fn net_version(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&node.rules.chain_id.to_string())
}

pub(super) fn listening(params: Params<'_>) -> Answer {
    params.none()?;
    json(&true)
}

/// A layer has no peers.
pub(super) fn peer_count(params: Params<'_>) -> Answer {
    params.none()?;
    json(&U64::ZERO)
}

pub(super) fn chain_id(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&U64::from(node.rules.chain_id))
}

/// Answers are made from committed blocks; there is nothing to catch up with.
pub(super) fn syncing(params: Params<'_>) -> Answer {
    params.none()?;
    json(&false)
}

/// A node holds no keys of wallets.
pub(super) fn accounts(params: Params<'_>) -> Answer {
    params.none()?;
    json(&[Address::ZERO; 0])
}
