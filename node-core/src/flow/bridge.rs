//! Deposits: from the L1's log into the inbox.
//!
//! The cursor moves after the appends, so a crash repeats some of them, which the inbox and the deposit
//! count in the state make harmless.

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::Bytes;
use serde::{Deserialize, Serialize};

use super::{FlowError, register};
use crate::{
    chain::{DepositEvent, L1Origin, LayerConfig},
    codec::{names, record::Pending},
    port::{Doorbell, L1, PortError, Registers, Stores},
};

/// L1 blocks asked for at a time. Public nodes refuse log queries over more than a few thousand.
const SPAN: u64 = 2_000;

/// How far the L1's log was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// First L1 block that was not read yet.
    pub next_block: u64,
    /// Index of the next deposit.
    pub next_index: u64,
    /// The last L1 block that was read: the deposits before `next_index` are all that there are up to it.
    #[serde(default)]
    pub read: Option<L1Origin>,
}

/// Returns how far the L1's log was read; `None` before it was for the first time.
pub(super) async fn cursor(registers: &dyn Registers) -> Result<Option<Cursor>, PortError> {
    Ok(register::load::<Cursor>(registers, names::L1_CURSOR).await?.map(|held| held.value))
}

/// Reads deposits that are settled enough on the L1 and appends them; returns how far it came.
///
/// # Errors
/// [`PortError::Unavailable`] when the L1 does not answer, or leaves a deposit out.
pub async fn ingest(
    stores: &Stores,
    config: &LayerConfig,
    l1: &dyn L1,
    doorbell: &dyn Doorbell,
    now_ms: u64,
) -> Result<Cursor, FlowError> {
    let registers = &*stores.registers;
    let held = register::load::<Cursor>(registers, names::L1_CURSOR).await?;
    let start = Cursor { next_block: config.l1.opened_in_block, ..Cursor::default() };
    let (mut version, mut cursor) =
        held.map_or((None, start), |held| (Some(held.version), held.value));
    let last = l1.newest(config.l1.finality).await?;
    while cursor.next_block <= last.number {
        let until = last.number.min(cursor.next_block + SPAN - 1);
        let events = l1.deposits(cursor.next_block, until).await?;
        if !events.is_empty() {
            cursor.next_index = append(stores, config, events, cursor.next_index, now_ms).await?;
            doorbell.ring();
        }
        cursor.next_block = until + 1;
        if until == last.number {
            cursor.read = Some(last);
        }
        match register::store(registers, names::L1_CURSOR, version, &cursor).await {
            Ok(stored) => version = Some(stored),
            // Another bridge is at it and has come at least as far.
            Err(PortError::Conflict { .. }) => return Ok(cursor),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(cursor)
}

async fn append(
    stores: &Stores,
    config: &LayerConfig,
    events: Vec<DepositEvent>,
    mut next_index: u64,
    now_ms: u64,
) -> Result<u64, FlowError> {
    for event in events {
        if event.index != next_index {
            let reason = format!("expected deposit {next_index}, got {}", event.index);
            return Err(PortError::unavailable("deposits of the L1", reason).into());
        }
        next_index += 1;
        stores.inbox.append(pending(config, event, now_ms)).await?;
    }
    Ok(next_index)
}

fn pending(config: &LayerConfig, event: DepositEvent, now_ms: u64) -> Pending {
    let (sender, index) = (event.from, event.index);
    let transaction = event.into_transaction(config.l1.layer);
    Pending {
        hash: *transaction.hash(),
        sender,
        raw: Bytes::from(transaction.encoded_2718()),
        received_ms: now_ms,
        deposit_position: index + 1,
    }
}
