//! `ots_*`, what the block explorer Otterscan asks, level 8.

use std::sync::Arc;

use alloy_consensus::{Transaction as _, TxReceipt as _};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, TxHash, U256};
use alloy_rpc_types_eth::TransactionReceipt;
use alloy_rpc_types_trace::{
    otterscan::{
        BlockDetails, ContractCreator, InternalIssuance, OtsBlock, OtsBlockTransactions,
        OtsReceipt, OtsTransactionReceipt, TraceEntry, TransactionsWithReceipts,
    },
    parity::{Action, CreateOutput, TraceOutput},
};

use super::past::Past;
use crate::{
    chain::Transaction,
    execute,
    flow::{query::Located, sequence::Committed},
    rpc::{
        Node, RpcError, accounts,
        dispatch::make_way,
        params::Params,
        receipt,
        table::{Answer, json},
        view::{self, TransactionView},
    },
};

/// The methods are those of this level.
const LEVEL: u32 = 8;

/// Most transactions on one page.
const MAX_PAGE: usize = 100;

/// Most blocks that are searched for one page.
const MAX_SEARCH: u64 = 10_000;

pub(in crate::rpc) fn level(params: Params<'_>) -> Answer {
    params.none()?;
    json(&LEVEL)
}

pub(in crate::rpc) async fn has_code(node: &Node, params: Params<'_>) -> Answer {
    let (address, at): (Address, BlockId) =
        params.read(|p| Ok((p.need("address")?, p.block()?)))?;
    json(&exists(node, address, at).await?)
}

async fn exists(node: &Node, address: Address, at: BlockId) -> Result<bool, RpcError> {
    Ok(accounts::info(node, at, address).await?.has_code())
}

pub(in crate::rpc) async fn internal_operations(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    let past = Past::one(node, hash).await?;
    json(&past.run(node, execute::internal_operations).await?.concat())
}

/// What a transaction reverted with; empty for one that did not.
pub(in crate::rpc) async fn transaction_error(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    let past = Past::one(node, hash).await?;
    let Past { block, range } = &past;
    if block.record.receipts.get(range.start).is_some_and(|receipt| receipt.success) {
        return json(&Bytes::new());
    }
    let types = core::iter::once(alloy_rpc_types_trace::parity::TraceType::Trace).collect();
    let replay =
        |past: &execute::PastBlock<'_>, range| execute::replay_transactions(past, range, &types);
    let results = past.run(node, replay).await?.pop();
    json(&results.map(|results| results.output).unwrap_or_default())
}

pub(in crate::rpc) async fn trace_transaction(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    let past = Past::one(node, hash).await?;
    let traces = past.run(node, execute::trace_localized).await?.concat();
    let entries =
        traces.iter().filter_map(|trace| TraceEntry::from_transaction_trace(&trace.trace));
    json(&entries.collect::<Vec<_>>())
}

pub(in crate::rpc) async fn block_details(node: &Node, params: Params<'_>) -> Answer {
    let tag: BlockNumberOrTag = params.read(|p| p.need("block"))?;
    details(node, tag.into()).await
}

pub(in crate::rpc) async fn block_details_by_hash(node: &Node, params: Params<'_>) -> Answer {
    let hash: B256 = params.read(|p| p.need("hash"))?;
    details(node, hash.into()).await
}

/// Nothing is issued by a block since the merge.
async fn details(node: &Node, id: BlockId) -> Answer {
    let Some(block) = node.find(id).await? else { return json(&()) };
    let shown = view::block_of_hashes(node, &block);
    json(&BlockDetails::new(shown, InternalIssuance::default(), fees(&block)))
}

fn fees(block: &Committed) -> U256 {
    let mut before = 0;
    let base_fee = block.header.base_fee_per_gas;
    let paid = block.record.block.transactions.iter().zip(&block.record.receipts);
    paid.map(|(tx, receipt)| {
        let gas_used = receipt.cumulative_gas_used - before;
        before = receipt.cumulative_gas_used;
        U256::from(gas_used) * U256::from(tx.effective_gas_price(base_fee))
    })
    .sum()
}

/// A page of the transactions of a block; page 0 is the first.
pub(in crate::rpc) async fn block_transactions(node: &Node, params: Params<'_>) -> Answer {
    let (tag, page, size): (BlockNumberOrTag, u64, u64) =
        params.read(|p| Ok((p.need("block")?, p.need("page")?, p.need("size")?)))?;
    let block = node.block(tag.into()).await?;
    let size = usize::try_from(size).unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let first = usize::try_from(page).unwrap_or(usize::MAX).saturating_mul(size);
    let mut shown = view::full_block(node, &block).await?;
    let count = shown.transactions.len();
    let page: Vec<_> = shown.transactions.into_transactions().skip(first).take(size).collect();
    let mut receipts = Vec::with_capacity(page.len());
    for index in first..first + page.len() {
        receipts.extend(short_receipt(node, &block, index));
    }
    shown.transactions = alloy_network_primitives::BlockTransactions::Full(page);
    let fullblock = OtsBlock { block: shown, transaction_count: count };
    json(&OtsBlockTransactions { fullblock, receipts })
}

fn short_receipt(node: &Node, block: &Committed, index: usize) -> Option<OtsTransactionReceipt> {
    let whole: TransactionReceipt<_> = receipt::plain(node, block, index)?;
    Some(OtsTransactionReceipt {
        receipt: whole.map_inner(|inner| OtsReceipt {
            status: inner.status(),
            cumulative_gas_used: inner.cumulative_gas_used(),
            logs: None,
            logs_bloom: None,
            r#type: inner.receipt.tx_type.into(),
        }),
        timestamp: Some(block.header.timestamp),
    })
}

/// Which way a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Before,
    After,
}

