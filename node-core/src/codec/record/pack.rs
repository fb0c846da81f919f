use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{Kind, Record};
use crate::{
    state::{Account, AccountDelta, AccountInfo, Delta, StateError, WorldState},
    trie::TrieError,
};

/// The whole state at one block, with the addresses and slots that the tries only know hashed.
///
/// This is the pack of a small state: one object, loaded whole.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct StatePack {
    /// Accounts in order of address.
    pub accounts: Vec<PackedAccount>,
    /// Codes that the accounts name, each once, in order of hash.
    pub codes: Vec<Bytes>,
}

/// One account of a [`StatePack`].
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct PackedAccount {
    /// Address.
    pub address: Address,
    /// Nonce.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// keccak256 of the code.
    pub code_hash: B256,
    /// Storage in order of slot.
    pub storage: Vec<PackedSlot>,
}

/// One storage slot of a [`PackedAccount`].
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct PackedSlot {
    /// Slot number.
    pub slot: U256,
    /// Value, never zero.
    pub value: U256,
}

impl Record for StatePack {
    const KIND: Kind = Kind::Pack;
}

/// A state that cannot be packed, because a part of it is not loaded or only known by its hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// A node is not loaded.
    #[error(transparent)]
    Trie(#[from] TrieError),
    /// An account or slot is known by its hash only.
    #[error("the preimage of {hash} is not known")]
    Preimage {
        /// The hash.
        hash: B256,
    },
    /// A code is missing.
    #[error("the code with hash {hash} is not known")]
    Code {
        /// The hash.
        hash: B256,
    },
}

impl StatePack {
    /// Packs a whole state.
    ///
    /// # Errors
    /// [`PackError`] when not all of it is loaded.
    pub fn pack(world: &WorldState) -> Result<Self, PackError> {
        let mut accounts = Vec::new();
        let mut codes = BTreeMap::new();
        for entry in world.iter_accounts() {
            let (hash, account) = entry?;
            let code_hash = account.info.code_hash;
            if account.info.has_code() {
                let code = world.code(&code_hash).ok_or(PackError::Code { hash: code_hash })?;
                codes.insert(code_hash, code);
            }
            accounts.push(PackedAccount::of(hash, account)?);
        }
        accounts.sort_unstable_by_key(|account| account.address);
        Ok(Self { accounts, codes: codes.into_values().collect() })
    }

    /// Makes the state again. Its root says whether it is the one that was packed.
    ///
    /// # Errors
    /// Never for a pack that was packed; the type is that of applying a delta.
    pub fn unpack(&self) -> Result<WorldState, StateError> {
        let codes = self.codes.iter().map(|code| (keccak256(code), code.clone())).collect();
        let accounts = self.accounts.iter().map(PackedAccount::entry).collect();
        WorldState::new().apply(&Delta { accounts, codes })
    }
}

impl PackedAccount {
    fn of(hash: B256, account: &Account) -> Result<Self, PackError> {
        let address = account.address.ok_or(PackError::Preimage { hash })?;
        let mut storage = Vec::new();
        for entry in account.slots() {
            let (hash, slot) = entry?;
            let (slot, value) = slot.entry().ok_or(PackError::Preimage { hash })?;
            storage.push(PackedSlot { slot, value });
        }
        storage.sort_unstable_by_key(|one| one.slot);
        let AccountInfo { nonce, balance, code_hash } = account.info;
        Ok(Self { address, nonce, balance, code_hash, storage })
    }

    fn entry(&self) -> (Address, AccountDelta) {
        let Self { nonce, balance, code_hash, .. } = *self;
        let mut delta = AccountDelta::updated(AccountInfo { nonce, balance, code_hash });
        delta.slots = self.storage.iter().map(|one| (one.slot, one.value)).collect();
        (self.address, delta)
    }
}
