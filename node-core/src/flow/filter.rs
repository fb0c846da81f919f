//! Filters that clients poll: where each of them stands.
//!
//! Whoever answers a poll may be another function than the one before, so a filter is kept in a register. There
//! are so many registers and no more: a filter that nobody polled for [`IDLE_MS`] makes place for another.

use alloy_primitives::{B128, keccak256};
use alloy_rpc_types_eth::Filter;
use serde::{Deserialize, Serialize};

use super::{FlowError, register};
use crate::{
    codec::names,
    port::{PortError, Registers},
};

/// How long a filter lives that nobody polls, in milliseconds. As geth.
pub const IDLE_MS: u64 = 5 * 60 * 1_000;

/// Registers for filters.
pub const MOST: u16 = 4_096;

/// Registers that are tried for a new filter.
const PROBES: u8 = 16;

/// What a filter tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Logs.
    Logs(Box<Filter>),
    /// Hashes of blocks.
    Blocks,
    /// Hashes of transactions.
    Transactions,
}

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    id: B128,
    /// What it tells of.
    pub kind: Kind,
    /// The first block that it has not told of.
    pub next: u64,
    /// When it was polled last, Unix milliseconds.
    used_ms: u64,
}

impl Installed {
    const fn is_idle(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.used_ms) > IDLE_MS
    }
}

/// A poll of a filter that is there.
#[derive(Debug)]
pub struct Poll {
    /// The filter.
    pub filter: Installed,
    held: register::Held<Option<Installed>>,
}

/// Installs a filter that tells of blocks from `next` on; `None` when there are too many.
///
/// # Errors
/// The store's errors.
pub async fn install(
    registers: &dyn Registers,
    kind: Kind,
    next: u64,
    now_ms: u64,
) -> Result<Option<B128>, FlowError> {
    let mut text = serde_json::to_vec(&(&kind, next, now_ms)).unwrap_or_default();
    for probe in 0..PROBES {
        // What is installed twice at the same time goes to different places.
        text.push(probe);
        let id = B128::from_slice(&keccak256(&text)[..16]);
        let slot = slot_of(&id);
        let held = load(registers, slot).await?;
        let version = held.as_ref().map(|held| held.version);
        let holder = held.and_then(|held| held.value);
        if holder.is_some_and(|holder| !holder.is_idle(now_ms)) {
            continue;
        }
        let filter = Installed { id, kind: kind.clone(), next, used_ms: now_ms };
        match register::store(registers, &names::filter(slot), version, &Some(filter)).await {
            Ok(_) => return Ok(Some(id)),
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Finds a filter.
///
/// # Errors
/// The store's errors.
pub async fn find(
    registers: &dyn Registers,
    id: B128,
    now_ms: u64,
) -> Result<Option<Poll>, FlowError> {
    let Some(held) = load(registers, slot_of(&id)).await? else { return Ok(None) };
    let filter = held.value.clone().filter(|filter| filter.id == id && !filter.is_idle(now_ms));
    Ok(filter.map(|filter| Poll { filter, held }))
}

/// Remembers that a filter told of all blocks before `next`. `false` when somebody else polled it meanwhile: then
/// what was found is not to be told again.
///
/// # Errors
/// The store's errors.
pub async fn advance(
    registers: &dyn Registers,
    poll: Poll,
    next: u64,
    now_ms: u64,
) -> Result<bool, FlowError> {
    let Poll { filter, held } = poll;
    if filter.next == next && now_ms.saturating_sub(filter.used_ms) < IDLE_MS / 5 {
        return Ok(true);
    }
    let slot = slot_of(&filter.id);
    store(registers, slot, &held, Some(Installed { next, used_ms: now_ms, ..filter })).await
}

/// Forgets a filter; `false` when there is none.
///
/// # Errors
/// The store's errors.
pub async fn uninstall(
    registers: &dyn Registers,
    id: B128,
    now_ms: u64,
) -> Result<bool, FlowError> {
    match find(registers, id, now_ms).await? {
        Some(Poll { held, .. }) => store(registers, slot_of(&id), &held, None).await,
        None => Ok(false),
    }
}

async fn load(
    registers: &dyn Registers,
    slot: u16,
) -> Result<Option<register::Held<Option<Installed>>>, FlowError> {
    Ok(register::load::<Option<Installed>>(registers, &names::filter(slot)).await?)
}

async fn store(
    registers: &dyn Registers,
    slot: u16,
    held: &register::Held<Option<Installed>>,
    filter: Option<Installed>,
) -> Result<bool, FlowError> {
    match register::store(registers, &names::filter(slot), Some(held.version), &filter).await {
        Ok(_) => Ok(true),
        Err(PortError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The register is named by the first two bytes of the id.
fn slot_of(id: &B128) -> u16 {
    u16::from_be_bytes([id[0], id[1]]) % MOST
}
