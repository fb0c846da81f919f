//! Accounts as the official tests write them.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use node_core::state::{AccountDelta, AccountInfo, Delta, WorldState};
use serde::Deserialize;

/// Accounts by address.
pub(crate) type Alloc = BTreeMap<Address, AllocAccount>;

/// One account.
#[derive(Debug, Deserialize)]
pub(crate) struct AllocAccount {
    nonce: U256,
    balance: U256,
    code: Bytes,
    storage: BTreeMap<U256, U256>,
}

/// Returns the world that has exactly these accounts.
pub(crate) fn world(alloc: &Alloc) -> WorldState {
    let mut delta = Delta::default();
    for (address, account) in alloc {
        let code_hash = keccak256(&account.code);
        delta.codes.insert(code_hash, account.code.clone());
        delta.accounts.insert(*address, account.change(code_hash));
    }
    WorldState::new().apply(&delta).expect("an empty world takes everything")
}

impl AllocAccount {
    fn change(&self, code_hash: B256) -> AccountDelta {
        let info = AccountInfo { nonce: self.nonce.to(), balance: self.balance, code_hash };
        AccountDelta { slots: self.storage.clone(), ..AccountDelta::updated(info) }
    }
}