pub(in crate::rpc) async fn search_before(node: &Node, params: Params<'_>) -> Answer {
    let (address, number, size) = search_params(params)?;
    search(node, address, number, size, Way::Before).await
}

pub(in crate::rpc) async fn search_after(node: &Node, params: Params<'_>) -> Answer {
    let (address, number, size) = search_params(params)?;
    search(node, address, number, size, Way::After).await
}

fn search_params(params: Params<'_>) -> Result<(Address, u64, usize), RpcError> {
    let (address, number, size): (Address, u64, u64) =
        params.read(|p| Ok((p.need("address")?, p.need("block")?, p.need("size")?)))?;
    Ok((address, number, usize::try_from(size).unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE)))
}

/// A page of the transactions that an address sent or received, newest first. Block 0 stands for the one after the
/// newest, or for itself, as Otterscan wants it. Whole blocks: a page may be longer than asked for.
async fn search(node: &Node, address: Address, number: u64, size: usize, way: Way) -> Answer {
    let head = node.replica.head().header.number;
    let numbers: Vec<u64> = match (way, number) {
        (Way::Before, 0) => (0..=head).rev().collect(),
        (Way::Before, number) => (0..number.min(head + 1)).rev().collect(),
        (Way::After, 0) => (0..=head).collect(),
        (Way::After, number) => (number.saturating_add(1)..=head).collect(),
    };
    let mut found: Vec<Located> = Vec::new();
    let mut searched = 0;
    for number in &numbers {
        if found.len() >= size {
            break;
        }
        if searched == MAX_SEARCH {
            let what = format!("more than {MAX_SEARCH} blocks to search");
            return Err(RpcError::Range {
                what,
                from: number.saturating_sub(MAX_SEARCH),
                to: *number,
            });
        }
        searched += 1;
        make_way().await;
        found.extend(involving(&node.block((*number).into()).await?, address, way));
    }
    let is_done = usize::try_from(searched).is_ok_and(|searched| searched == numbers.len());
    if way == Way::After {
        found.reverse();
    }
    let (first_page, last_page) = match way {
        Way::Before => (number == 0, is_done),
        Way::After => (is_done, number == 0),
    };
    let (mut txs, mut receipts) = (Vec::new(), Vec::new());
    for Located { block, index } in &found {
        txs.extend(view::transaction(node, block, *index).await?);
        receipts.extend(short_receipt(node, block, *index));
    }
    json(&TransactionsWithReceipts::<TransactionView> { txs, receipts, first_page, last_page })
}

/// Transactions of a block that an address sent, received, or logged in.
fn involving(block: &Arc<Committed>, address: Address, way: Way) -> Vec<Located> {
    let record = &block.record;
    let all = record.block.transactions.iter().zip(&record.senders).zip(&record.receipts);
    let concerns = |((tx, sender), receipt): ((&Transaction, &Address), &crate::chain::Receipt)| {
        *sender == address
            || tx.to() == Some(address)
            || receipt.logs.iter().any(|log| log.address == address)
    };
    let found = all.enumerate().filter(|(_, one)| concerns(*one));
    let mut found: Vec<_> =
        found.map(|(index, _)| Located { block: Arc::clone(block), index }).collect();
    if way == Way::Before {
        found.reverse();
    }
    found
}

/// The transaction with which a sender used a nonce: found in the history of its account.
pub(in crate::rpc) async fn by_sender_and_nonce(node: &Node, params: Params<'_>) -> Answer {
    let (sender, nonce): (Address, u64) =
        params.read(|p| Ok((p.need("sender")?, p.need("nonce")?)))?;
    let used = Happened::Used { sender, nonce };
    let Some(number) = used.first(node).await? else { return json(&()) };
    let block = node.block(number.into()).await?;
    let record = &block.record;
    let sent = record.block.transactions.iter().zip(&record.senders);
    let mut own = sent.filter(|(_, from)| **from == sender).map(|(tx, _)| tx);
    let found = own.find(|tx: &&Transaction| tx.as_deposit().is_none() && (*tx).nonce() == nonce);
    json(&found.map(Transaction::hash))
}

/// The transaction that created a contract: found in the history of its account.
pub(in crate::rpc) async fn contract_creator(node: &Node, params: Params<'_>) -> Answer {
    let address: Address = params.read(|p| p.need("address"))?;
    let Some(number) = Happened::Created { address }.first(node).await? else { return json(&()) };
    let past = Past::whole(node, number.into()).await?;
    let traces = past.run(node, execute::trace_localized).await?.concat();
    json(&traces.iter().find_map(|trace| {
        let Action::Create(create) = &trace.trace.action else { return None };
        match &trace.trace.result {
            Some(TraceOutput::Create(CreateOutput { address: created, .. }))
                if *created == address =>
            {
                let hash = trace.transaction_hash?;
                Some(ContractCreator { hash, creator: create.from })
            }
            _ => None,
        }
    }))
}

/// Something that holds for good once it does.
#[derive(Debug, Clone, Copy)]
enum Happened {
    /// A sender used a nonce.
    Used { sender: Address, nonce: u64 },
    /// A contract was created.
    Created { address: Address },
}

impl Happened {
    async fn by(self, node: &Node, number: u64) -> Result<bool, RpcError> {
        match self {
            Self::Used { sender, nonce } => {
                Ok(accounts::info(node, number.into(), sender).await?.nonce > nonce)
            }
            Self::Created { address } => exists(node, address, number.into()).await,
        }
    }

    /// The block in which it happened.
    async fn first(self, node: &Node) -> Result<Option<u64>, RpcError> {
        let (mut low, mut high) = (0, node.replica.head().header.number);
        if !self.by(node, high).await? {
            return Ok(None);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.by(node, middle).await? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(Some(low))
    }
}
