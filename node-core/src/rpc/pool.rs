//! The inbox, as wallets and explorers look into a pool: `txpool_*`.

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use alloy_rpc_types_txpool::{
    TxpoolContent, TxpoolContentFrom, TxpoolInspect, TxpoolInspectSummary, TxpoolStatus,
};

use super::{
    Node, RpcError, accounts,
    params::Params,
    table::{Answer, json},
    view::{self, TransactionView},
};
use crate::{
    chain::{Transaction, decode_transaction},
    codec::record::Pending,
};

/// Most waiting transactions that are looked at.
const MOST: usize = 10_000;

/// Transactions by sender and nonce.
type BySender<T> = BTreeMap<Address, BTreeMap<u64, T>>;

/// What waits: next in line, or behind a gap.
struct Waiting {
    pending: BySender<Pending>,
    queued: BySender<Pending>,
}

impl Waiting {
    async fn of(node: &Node, waiting: Vec<Pending>) -> Result<Self, RpcError> {
        let mut all: BySender<Pending> = BTreeMap::new();
        for one in waiting {
            // Deposits are nobody's to queue.
            let Ok(Transaction::Ethereum(tx)) = decode_transaction(&one.raw) else { continue };
            all.entry(one.sender).or_default().insert(tx.nonce(), one);
        }
        let mut sorted = Self { pending: BTreeMap::new(), queued: BTreeMap::new() };
        for (sender, mut waiting) in all {
            let next = accounts::next_nonce(node, sender).await?;
            let queued = waiting.split_off(&next);
            sorted.pending.extend((!waiting.is_empty()).then_some((sender, waiting)));
            sorted.queued.extend((!queued.is_empty()).then_some((sender, queued)));
        }
        Ok(sorted)
    }

    async fn all(node: &Node) -> Result<Self, RpcError> {
        Self::of(node, node.stores.inbox.waiting(MOST).await?).await
    }
}

fn count(waiting: &BySender<Pending>) -> u64 {
    let count = waiting.values().map(BTreeMap::len).sum::<usize>();
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Shows transactions by sender and nonce in decimal.
fn show<T>(
    waiting: &BySender<Pending>,
    show: impl Fn(&Pending) -> Result<T, RpcError>,
) -> Result<BTreeMap<Address, BTreeMap<String, T>>, RpcError> {
    let one = |(nonce, pending): (&u64, &Pending)| Ok((nonce.to_string(), show(pending)?));
    let of_sender = |(sender, all): (&Address, &BTreeMap<u64, Pending>)| {
        Ok((*sender, all.iter().map(one).collect::<Result<_, RpcError>>()?))
    };
    waiting.iter().map(of_sender).collect()
}

pub(super) async fn status(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let Waiting { pending, queued } = Waiting::all(node).await?;
    json(&TxpoolStatus { pending: count(&pending), queued: count(&queued) })
}

pub(super) async fn content(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let Waiting { pending, queued } = Waiting::all(node).await?;
    json(&TxpoolContent::<TransactionView> {
        pending: show(&pending, view::pending)?,
        queued: show(&queued, view::pending)?,
    })
}

pub(super) async fn content_from(node: &Node, params: Params<'_>) -> Answer {
    let sender: Address = params.read(|p| p.need("address"))?;
    let waiting = node.stores.inbox.of_sender(sender).await?;
    let Waiting { pending, queued } = Waiting::of(node, waiting).await?;
    let of_sender = |waiting: &BySender<Pending>| {
        Ok::<_, RpcError>(show(waiting, view::pending)?.remove(&sender).unwrap_or_default())
    };
    json(&TxpoolContentFrom::<TransactionView> {
        pending: of_sender(&pending)?,
        queued: of_sender(&queued)?,
    })
}

pub(super) async fn inspect(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let Waiting { pending, queued } = Waiting::all(node).await?;
    json(&TxpoolInspect { pending: show(&pending, summary)?, queued: show(&queued, summary)? })
}

fn summary(pending: &Pending) -> Result<TxpoolInspectSummary, RpcError> {
    let tx = view::decoded(pending)?;
    Ok(TxpoolInspectSummary {
        to: tx.to(),
        value: tx.value(),
        gas: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
    })
}
