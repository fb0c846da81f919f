//! The rules of an organiser, where every function that answers for the layer finds them.

use super::{FlowError, register};
use crate::{codec::names, port::Registers, rpc::AccessRules};

/// Keeps the rules of a layer, in place of those before. Of keys only the hashes are kept.
///
/// # Errors
/// The store's.
pub async fn keep(registers: &dyn Registers, rules: &AccessRules) -> Result<(), FlowError> {
    Ok(register::keep(registers, names::ACCESS, rules).await?)
}

/// Returns the rules of a layer; everybody may ask for everything where none were kept.
///
/// # Errors
/// The store's, and [`Corrupt`](crate::port::PortError::Corrupt).
pub async fn kept(registers: &dyn Registers) -> Result<AccessRules, FlowError> {
    Ok(register::kept(registers, names::ACCESS).await?)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::port::memory::Memory;

    #[test]
    fn what_is_kept_is_what_was_written_without_its_keys() {
        let registers = Memory::stores().registers;
        assert_eq!(block_on(kept(&*registers)).expect("memory"), AccessRules::default());
        let json = r#"{
            "apiKeys": ["correct-horse-battery"], "origins": ["https://tickets.example"],
            "methods": ["eth_*"], "targets": ["0x1111111111111111111111111111111111111111"],
            "perSender": { "burst": 5, "perMinute": 60 }
        }"#;
        let rules: AccessRules = serde_json::from_str(json).expect("rules");
        for _ in 0..2 {
            block_on(keep(&*registers, &rules)).expect("memory");
            assert_eq!(block_on(kept(&*registers)).expect("memory"), rules);
        }
        let (_, bytes) = block_on(registers.load(names::ACCESS)).expect("memory").expect("kept");
        assert!(!String::from_utf8_lossy(&bytes).contains("horse"), "only a hash is kept");
    }
}
