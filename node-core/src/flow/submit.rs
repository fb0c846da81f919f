//! Accepts a transaction: check, append, acknowledge.
//!
//! What is acknowledged is durable. The phase is read again after the append: a layer that began to
//! drain in between may or may not include the transaction, so it is not acknowledged.
//!
//! Phase, head and durable write are shared by all that come at the same time, see [`Intake`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, TxHash};
use futures::future::try_join_all;

use super::{FlowError, phase, query::Snapshot};
use crate::{
    chain::{LayerConfig, Phase, Transaction, decode_transaction, recover_sender},
    codec::record::Pending,
    execute::{Rejected, Rules, Sender, SenderCode, Terms, admit},
    port::{Appended, Doorbell, PortError, Stores},
    state::{StateAt, StateError},
};

mod intake;
mod replacement;

pub use intake::{Desk, Intake, Submitted};
pub use replacement::{Replacement, compare};

/// Senders whose waiting transactions are read at the same time.
const READS: usize = 32;

/// Why a transaction was not accepted. Nothing was stored, unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Not an EIP-2718 transaction.
    #[error("transaction could not be decoded: {0}")]
    Decode(alloy_eips::eip2718::Eip2718Error),
    /// The signature is not one.
    #[error("invalid sender: the signature does not recover to an address")]
    Signature,
    /// Checked against the rules and the sender's account.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// More bytes than the layer takes.
    #[error("oversized data: transaction size {got}, limit {limit}")]
    TooLarge {
        /// Bytes given.
        got: usize,
        /// The most.
        limit: usize,
    },
    /// The nonce is too far ahead to wait for.
    #[error("nonce too far ahead: next nonce {next}, tx nonce {tx}, at most {limit} ahead")]
    NonceGap {
        /// Nonce of the transaction.
        tx: u64,
        /// Nonce of the account.
        next: u64,
        /// How far ahead is allowed.
        limit: u64,
    },
    /// The sender has as much waiting as one sender may.
    #[error("too many transactions of {sender} are waiting: {waiting}, limit {limit}")]
    InFlight {
        /// The sender.
        sender: Address,
        /// Transactions waiting.
        waiting: usize,
        /// The most.
        limit: usize,
    },
    /// Another transaction with this nonce waits and this one does not pay enough more.
    #[error("replacement transaction underpriced")]
    Underpriced,
    /// The very same transaction is committed or waits.
    #[error("already known")]
    Known {
        /// Its hash.
        hash: TxHash,
    },
    /// The layer takes no transactions any more. The transaction may be stored, but is not acknowledged.
    #[error("the layer is closed for transactions: phase {phase}")]
    Closed {
        /// Where the layer is in its life.
        phase: Phase,
    },
    /// The stores, or we.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<PortError> for SubmitError {
    fn from(error: PortError) -> Self {
        Self::Flow(error.into())
    }
}

/// A transaction that is well formed and signed, before anything is known of the state.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The transaction.
    pub transaction: Transaction,
    /// Who signed it.
    pub sender: Address,
}

/// Decodes `raw` and recovers its sender: all that needs no state.
///
/// # Errors
/// [`SubmitError::Decode`], [`SubmitError::TooLarge`], [`SubmitError::Signature`].
pub fn decode(raw: &[u8], config: &LayerConfig) -> Result<Signed, SubmitError> {
    let limit = config.limits.transaction_bytes;
    if raw.len() > limit {
        return Err(SubmitError::TooLarge { got: raw.len(), limit });
    }
    let transaction = decode_transaction(raw).map_err(SubmitError::Decode)?;
    if transaction.as_deposit().is_some() {
        return Err(Rejected::Deposit.into());
    }
    let sender = recover_sender(&transaction).map_err(|_| SubmitError::Signature)?;
    Ok(Signed { transaction, sender })
}

/// Checks `signed` against the state after the newest block, appends it, and rings.
///
/// Returns the hash once the transaction is durable. Sending the same transaction again while it waits
/// returns the same hash.
///
/// # Errors
/// [`SubmitError`]; see there what was stored.
///
/// # Panics
/// Never: one transaction has one answer.
pub async fn submit(
    stores: &Stores,
    doorbell: &dyn Doorbell,
    chain: (&LayerConfig, &Rules),
    newest: &mut Snapshot,
    signed: Signed,
    now_ms: u64,
) -> Result<TxHash, SubmitError> {
    let one = vec![Arc::new(signed)];
    let answers = submit_all(stores, doorbell, chain, newest, &one, now_ms).await?;
    answers.into_iter().next().expect("one was given, so one is answered")
}

