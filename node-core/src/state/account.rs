//! Leaves of the account trie and of storage tries.

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

use crate::trie::{Trie, Unhashed, Value};

/// What a transaction sees of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountInfo {
    /// Transactions sent, or for a contract contracts created, plus one (EIP-161).
    pub nonce: u64,
    /// In wei.
    pub balance: U256,
    /// Keccak-256 of the code; [`KECCAK256_EMPTY`] without code.
    pub code_hash: B256,
}

impl Default for AccountInfo {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}

impl AccountInfo {
    /// Whether the account does not count as existing (EIP-161). Such accounts are not stored, but those that an
    /// imported chain has from before that rule.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a call of the account runs something.
    pub fn has_code(&self) -> bool {
        self.code_hash != KECCAK256_EMPTY
    }
}

/// A leaf of the account trie.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Nonce, balance and code hash.
    pub info: AccountInfo,
    /// The account's own trie, blinded in an account that came as RLP.
    pub storage: Trie<Slot>,
    /// The address, whose hash is the key of the leaf. Not known for accounts that came as RLP.
    pub address: Option<Address>,
}

/// The encoding of an account (Yellow Paper 4.1).
#[derive(RlpEncodable, RlpDecodable)]
struct AccountRlp {
    nonce: u64,
    balance: U256,
    storage_root: B256,
    code_hash: B256,
}

impl Value for Account {
    fn encode(&self, out: &mut Vec<u8>) {
        let AccountInfo { nonce, balance, code_hash } = self.info;
        AccountRlp { nonce, balance, storage_root: self.storage.root(), code_hash }.encode(out);
    }

    fn decode(bytes: &[u8]) -> alloy_rlp::Result<Self> {
        let AccountRlp { nonce, balance, storage_root, code_hash } =
            alloy_rlp::decode_exact(bytes)?;
        let info = AccountInfo { nonce, balance, code_hash };
        Ok(Self { info, storage: Trie::from_root(storage_root), address: None })
    }

    fn gather<'a>(&'a self, unhashed: &mut Unhashed<'a>) {
        unhashed.add(&self.storage);
    }
}

/// A leaf of a storage trie; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// What the slot holds.
    pub value: U256,
    /// The slot's number, whose hash is the key of the leaf. Not known for slots that came as RLP.
    pub key: Option<U256>,
}

impl Value for Slot {
    fn encode(&self, out: &mut Vec<u8>) {
        self.value.encode(out);
    }

    fn decode(mut bytes: &[u8]) -> alloy_rlp::Result<Self> {
        let value = U256::decode(&mut bytes)?;
        if !bytes.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        Ok(Self { value, key: None })
    }
}
