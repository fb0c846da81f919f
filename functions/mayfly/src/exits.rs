//! The exits of a settled layer, from L1 data alone: the layer itself may be long gone.

use alloy::{
    consensus::Transaction,
    primitives::Address,
    providers::Provider,
    rpc::types::Filter,
    sol_types::{SolCall, SolEvent},
};
use mayfly_contracts::FlashLayer;
use node_core::{
    exit::{ExitLeaf, unpack},
    flow::teardown::exits::Exits,
};

use crate::{client::Client, failure::Failure};

/// Reads every published leaf of `layer` from the calldata of `publishLeaves` and builds the exit tree.
///
/// The contract has checked each chunk against the exit root, so nobody is trusted.
pub(crate) async fn published(
    l1: &Client,
    layer: Address,
    opened_in_block: u64,
) -> Result<Exits, Failure> {
    let failed = |error| Failure::remote("published leaves on the L1", error);
    let filter = Filter::new()
        .address(layer)
        .event_signature(FlashLayer::LeavesPublished::SIGNATURE_HASH)
        .from_block(opened_in_block);
    let logs = l1.provider().get_logs(&filter).await.map_err(failed)?;
    let mut leaves: Vec<ExitLeaf> = Vec::new();
    for log in logs {
        let hash = log
            .transaction_hash
            .ok_or_else(|| Failure::remote("LeavesPublished", "the log names no transaction"))?;
        let found = l1.provider().get_transaction_by_hash(hash).await.map_err(failed)?;
        let tx = found.ok_or_else(|| Failure::remote(format!("L1 transaction {hash}"), "gone"))?;
        leaves.extend(leaves_of(tx.input())?);
    }
    Ok(Exits::new(leaves))
}

fn leaves_of(input: &[u8]) -> Result<Vec<ExitLeaf>, Failure> {
    let odd = |error: String| Failure::remote("publishLeaves calldata", error);
    let call =
        FlashLayer::publishLeavesCall::abi_decode(input).map_err(|error| odd(error.to_string()))?;
    let start = u32::try_from(call.start).map_err(|error| odd(error.to_string()))?;
    unpack(&call.packed, start).map_err(|error| odd(error.to_string()))
}
