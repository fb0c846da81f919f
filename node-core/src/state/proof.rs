//! EIP-1186: proving accounts and slots, checking such proofs, and loading a state from them.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

use super::world::slot_path;
use super::{Account, AccountInfo, Slot, StateError, TrieId, WorldState};
use crate::trie::{EMPTY_ROOT, ProofError, Trie, TrieError};

/// The answer of `eth_getProof`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountProof {
    /// The account asked for.
    pub address: Address,
    /// What it holds; the default where there is none.
    pub info: AccountInfo,
    /// Root of its storage trie; [`EMPTY_ROOT`] without account.
    pub storage_root: B256,
    /// Nodes of the account trie, root first.
    pub account_proof: Vec<Bytes>,
    /// One for each slot asked for, in the order asked.
    pub storage_proofs: Vec<StorageProof>,
}

/// One slot in the answer of `eth_getProof`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageProof {
    /// The slot.
    pub key: U256,
    /// What it holds, zero where there is none.
    pub value: U256,
    /// Nodes of the storage trie, root first.
    pub proof: Vec<Bytes>,
}

impl WorldState {
    /// Proves an account and slots of it, present or absent.
    ///
    /// # Errors
    /// [`StateError::Missing`] when not all of it is loaded.
    pub fn prove(&self, address: Address, slots: &[U256]) -> Result<AccountProof, StateError> {
        let absent = Account::default();
        let account = self.account(&address)?.unwrap_or(&absent);
        let key = keccak256(address);
        let missing = StateError::of(TrieId::Accounts, Some(&key));
        Ok(AccountProof {
            address,
            info: account.info,
            storage_root: account.storage.root(),
            account_proof: self.accounts.prove(key.as_slice()).map_err(missing)?,
            storage_proofs: slots
                .iter()
                .map(|slot| {
                    let path = slot_path(slot);
                    let missing = StateError::of(TrieId::Storage(key), Some(&path));
                    account.prove(*slot).map_err(missing)
                })
                .collect::<Result<_, _>>()?,
        })
    }

    /// Loads an account and its proven slots from a proof against this state's root.
    ///
    /// The account's address and the slots' keys are known from then on.
    ///
    /// # Errors
    /// [`ProofError`] when the nodes do not prove. What the proof claims beside its nodes is not
    /// looked at: the nodes say it.
    pub fn reveal(&mut self, proof: &AccountProof) -> Result<(), ProofError> {
        let key = keccak256(proof.address);
        self.accounts.reveal_path(key.as_slice(), &proof.account_proof)?;
        let Some(account) = self.accounts.get_mut(key.as_slice())? else { return Ok(()) };
        account.address = Some(proof.address);
        account.reveal_slots(&proof.storage_proofs)
    }
}

impl Account {
    fn prove(&self, key: U256) -> Result<StorageProof, TrieError> {
        Ok(StorageProof {
            key,
            value: self.slot(&key)?,
            proof: self.storage.prove(slot_path(&key).as_slice())?,
        })
    }

    fn reveal_slots(&mut self, proofs: &[StorageProof]) -> Result<(), ProofError> {
        for StorageProof { key, proof, .. } in proofs {
            let path = slot_path(key);
            self.storage.reveal_path(path.as_slice(), proof)?;
            if let Some(slot) = self.storage.get_mut(path.as_slice())? {
                slot.key = Some(*key);
            }
        }
        Ok(())
    }
}

impl AccountProof {
    /// Checks the whole answer against a state root.
    ///
    /// # Errors
    /// [`ProofError`] when nodes are wrong or missing, [`ProofError::ValueMismatch`] when they prove
    /// something else than the answer says.
    pub fn verify(&self, state_root: B256) -> Result<(), ProofError> {
        let mut accounts = Trie::<Account>::from_root(state_root);
        let key = keccak256(self.address);
        accounts.reveal_path(key.as_slice(), &self.account_proof)?;
        let proven = accounts.get(key.as_slice())?;
        let storage_root = proven.map_or(EMPTY_ROOT, |account| account.storage.root());
        let info = proven.map_or_else(AccountInfo::default, |account| account.info);
        if (info, storage_root) != (self.info, self.storage_root) {
            return Err(ProofError::ValueMismatch { key: key.to_vec().into() });
        }
        self.storage_proofs.iter().try_for_each(|slot| slot.verify(storage_root))
    }
}

impl StorageProof {
    fn verify(&self, storage_root: B256) -> Result<(), ProofError> {
        let mut storage = Trie::<Slot>::from_root(storage_root);
        let path = slot_path(&self.key);
        storage.reveal_path(path.as_slice(), &self.proof)?;
        let proven = storage.get(path.as_slice())?.map_or(U256::ZERO, |slot| slot.value);
        if proven == self.value {
            Ok(())
        } else {
            Err(ProofError::ValueMismatch { key: path.to_vec().into() })
        }
    }
}
