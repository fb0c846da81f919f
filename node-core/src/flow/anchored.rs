//! Which blocks have their inputs on the L1, where every function that answers for the layer finds it.

use serde::{Deserialize, Serialize};

use super::{FlowError, register};
use crate::{
    codec::names,
    port::{PortError, Registers},
};

/// Numbers of the newest blocks whose inputs are on a safe and on a finalized block of the L1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchored {
    /// On a safe block of the L1.
    pub safe: u64,
    /// On a finalized one.
    pub finalized: u64,
}

/// Keeps how far the L1 is, unless it is known to be as far, or somebody else is keeping it now: it is looked at again.
///
/// # Errors
/// The store's.
pub async fn keep(registers: &dyn Registers, anchored: Anchored) -> Result<(), FlowError> {
    let held = register::load::<Anchored>(registers, names::ANCHORED).await?;
    let known = held.as_ref().map(|held| held.value).unwrap_or_default();
    let further = Anchored {
        safe: anchored.safe.max(known.safe),
        finalized: anchored.finalized.max(known.finalized),
    };
    if further == known {
        return Ok(());
    }
    let version = held.map(|held| held.version);
    match register::store(registers, names::ANCHORED, version, &further).await {
        Ok(_) | Err(PortError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns how far the L1 is known to be; block 0 where nothing was kept.
///
/// # Errors
/// The store's, and [`Corrupt`](PortError::Corrupt).
pub async fn kept(registers: &dyn Registers) -> Result<Anchored, FlowError> {
    Ok(register::kept(registers, names::ANCHORED).await?)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::port::memory::Memory;

    #[test]
    fn it_never_goes_back() {
        let registers = Memory::stores().registers;
        let after = |safe, finalized| {
            block_on(keep(&*registers, Anchored { safe, finalized })).expect("memory");
            let Anchored { safe, finalized } = block_on(kept(&*registers)).expect("memory");
            (safe, finalized)
        };
        assert_eq!(after(0, 0), (0, 0));
        assert_eq!(after(7, 3), (7, 3));
        assert_eq!(after(5, 4), (7, 4));
        assert_eq!(after(5, 4), (7, 4));
    }
}
