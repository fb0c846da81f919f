//! The phase of a layer's life, kept in one register.

use serde::{Deserialize, Serialize};

use super::{FlowError, register};
use crate::{
    chain::Phase,
    codec::names,
    port::{PortError, Registers},
};

/// What the phase register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct PhaseValue {
    phase: Phase,
}

/// Returns the phase.
///
/// # Errors
/// [`FlowError::NoLayer`] when no layer was opened.
pub async fn current(registers: &dyn Registers) -> Result<Phase, FlowError> {
    let held = register::load::<PhaseValue>(registers, names::PHASE).await?;
    Ok(held.ok_or(FlowError::NoLayer)?.value.phase)
}

/// Writes the first phase of a layer that is being opened; a phase that is there stays.
pub(super) async fn begin(registers: &dyn Registers) -> Result<(), FlowError> {
    let value = PhaseValue { phase: Phase::Open };
    match register::store(registers, names::PHASE, None, &value).await {
        Ok(_) | Err(PortError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Moves from `from` to the phase after it. Moving twice is the same as once.
///
/// # Errors
/// [`PortError::Conflict`] when the layer is in neither phase, or moved while this was decided.
pub async fn advance(registers: &dyn Registers, from: Phase) -> Result<Phase, FlowError> {
    let held = register::load::<PhaseValue>(registers, names::PHASE).await?;
    let held = held.ok_or(FlowError::NoLayer)?;
    let next = from.next().unwrap_or(from);
    if held.value.phase == next {
        return Ok(next);
    }
    if held.value.phase != from {
        return Err(PortError::Conflict { what: names::PHASE.to_owned() }.into());
    }
    register::store(registers, names::PHASE, Some(held.version), &PhaseValue { phase: next })
        .await?;
    Ok(next)
}
