//! What to pay.

use alloy_consensus::{BlockHeader, Header, Transaction as _};
use alloy_eips::{BlockNumberOrTag, eip1559::BaseFeeParams};
use alloy_primitives::{U64, U128};
use alloy_rpc_types_eth::FeeHistory;

use super::{
    Node, ParamError, RpcError,
    params::Params,
    table::{Answer, json},
};
use crate::{execute::Protocol, flow::sequence::Committed};

/// Most blocks in one `eth_feeHistory`. As geth.
const MAX_HISTORY: u64 = 1_024;

/// Most percentiles in one `eth_feeHistory`. As geth.
const MAX_PERCENTILES: usize = 100;

/// Tip that is suggested on Ethereum: 1 gwei, as other development chains do. On a layer who pays more
/// is not served earlier, so nothing is suggested.
const ETHEREUM_TIP_WEI: u128 = 1_000_000_000;

pub(super) fn gas_price(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let base_fee = next_base_fee(node, &node.replica.head().header);
    json(&U128::from(base_fee.saturating_add(tip(node))))
}

pub(super) fn max_priority_fee(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&U128::from(tip(node)))
}

/// Base fee of the next block, in wei.
pub(super) fn base_fee(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&U128::from(next_base_fee(node, &node.replica.head().header)))
}

pub(super) fn blob_base_fee(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&U128::from(next_blob_fee(node, &node.replica.head().header)))
}

pub(super) fn tip(node: &Node) -> u128 {
    match node.rules.protocol {
        Protocol::Layer => 0,
        Protocol::Ethereum => ETHEREUM_TIP_WEI,
    }
}

/// Base fee of the block after `header`: the same for ever on a layer, EIP-1559 on Ethereum.
pub(super) fn next_base_fee(node: &Node, header: &Header) -> u128 {
    let fee = match node.rules.protocol {
        Protocol::Layer => header.base_fee_per_gas,
        Protocol::Ethereum => header.next_block_base_fee(BaseFeeParams::ethereum()),
    };
    fee.unwrap_or_default().into()
}

fn next_blob_fee(node: &Node, header: &Header) -> u128 {
    let blobs = node.rules.era(header.number, header.timestamp).blobs;
    header.next_block_blob_fee(blobs).unwrap_or_default()
}

fn blob_fee(node: &Node, header: &Header) -> u128 {
    let blobs = node.rules.era(header.number, header.timestamp).blobs;
    header.blob_fee(blobs).unwrap_or_default()
}

pub(super) async fn history(node: &Node, params: Params<'_>) -> Answer {
    let (count, newest, percentiles): (U64, BlockNumberOrTag, Option<Vec<f64>>) = params
        .read(|p| Ok((p.need("blockCount")?, p.need("newestBlock")?, p.maybe("percentiles")?)))?;
    let percentiles = percentiles.unwrap_or_default();
    check_percentiles(&percentiles)?;
    let last = node.block(newest.into()).await?.header.number;
    let count = count.to::<u64>().min(MAX_HISTORY).min(last + 1);
    let numbers: Vec<u64> = (last + 1 - count..=last).collect();
    let blocks = node.replica.blocks(&numbers).await?;
    json(&fee_history(node, &blocks, &percentiles))
}

fn check_percentiles(percentiles: &[f64]) -> Result<(), RpcError> {
    if percentiles.len() > MAX_PERCENTILES {
        let what = format!("{} percentiles", percentiles.len());
        return Err(RpcError::Limit { what, limit: MAX_PERCENTILES });
    }
    let in_range = percentiles.iter().all(|percentile| (0.0..=100.0).contains(percentile));
    if in_range && percentiles.is_sorted() {
        return Ok(());
    }
    let reason = "invalid reward percentile: expected numbers from 0 to 100 in ascending order";
    Err(ParamError::conflict(reason).into())
}

fn fee_history(
    node: &Node,
    blocks: &[std::sync::Arc<Committed>],
    percentiles: &[f64],
) -> FeeHistory {
    let Some(newest) = blocks.last().map(|block| &block.header) else {
        return FeeHistory::default();
    };
    let headers = || blocks.iter().map(|block| &block.header);
    let base_fees = headers().map(|header| header.base_fee_per_gas.unwrap_or_default().into());
    let blob_fees = headers().map(|header| blob_fee(node, header));
    FeeHistory {
        oldest_block: blocks[0].header.number,
        base_fee_per_gas: base_fees.chain([next_base_fee(node, newest)]).collect(),
        gas_used_ratio: headers().map(|it| ratio(it.gas_used, it.gas_limit)).collect(),
        base_fee_per_blob_gas: blob_fees.chain([next_blob_fee(node, newest)]).collect(),
        blob_gas_used_ratio: headers().map(|it| blob_ratio(node, it)).collect(),
        reward: (!percentiles.is_empty())
            .then(|| blocks.iter().map(|block| rewards(block, percentiles)).collect()),
    }
}

fn blob_ratio(node: &Node, header: &Header) -> f64 {
    let blobs = node.rules.era(header.number, header.timestamp).blobs;
    let most = blobs.max_blob_gas_per_block();
    ratio(header.blob_gas_used().unwrap_or_default(), most)
}

/// The wire wants a fraction.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A transaction's tip and what of the block's gas it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reward {
    tip: u128,
    gas_used: u64,
}

/// Tips at percentiles of the block's gas, from the lowest tip on.
fn rewards(block: &Committed, percentiles: &[f64]) -> Vec<u128> {
    let sorted = sorted_rewards(block);
    let mut sums = Vec::with_capacity(sorted.len());
    let mut sum = 0_u64;
    for reward in &sorted {
        sum += reward.gas_used;
        sums.push(sum);
    }
    let at = |percentile: &f64| {
        let threshold = sum as f64 * percentile / 100.0;
        let index = sums.partition_point(|sum| (*sum as f64) < threshold);
        sorted.get(index).or(sorted.last()).map_or(0, |reward| reward.tip)
    };
    percentiles.iter().map(at).collect()
}

fn sorted_rewards(block: &Committed) -> Vec<Reward> {
    let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
    let mut before = 0;
    let mut rewards: Vec<_> = (block.record.block.transactions.iter())
        .zip(&block.record.receipts)
        .map(|(tx, receipt)| {
            let gas_used = receipt.cumulative_gas_used - before;
            before = receipt.cumulative_gas_used;
            Reward { tip: tx.effective_tip_per_gas(base_fee).unwrap_or_default(), gas_used }
        })
        .collect();
    rewards.sort_unstable();
    rewards
}
