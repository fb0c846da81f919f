//! Taking transactions in.

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, Bytes, TxHash, U64};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Node, RpcError, Sends,
    access::Counted,
    accounts,
    params::Params,
    receipt,
    table::{Answer, json},
};
use crate::flow::{
    query::Located,
    submit::{self, Desk, Signed, SubmitError},
};

/// How long `eth_sendRawTransactionSync` waits when the caller does not say. EIP-7966 recommends it.
pub const SYNC_DEFAULT_MS: u64 = 2_000;

/// The longest that a caller may make it wait: an HTTP API in the cloud gives up after 29 seconds.
pub const SYNC_MAX_MS: u64 = 25_000;

/// How often a waiting caller's transaction is looked up among the dropped ones. No block announces these.
const LOOK_EVERY_MS: u64 = 250;

pub(super) async fn send(node: &Node, params: Params<'_>) -> Answer {
    let raw: Bytes = params.read(|p| p.need("transaction"))?;
    json(&accept(node, &raw).await?.hash)
}

/// As [`send`] of one after the other: senders are recovered side by side, and one write stores all.
pub(super) async fn send_all(node: &Node, all: Vec<Result<Params<'_>, RpcError>>) -> Vec<Answer> {
    if node.sends == Sends::Refused {
        return all.iter().map(|_| Err(RpcError::ReadOnly)).collect();
    }
    let read = |params: Params<'_>| params.read(|p| p.need("transaction"));
    let raw: Vec<Result<Bytes, RpcError>> =
        all.into_iter().map(|params| params.and_then(read)).collect();
    let bytes: Vec<_> = raw.iter().flatten().cloned().collect();
    let mut decoded = node.intake.decode_all(&bytes, &node.config).await.into_iter();
    let mut outcomes: Vec<Result<TxHash, RpcError>> = Vec::with_capacity(raw.len());
    let mut allowed = Vec::with_capacity(bytes.len());
    for raw in raw {
        let next = raw.and_then(|_| Ok(decoded.next().expect("one for each")?));
        outcomes.push(match next {
            Ok(signed) => allow(node, signed).await.map(|one| {
                let hash = *one.signed.transaction.hash();
                allowed.push(one);
                hash
            }),
            Err(error) => Err(error),
        });
    }
    accept_all(node, allowed, &mut outcomes).await;
    outcomes.into_iter().map(|outcome| json(&outcome?)).collect()
}

/// Submits what is allowed and puts what is refused into `outcomes`, where they are in this order among errors.
async fn accept_all(node: &Node, allowed: Vec<Allowed>, outcomes: &mut [Result<TxHash, RpcError>]) {
    let is_new = |one: &Allowed| node.replica.recent(one.signed.transaction.hash()).is_none();
    let (mut new, mut counted) = (Vec::new(), Vec::new());
    for one in allowed.into_iter().filter(is_new) {
        counted.push((*one.signed.transaction.hash(), one.counted));
        new.push(one.signed);
    }
    let submitted = node.intake.submit(desk(node), new).await;
    let mut waiting = counted.into_iter().zip(submitted).peekable();
    for outcome in outcomes {
        let Ok(hash) = outcome else { continue };
        let next = waiting.next_if(|((submitted, _), _)| submitted == hash);
        let Some(((hash, counted), Err(error))) = next else { continue };
        give_back(node, counted);
        if let Err(error) = check_old(node, &hash, error).await {
            *outcome = Err(error);
        }
    }
}

/// A transaction that the organiser's rules allow.
struct Allowed {
    signed: Signed,
    counted: Option<Counted>,
}

/// Asks the organiser's rules. A copy of what is in a recent block or waits was counted when the first one came.
async fn allow(node: &Node, signed: Signed) -> Result<Allowed, RpcError> {
    let Node { access, config, .. } = node;
    access.check_target(&signed, config)?;
    if access.rules().per_sender.is_none() || is_copy(node, &signed).await? {
        return Ok(Allowed { signed, counted: None });
    }
    let counted = access.count_send(signed.sender, config, node.clock.now_ms())?;
    Ok(Allowed { signed, counted })
}

async fn is_copy(node: &Node, signed: &Signed) -> Result<bool, RpcError> {
    let hash = signed.transaction.hash();
    if node.replica.recent(hash).is_some() {
        return Ok(true);
    }
    let waiting = node.stores.inbox.of_sender(signed.sender).await?;
    Ok(waiting.iter().any(|one| one.hash == *hash))
}

fn give_back(node: &Node, counted: Option<Counted>) {
    if let Some(counted) = counted {
        node.access.give_back(counted);
    }
}

/// EIP-7966: accepts a transaction and answers its receipt.
pub(super) async fn send_sync(node: &Node, params: Params<'_>) -> Answer {
    let (raw, timeout): (Bytes, Option<Value>) =
        params.read(|p| Ok((p.need("transaction")?, p.maybe("timeout")?)))?;
    let accepted = accept(node, &raw).await?;
    let Located { block, index } = wait(node, &accepted, timeout_ms(timeout)).await?;
    json(&receipt::one(node, &block, index).await?)
}

