//! The writer's lease: who may try to write, and for how long.
//!
//! The lease is for liveness only: it keeps two sequencers from working against each other. Safety is
//! the fence slot that a new writer puts into the log (see [`super::sequence`]).

use serde::{Deserialize, Serialize};

use super::{FlowError, register};
use crate::{
    chain::Epoch,
    codec::names,
    port::{PortError, Registers, Version},
};

/// What the lease register holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LeaseValue {
    epoch: Epoch,
    holder: String,
    /// Unix milliseconds; 0 when released.
    until_ms: u64,
}

/// A lease that this process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    value: LeaseValue,
    version: Version,
}

/// Outcome of [`claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This process is the writer of a new epoch.
    Won(Lease),
    /// Another process holds the lease.
    Held {
        /// Until when, Unix milliseconds.
        until_ms: u64,
    },
}

/// Claims the lease if it is free or ran out, under the next epoch.
///
/// # Errors
/// [`PortError::Unavailable`]. A lost race is [`Claim::Held`], not an error.
pub async fn claim(
    registers: &dyn Registers,
    holder: &str,
    now_ms: u64,
    length_ms: u64,
) -> Result<Claim, FlowError> {
    let held = register::load::<LeaseValue>(registers, names::LEASE).await?;
    if let Some(held) = &held
        && held.value.until_ms > now_ms
        && held.value.holder != holder
    {
        return Ok(Claim::Held { until_ms: held.value.until_ms });
    }
    let epoch = held.as_ref().map_or(Epoch(0), |held| held.value.epoch).next();
    let until_ms = now_ms + length_ms;
    let value = LeaseValue { epoch, holder: holder.to_owned(), until_ms };
    let version = held.map(|held| held.version);
    match register::store(registers, names::LEASE, version, &value).await {
        Ok(version) => Ok(Claim::Won(Lease { value, version })),
        Err(PortError::Conflict { .. }) => Ok(Claim::Held { until_ms }),
        Err(error) => Err(error.into()),
    }
}

/// Whether a writer holds the lease.
///
/// # Errors
/// The store's errors.
pub async fn is_held(registers: &dyn Registers, now_ms: u64) -> Result<bool, PortError> {
    let held = register::load::<LeaseValue>(registers, names::LEASE).await?;
    Ok(held.is_some_and(|held| held.value.until_ms > now_ms))
}

impl Lease {
    /// Returns the epoch of this writer.
    pub const fn epoch(&self) -> Epoch {
        self.value.epoch
    }

    /// Until when the lease is held, Unix milliseconds.
    pub const fn until_ms(&self) -> u64 {
        self.value.until_ms
    }

    /// Holds the lease for `length_ms` from now.
    ///
    /// # Errors
    /// [`PortError::Fenced`] when another writer has it.
    pub async fn renew(
        &mut self,
        registers: &dyn Registers,
        now_ms: u64,
        length_ms: u64,
    ) -> Result<(), FlowError> {
        self.write(registers, now_ms + length_ms).await
    }

    /// Gives the lease back, so that the next writer need not wait for it to run out.
    ///
    /// # Errors
    /// [`PortError::Unavailable`]. A lease that another writer has taken is left alone.
    pub async fn release(mut self, registers: &dyn Registers) -> Result<(), FlowError> {
        match self.write(registers, 0).await {
            Err(error) if error.is_fenced() => Ok(()),
            other => other,
        }
    }

    async fn write(&mut self, registers: &dyn Registers, until_ms: u64) -> Result<(), FlowError> {
        let value = LeaseValue { until_ms, ..self.value.clone() };
        match register::store(registers, names::LEASE, Some(self.version), &value).await {
            Ok(version) => {
                (self.value, self.version) = (value, version);
                Ok(())
            }
            Err(PortError::Conflict { .. }) => Err(self.fenced(registers).await),
            Err(error) => Err(error.into()),
        }
    }

    async fn fenced(&self, registers: &dyn Registers) -> FlowError {
        match register::load::<LeaseValue>(registers, names::LEASE).await {
            Ok(Some(held)) => {
                let (mine, newer) = (self.value.epoch, held.value.epoch);
                PortError::Fenced { mine, newer }.into()
            }
            Ok(None) => FlowError::NoLayer,
            Err(error) => error.into(),
        }
    }
}
