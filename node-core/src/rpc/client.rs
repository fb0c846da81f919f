//! What kind of node this is.

use alloy_primitives::{Address, Bytes, U64, keccak256};

use serde_json::value::RawValue;

use super::{
    Node, OPENRPC,
    params::Params,
    table::{Answer, json},
};

pub(super) fn version(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&node.client_version)
}

/// Describes all methods.
pub(super) fn discover(params: Params<'_>) -> Answer {
    params.none()?;
    Ok(RawValue::from_string(OPENRPC.to_owned())?)
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

/// Who receives the fees of the newest block.
pub(super) fn coinbase(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&node.replica.head().header.beneficiary)
}

/// A node holds no keys of wallets.
pub(super) fn accounts(params: Params<'_>) -> Answer {
    params.none()?;
    json(&[Address::ZERO; 0])
}
