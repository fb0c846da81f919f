use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, map::hash_map::Entry};
use revm::{Database, bytecode::Bytecode, state::AccountInfo as EvmInfo};

use super::{super::error::Unreadable, block::Overlay, ready::ready};
use crate::state::Need;

impl Database for Overlay {
    type Error = Unreadable;

    fn basic(&mut self, address: Address) -> Result<Option<EvmInfo>, Unreadable> {
        Ok(self.account(address)?.map(|it| EvmInfo {
            balance: it.balance,
            nonce: it.nonce,
            code_hash: it.code_hash,
            account_id: None,
            code: None,
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Unreadable> {
        if hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        Ok(match self.codes.entry(hash) {
            Entry::Occupied(entry) => entry.get().clone(),
            Entry::Vacant(entry) => {
                let code = self.later.code(&hash).or_else(|| self.world.code(&hash));
                let Some(code) = code else {
                    let missed = self.missed.as_mut().ok_or(Unreadable::Code { hash })?;
                    missed.push(Need::code(&hash));
                    return Ok(Bytecode::default());
                };
                entry.insert(ready(hash, code)).clone()
            }
        })
    }

    fn storage(&mut self, address: Address, key: U256) -> Result<U256, Unreadable> {
        Ok(self.slot(address, key)?)
    }

    /// A number out of reach hashes to zero (Yellow Paper H.2).
    fn block_hash(&mut self, number: u64) -> Result<B256, Unreadable> {
        Ok(self.ancestors.get(number).unwrap_or_default())
    }
}
