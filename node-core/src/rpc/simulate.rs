//! `eth_simulateV1`.

use alloy_consensus::{Transaction as _, transaction::Recovered};
use alloy_eips::BlockId;
use alloy_network_primitives::BlockTransactions;
use alloy_primitives::B256;
use alloy_rpc_types_eth::{
    Block, Log, Transaction as RpcTransaction,
    simulate::{
        SimCallResult, SimulateError as WireError, SimulatePayload, SimulatedBlock as Wire,
    },
};
use serde::Serialize;

use super::{
    Node,
    error::{EXECUTION_REVERTED, revert_text},
    params::Params,
    table::{Answer, json},
    view::{self, TransactionView},
};
use crate::{
    execute::{self, CallOutcome, NumberedLog, SimulatedBlock, SimulatedCall, View},
    state::StateAt,
};

/// Transactions as the caller wants to see them.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Shown {
    Full(Box<TransactionView>),
    Hash(B256),
}

pub(super) async fn simulate(node: &Node, params: Params<'_>) -> Answer {
    let (payload, at): (SimulatePayload, BlockId) =
        params.read(|p| Ok((p.need("payload")?, p.block()?)))?;
    if payload.block_state_calls.is_empty() {
        return Err(super::ParamError::conflict("empty input").into());
    }
    let base = node.block(at).await?;
    let ancestors = node.replica.ancestors(base.header.number).await?;
    let patience = node.patience();
    let read = |state: &StateAt| {
        let view = View {
            header: &base.header,
            world: &state.base,
            later: Some(&state.later),
            ancestors: &ancestors,
            rules: &node.rules,
            overrides: None,
            patience: Some(&patience),
        };
        Ok(execute::simulate(view, &payload)?)
    };
    let blocks: Vec<SimulatedBlock> = node.with_state(base.header.number.into(), read).await?;
    let full = payload.return_full_transactions;
    json(&blocks.iter().map(|block| show(block, full)).collect::<Vec<_>>())
}

fn show(block: &SimulatedBlock, full: bool) -> Wire<Block<Shown>> {
    let count = block.block.transactions.len();
    let transactions = (0..count).map(|index| transaction(block, index, full)).collect();
    let transactions = BlockTransactions::Full(transactions);
    let inner = view::made_block(block.header.clone(), &block.block, None, transactions);
    Wire { inner, calls: calls(block) }
}

fn transaction(block: &SimulatedBlock, index: usize, full: bool) -> Shown {
    let transaction = &block.block.transactions[index];
    if !full {
        return Shown::Hash(*transaction.hash());
    }
    let header = &block.header;
    let view = RpcTransaction {
        effective_gas_price: Some(transaction.effective_gas_price(header.base_fee_per_gas)),
        inner: Recovered::new_unchecked(transaction.clone(), block.senders[index]),
        block_hash: Some(header.hash()),
        block_number: Some(header.number),
        transaction_index: u64::try_from(index).ok(),
        block_timestamp: Some(header.timestamp),
    };
    Shown::Full(Box::new(TransactionView::new(view, None)))
}

fn calls(block: &SimulatedBlock) -> Vec<SimCallResult> {
    let calls = block.calls.iter().enumerate();
    calls.map(|(index, call)| show_call(block, index, call)).collect()
}

fn show_call(block: &SimulatedBlock, index: usize, call: &SimulatedCall) -> SimCallResult {
    let shown = SimCallResult {
        gas_used: call.outcome.gas_used(),
        max_used_gas: Some(call.max_used_gas),
        status: call.outcome.is_success(),
        ..SimCallResult::default()
    };
    match &call.outcome {
        CallOutcome::Success { output, .. } => SimCallResult {
            return_data: output.clone(),
            logs: call.logs.iter().map(|log| show_log(block, index, log)).collect(),
            ..shown
        },
        CallOutcome::Revert { output, .. } => SimCallResult {
            error: Some(WireError {
                code: EXECUTION_REVERTED,
                message: revert_text(output),
                data: Some(output.clone()),
            }),
            ..shown
        },
        CallOutcome::Halt { reason, .. } => SimCallResult {
            error: Some(WireError {
                code: WireError::VM_EXECUTION_ERROR_CODE,
                message: reason.to_string(),
                data: None,
            }),
            ..shown
        },
    }
}

fn show_log(block: &SimulatedBlock, index: usize, numbered: &NumberedLog) -> Log {
    let header = &block.header;
    Log {
        inner: numbered.log.clone(),
        block_hash: Some(header.hash()),
        block_number: Some(header.number),
        block_timestamp: Some(header.timestamp),
        transaction_hash: Some(*block.block.transactions[index].hash()),
        transaction_index: u64::try_from(index).ok(),
        log_index: Some(numbered.index),
        removed: false,
    }
}