/// As [`submit`] of one after the other, in one durable write.
///
/// # Errors
/// What concerns all of them alike: the phase, or the stores.
pub async fn submit_all(
    stores: &Stores,
    doorbell: &dyn Doorbell,
    (config, rules): (&LayerConfig, &Rules),
    newest: &mut Snapshot,
    signed: &[Arc<Signed>],
    now_ms: u64,
) -> Result<Vec<Result<TxHash, SubmitError>>, SubmitError> {
    check_open(stores, config, now_ms).await?;
    let mut group = Group::of(stores, signed).await?;
    let mut answers = Vec::with_capacity(signed.len());
    for one in signed {
        answers.push(match check((config, rules), newest, &group, one).await {
            Ok(()) => Ok(group.add(one, now_ms)),
            Err(error) => Err(error),
        });
    }
    let appended = stores.inbox.append_all(group.pending).await?;
    check_open(stores, config, now_ms).await?;
    if appended.contains(&Appended::New) {
        doorbell.ring();
    }
    Ok(answers)
}

/// Transactions that passed and are appended together.
#[derive(Debug)]
struct Group {
    pending: Vec<Pending>,
    /// What waits of each sender, in the inbox and in `pending`.
    waiting: BTreeMap<Address, Vec<Pending>>,
}

impl Group {
    /// Begins a group of none, knowing what waits of everybody who `signed`.
    async fn of(stores: &Stores, signed: &[Arc<Signed>]) -> Result<Self, PortError> {
        let senders: BTreeSet<_> = signed.iter().map(|one| one.sender).collect();
        let senders: Vec<_> = senders.into_iter().collect();
        let mut waiting = BTreeMap::new();
        for some in senders.chunks(READS) {
            let reads = some.iter().map(|sender| stores.inbox.of_sender(*sender));
            waiting.extend(some.iter().copied().zip(try_join_all(reads).await?));
        }
        Ok(Self { pending: Vec::new(), waiting })
    }

    fn add(&mut self, signed: &Signed, now_ms: u64) -> TxHash {
        let hash = *signed.transaction.hash();
        let pending = Pending {
            hash,
            sender: signed.sender,
            raw: Bytes::from(signed.transaction.encoded_2718()),
            received_ms: now_ms,
            deposit_position: 0,
        };
        self.waiting.entry(signed.sender).or_default().push(pending.clone());
        self.pending.push(pending);
        hash
    }

    fn of_sender(&self, sender: &Address) -> &[Pending] {
        self.waiting.get(sender).map_or(&[], Vec::as_slice)
    }
}

/// Checks one transaction behind those of its `group`.
async fn check(
    (config, rules): (&LayerConfig, &Rules),
    newest: &mut Snapshot,
    group: &Group,
    signed: &Signed,
) -> Result<(), SubmitError> {
    let next_nonce = check_against_state(rules, newest, signed).await?;
    check_against_waiting(config, signed, next_nonce, group.of_sender(&signed.sender))
}

async fn check_open(stores: &Stores, config: &LayerConfig, now_ms: u64) -> Result<(), SubmitError> {
    let phase = phase::current(&*stores.registers).await?;
    if !phase.accepts() {
        return Err(SubmitError::Closed { phase });
    }
    if now_ms / 1000 >= config.ends_at_s {
        return Err(SubmitError::Closed { phase: Phase::Draining });
    }
    Ok(())
}

/// Returns the nonce that the sender's account has.
async fn check_against_state(
    rules: &Rules,
    newest: &mut Snapshot,
    signed: &Signed,
) -> Result<u64, SubmitError> {
    let read = |state: &StateAt| {
        let info = state.account(&signed.sender)?.unwrap_or_default();
        Ok::<_, StateError>((info, state.code(&info.code_hash)?))
    };
    let (info, code) = newest.with(|state| read(state).map_err(FlowError::from)).await?;
    let sender = Sender {
        address: signed.sender,
        nonce: info.nonce,
        balance: info.balance,
        code: SenderCode::of(&code),
    };
    let terms = Terms {
        chain_id: rules.chain_id,
        gas_limit: newest.header.gas_limit,
        base_fee: newest.header.base_fee_per_gas.unwrap_or_default(),
    };
    admit(&signed.transaction, &sender, &terms)?;
    Ok(info.nonce)
}

fn check_against_waiting(
    config: &LayerConfig,
    signed: &Signed,
    next: u64,
    waiting: &[Pending],
) -> Result<(), SubmitError> {
    use alloy_consensus::Transaction as _;
    let tx = signed.transaction.nonce();
    let limits = &config.limits;
    if tx.saturating_sub(next) > limits.nonce_gap {
        return Err(SubmitError::NonceGap { tx, next, limit: limits.nonce_gap });
    }
    if waiting.iter().any(|one| one.hash == *signed.transaction.hash()) {
        return Ok(());
    }
    for one in waiting {
        let held = decode_transaction(&one.raw).map_err(SubmitError::Decode)?;
        let verdict = compare(&held, &signed.transaction);
        if held.nonce() == tx && verdict == Replacement::Underpriced {
            return Err(SubmitError::Underpriced);
        }
    }
    if waiting.len() >= limits.in_flight_per_sender {
        let (sender, limit) = (signed.sender, limits.in_flight_per_sender);
        return Err(SubmitError::InFlight { sender, waiting: waiting.len(), limit });
    }
    Ok(())
}
