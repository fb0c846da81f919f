use core::cell::RefCell;

use alloy_primitives::{Address, B256, U256};
use revm::{Database, DatabaseRef, bytecode::Bytecode, state::AccountInfo};

use super::super::{error::Unreadable, overlay::Overlay};

/// The state before a transaction. Reading it fills the overlay's cache, which changes nothing.
pub(super) struct Reader<'a>(RefCell<&'a mut Overlay>);

impl<'a> Reader<'a> {
    pub(super) const fn of(overlay: &'a mut Overlay) -> Self {
        Self(RefCell::new(overlay))
    }
}

impl DatabaseRef for Reader<'_> {
    type Error = Unreadable;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Unreadable> {
        self.0.borrow_mut().basic(address)
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Unreadable> {
        self.0.borrow_mut().code_by_hash(hash)
    }

    fn storage_ref(&self, address: Address, key: U256) -> Result<U256, Unreadable> {
        self.0.borrow_mut().storage(address, key)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Unreadable> {
        self.0.borrow_mut().block_hash(number)
    }
}
