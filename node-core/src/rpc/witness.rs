//! What an attestor needs to execute a block again.

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::Bytes;

use super::{
    Node,
    params::Params,
    table::{Answer, json},
};
use crate::{codec::record::Record, flow::attest};

/// Answers with the frame of a block's witness as hex; null for block 0, and when there is no such block.
pub(super) async fn witness(node: &Node, params: Params<'_>) -> Answer {
    let tag: BlockNumberOrTag = params.read(|p| p.need("block"))?;
    let number = node.number(tag);
    let witness = attest::of_block(&node.replica, &node.rules, number).await?;
    json(&witness.map(|witness| Bytes::from(witness.to_frame())))
}
