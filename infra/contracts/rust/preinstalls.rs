//! What every layer has from its first block, at the addresses that wallets and tools expect.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use serde::Deserialize;
use thiserror::Error;

const FILE: &str = include_str!("../preinstalls.json");

/// A contract of the genesis that nobody deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preinstall {
    /// What people call it.
    pub name: String,
    /// Where it stands on every chain.
    pub address: Address,
    /// Its runtime code on this chain.
    pub code: Bytes,
}

/// Why the checked-in list is not usable.
#[derive(Debug, Error)]
pub enum PreinstallError {
    /// The file is not what [`preinstalls`] reads.
    #[error("preinstalls.json is malformed")]
    Malformed(#[from] serde_json::Error),
    /// A value that depends on the chain does not lie in the code.
    #[error("{name}: no word at byte {offset} of {length}")]
    Patch {
        /// Whose code it is.
        name: String,
        /// Where the word should start.
        offset: usize,
        /// Length of the code.
        length: usize,
    },
}

#[derive(Deserialize)]
struct File {
    preinstalls: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    address: Address,
    code: Bytes,
    #[serde(default)]
    patches: Vec<Patch>,
}

/// A word of the code that the constructor would have filled in on this chain.
#[derive(Deserialize)]
struct Patch {
    value: PatchValue,
    offset: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum PatchValue {
    /// The chain id as a word.
    ChainId,
    /// Hash of the EIP-712 domain (name "Permit2", chain id, address).
    Permit2Domain,
}

/// Returns the preinstalled contracts of the chain with this id, in the order of the file.
///
/// # Errors
/// [`PreinstallError`] when the checked-in file is broken; a test reads it, so callers may expect it is not.
pub fn preinstalls(chain_id: u64) -> Result<Vec<Preinstall>, PreinstallError> {
    let file: File = serde_json::from_str(FILE)?;
    file.preinstalls.into_iter().map(|entry| entry.on_chain(chain_id)).collect()
}

impl Entry {
    fn on_chain(self, chain_id: u64) -> Result<Preinstall, PreinstallError> {
        let mut code = self.code.to_vec();
        for patch in &self.patches {
            let length = code.len();
            let word = code.get_mut(patch.offset..patch.offset.saturating_add(32));
            let word = word.ok_or_else(|| PreinstallError::Patch {
                name: self.name.clone(),
                offset: patch.offset,
                length,
            })?;
            word.copy_from_slice(patch.value.on_chain(chain_id, self.address).as_slice());
        }
        Ok(Preinstall { name: self.name, address: self.address, code: code.into() })
    }
}

impl PatchValue {
    fn on_chain(&self, chain_id: u64, address: Address) -> B256 {
        match self {
            Self::ChainId => U256::from(chain_id).into(),
            Self::Permit2Domain => permit2_domain(chain_id, address),
        }
    }
}

/// Domain separator of Permit2, which has no version field.
///
/// Spec: EIP-712.
fn permit2_domain(chain_id: u64, address: Address) -> B256 {
    let kind = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
    keccak256((kind, keccak256("Permit2"), U256::from(chain_id), address).abi_encode())
}