/// A time-out that is none is the default one, as EIP-7966 wants.
fn timeout_ms(given: Option<Value>) -> u64 {
    given
        .and_then(|value| U64::deserialize(value).ok())
        .map(|timeout| timeout.to::<u64>())
        .filter(|timeout_ms| (1..=SYNC_MAX_MS).contains(timeout_ms))
        .unwrap_or(SYNC_DEFAULT_MS)
}

/// A transaction that is durable.
struct Accepted {
    hash: TxHash,
    sender: Address,
    nonce: u64,
    inclusion: Inclusion,
}

/// What is known of where an accepted transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inclusion {
    /// In a block that may be in no memory any more.
    Old,
    /// It waits, or is in one of the newest blocks.
    Unknown,
}

/// Accepts a transaction. One that is committed already is accepted as well: sending it again is the
/// same as once.
async fn accept(node: &Node, raw: &[u8]) -> Result<Accepted, RpcError> {
    if node.sends == Sends::Refused {
        return Err(RpcError::ReadOnly);
    }
    let signed = submit::decode(raw, &node.config)?;
    let Allowed { signed, counted } = allow(node, signed).await?;
    let Signed { transaction, sender } = &signed;
    let accepted = Accepted {
        hash: *transaction.hash(),
        sender: *sender,
        nonce: transaction.nonce(),
        inclusion: Inclusion::Unknown,
    };
    if node.replica.recent(&accepted.hash).is_some() {
        return Ok(accepted);
    }
    let submitted = node.intake.submit(desk(node), vec![signed]).await;
    match submitted.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(_) => Ok(accepted),
        Err(error) => {
            give_back(node, counted);
            check_old(node, &accepted.hash, error).await?;
            Ok(Accepted { inclusion: Inclusion::Old, ..accepted })
        }
    }
}

/// Forgives an error when the transaction was committed long ago. That is looked for only now: a transaction
/// that is new is in no index.
async fn check_old(node: &Node, hash: &TxHash, error: Arc<SubmitError>) -> Result<(), RpcError> {
    match node.replica.transaction(hash).await? {
        Some(_) => Ok(()),
        None => Err(error.into()),
    }
}

fn desk(node: &Node) -> Desk<'_> {
    Desk {
        stores: &node.stores,
        doorbell: &*node.doorbell,
        config: &node.config,
        rules: &node.rules,
        replica: &node.replica,
        clock: &*node.clock,
    }
}

/// Waits until a transaction is in a committed block.
async fn wait(node: &Node, accepted: &Accepted, timeout_ms: u64) -> Result<Located, RpcError> {
    let started_ms = node.clock.now_ms();
    let deadline_ms = started_ms.saturating_add(timeout_ms);
    let mut look_ms = match accepted.inclusion {
        Inclusion::Old => started_ms,
        Inclusion::Unknown => started_ms + LOOK_EVERY_MS,
    };
    loop {
        // Read before the lookup: a block that comes in between ends the wait below at once.
        let head = node.replica.head().header.number;
        if let Some(located) = node.replica.recent(&accepted.hash) {
            return Ok(located);
        }
        let now_ms = node.clock.now_ms();
        if now_ms >= look_ms.min(deadline_ms) {
            // A replica that went on from a checkpoint meanwhile has forgotten the block.
            if let Some(located) = node.replica.transaction(&accepted.hash).await? {
                return Ok(located);
            }
            check_dropped(node, accepted.hash).await?;
            look_ms = now_ms + LOOK_EVERY_MS;
        }
        if now_ms >= deadline_ms {
            return Err(late(node, accepted, timeout_ms).await?);
        }
        let pause_ms = look_ms.min(deadline_ms).saturating_sub(now_ms);
        node.heads.wait_beyond(head, pause_ms).await;
    }
}

async fn check_dropped(node: &Node, hash: TxHash) -> Result<(), RpcError> {
    match node.stores.inbox.dropped(hash).await? {
        Some(dropped) => Err(RpcError::SyncUnready { hash, reason: dropped.reason }),
        None => Ok(()),
    }
}

/// Says why a transaction is late: transactions before it are missing, or the layer is slow.
async fn late(node: &Node, accepted: &Accepted, timeout_ms: u64) -> Result<RpcError, RpcError> {
    let Accepted { hash, sender, nonce, .. } = *accepted;
    let next = accounts::next_nonce(node, sender).await?;
    if next < nonce {
        let reason = format!("nonce too high: next nonce {next}, tx nonce {nonce}");
        return Ok(RpcError::SyncUnready { hash, reason });
    }
    Ok(RpcError::SyncTimeout { hash, timeout_ms })
}
