//! RLP of a [`Delta`]: accounts in order of address, then codes in order of hash.
//!
//! Code hashes of codes are not stored; a reader hashes the codes again.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{BufMut, Decodable, Encodable, RlpDecodable, RlpEncodable};

use super::PackedSlot;
use crate::state::{AccountChange, AccountDelta, AccountInfo, Delta};

#[derive(RlpEncodable, RlpDecodable)]
struct FlatDelta {
    accounts: Vec<FlatAccount>,
    codes: Vec<Bytes>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct FlatAccount {
    address: Address,
    exists: bool,
    nonce: u64,
    balance: U256,
    code_hash: B256,
    storage_cleared: bool,
    slots: Vec<PackedSlot>,
}

impl FlatAccount {
    fn of(address: Address, delta: &AccountDelta) -> Self {
        let (exists, info) = match delta.change {
            AccountChange::Deleted => (false, AccountInfo::default()),
            AccountChange::Updated(info) => (true, info),
        };
        let slots =
            delta.slots.iter().map(|(slot, value)| PackedSlot { slot: *slot, value: *value });
        Self {
            address,
            exists,
            nonce: info.nonce,
            balance: info.balance,
            code_hash: info.code_hash,
            storage_cleared: delta.storage_cleared,
            slots: slots.collect(),
        }
    }

    fn into_entry(self) -> (Address, AccountDelta) {
        let Self { nonce, balance, code_hash, .. } = self;
        let change = match self.exists {
            false => AccountChange::Deleted,
            true => AccountChange::Updated(AccountInfo { nonce, balance, code_hash }),
        };
        let slots = self.slots.into_iter().map(|one| (one.slot, one.value)).collect();
        let delta = AccountDelta { change, storage_cleared: self.storage_cleared, slots };
        (self.address, delta)
    }
}

fn flat(delta: &Delta) -> FlatDelta {
    FlatDelta {
        accounts: delta.accounts.iter().map(|(at, one)| FlatAccount::of(*at, one)).collect(),
        codes: delta.codes.values().cloned().collect(),
    }
}

impl Encodable for Delta {
    fn encode(&self, out: &mut dyn BufMut) {
        flat(self).encode(out);
    }

    fn length(&self) -> usize {
        flat(self).length()
    }
}

impl Decodable for Delta {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let FlatDelta { accounts, codes } = FlatDelta::decode(buf)?;
        Ok(Self {
            accounts: accounts.into_iter().map(FlatAccount::into_entry).collect(),
            codes: codes.into_iter().map(|code| (keccak256(&code), code)).collect(),
        })
    }
}
