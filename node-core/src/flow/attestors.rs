//! Who is asked to sign the settlement of a layer in assurance mode B, where whoever ends the layer finds it. Whose
//! signatures count is on the L1.

use super::{FlowError, register};
use crate::{codec::names, port::Registers};

/// Keeps the URLs of the attestors of a layer, in place of those before.
///
/// # Errors
/// The store's.
pub async fn keep(registers: &dyn Registers, urls: &[String]) -> Result<(), FlowError> {
    Ok(register::keep(registers, names::ATTESTORS, urls).await?)
}

/// Returns the URLs of the attestors of a layer; none where none were kept.
///
/// # Errors
/// The store's, and [`Corrupt`](crate::port::PortError::Corrupt).
pub async fn kept(registers: &dyn Registers) -> Result<Vec<String>, FlowError> {
    Ok(register::kept(registers, names::ATTESTORS).await?)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::port::memory::Memory;

    #[test]
    fn what_is_kept_is_what_was_written_last() {
        let registers = Memory::stores().registers;
        assert_eq!(block_on(kept(&*registers)).expect("memory"), [""; 0]);
        for url in ["https://one.example/", "https://two.example/"] {
            block_on(keep(&*registers, &[url.to_owned()])).expect("memory");
            assert_eq!(block_on(kept(&*registers)).expect("memory"), [url]);
        }
    }
}
