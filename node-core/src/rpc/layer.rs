//! What only layers have.

use alloy_primitives::{Address, B256, TxHash};
use serde::Serialize;

use super::{
    Node, RpcError,
    params::Params,
    table::{Answer, json},
    transactions::{Place, locate},
};
use crate::{
    chain::{Finality, LayerId, Phase},
    codec::record::{Dropped, OrderState},
    flow::{FlowError, mint, phase, query::Located},
};

/// Most waiting transactions that are counted: counting reads them.
const MAX_COUNTED: usize = 1_000;

/// Answer of `mayfly_status`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    id: LayerId,
    name: &'a str,
    phase: Phase,
    #[serde(with = "alloy_serde::quantity")]
    chain_id: u64,
    head: Head,
    #[serde(with = "alloy_serde::quantity")]
    safe: u64,
    #[serde(with = "alloy_serde::quantity")]
    finalized: u64,
    /// Unix seconds.
    #[serde(with = "alloy_serde::quantity")]
    opened_at: u64,
    /// Unix seconds.
    #[serde(with = "alloy_serde::quantity")]
    ends_at: u64,
    /// Transactions in the inbox; more than [`MAX_COUNTED`] are not counted.
    #[serde(with = "alloy_serde::quantity")]
    waiting: u64,
    l1: L1<'a>,
    organiser: Address,
    operator: Address,
    /// Account that signs the mints of paid orders.
    minter: Option<Address>,
    /// Contract that they mint from.
    ticket: Option<Address>,
}

#[derive(Debug, Serialize)]
struct Head {
    #[serde(with = "alloy_serde::quantity")]
    number: u64,
    hash: B256,
    /// Unix seconds.
    #[serde(with = "alloy_serde::quantity")]
    timestamp: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct L1<'a> {
    #[serde(with = "alloy_serde::quantity")]
    chain_id: u64,
    /// The layer's contract.
    layer: Address,
    #[serde(with = "alloy_serde::quantity")]
    opened_in_block: u64,
    finality: &'a Finality,
}

pub(super) async fn status(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let Node { config, stores, tags, .. } = node;
    let block = node.replica.head();
    let number = block.header.number;
    let phase = current_phase(node).await?;
    let waiting = stores.inbox.waiting(MAX_COUNTED).await?.len();
    let ticket = mint::ticket(stores, config).await?;
    json(&Status {
        id: config.id,
        name: &config.name,
        phase,
        chain_id: config.chain_id,
        head: Head { number, hash: block.header.hash(), timestamp: block.header.timestamp },
        safe: tags.safe(number),
        finalized: tags.finalized(number),
        opened_at: config.opened_at_s,
        ends_at: config.ends_at_s,
        waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
        l1: L1 {
            chain_id: config.l1.chain_id,
            layer: config.l1.layer,
            opened_in_block: config.l1.opened_in_block,
            finality: &config.l1.finality,
        },
        organiser: config.organiser,
        operator: config.operator,
        minter: config.mint.as_ref().map(|mint| mint.minter),
        ticket,
    })
}

/// A layer that was open and is in no store any more was erased.
pub(super) async fn current_phase(node: &Node) -> Result<Phase, RpcError> {
    match phase::current(&*node.stores.registers).await {
        Err(FlowError::NoLayer) => Ok(Phase::Erased),
        other => Ok(other?),
    }
}

/// Answer of `mayfly_transactionStatus`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "state")]
enum TransactionStatus {
    /// In a committed block.
    Included {
        block_hash: B256,
        #[serde(with = "alloy_serde::quantity")]
        block_number: u64,
        #[serde(with = "alloy_serde::quantity")]
        transaction_index: u64,
    },
    /// Accepted; no block has it yet.
    Waiting {
        /// Unix milliseconds.
        #[serde(with = "alloy_serde::quantity")]
        received_ms: u64,
    },
    /// Accepted, and no block will have it.
    Dropped {
        reason: String,
        /// Unix milliseconds.
        #[serde(with = "alloy_serde::quantity")]
        dropped_ms: u64,
    },
    /// Never accepted.
    Unknown,
}

pub(super) async fn transaction_status(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    json(&match locate(node, hash).await? {
        Place::Included(located) => included(&located),
        Place::Waiting(pending) => TransactionStatus::Waiting { received_ms: pending.received_ms },
        Place::Nowhere => match node.stores.inbox.dropped(hash).await? {
            Some(Dropped { reason, dropped_ms, .. }) => {
                TransactionStatus::Dropped { reason, dropped_ms }
            }
            None => TransactionStatus::Unknown,
        },
    })
}

fn included(Located { block, index }: &Located) -> TransactionStatus {
    TransactionStatus::Included {
        block_hash: block.header.hash(),
        block_number: block.header.number,
        transaction_index: u64::try_from(*index).unwrap_or(u64::MAX),
    }
}

/// Answer of `mayfly_orderStatus`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OrderStatus {
    Known(OrderState),
    Unknown { state: &'static str },
}

pub(super) async fn order_status(node: &Node, params: Params<'_>) -> Answer {
    let key: String = params.read(|p| p.need("key"))?;
    json(&match node.stores.orders.get(&key).await? {
        Some(record) => OrderStatus::Known(record.state()),
        None => OrderStatus::Unknown { state: "unknown" },
    })
}
