//! The contracts that are part of every layer, as its genesis has them.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use node_core::{
    chain::{EXIT_SEALER, GenesisAccount, L1_INFO, L2_BRIDGE},
    exit::{KIND_ERC20, KIND_ERC721, KIND_ERC1155},
};

use crate::{L1Info, L2Bridge, WrappedERC20, WrappedERC721, WrappedERC1155, exit_sealer_code};

/// A token of the L1 that can be deposited, as the wrapped one on the layer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgedToken {
    /// Its address, on the L1 and on the layer.
    pub token: Address,
    /// What it calls itself there.
    pub name: String,
    /// Its symbol there.
    pub symbol: String,
    /// What depends on its kind.
    pub metadata: Metadata,
}

/// What a wrapped token answers beside name and symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metadata {
    /// ERC-20.
    Coin {
        /// Digits after the point of an amount.
        decimals: u8,
    },
    /// ERC-721.
    Collection {
        /// Token URIs are this and the id; empty when they follow no such rule.
        base_uri: String,
    },
    /// ERC-1155.
    Items {
        /// The URI of all ids, with `{id}` in it.
        uri: String,
    },
}

/// Returns the accounts of the sealer, the bridge, the L1 info, and of one wrapped token for each of `tokens`.
#[must_use]
pub fn predeploys(tokens: &[BridgedToken]) -> BTreeMap<Address, GenesisAccount> {
    let mut accounts = BTreeMap::from([
        (EXIT_SEALER, account(exit_sealer_code(), BTreeMap::new())),
        (L2_BRIDGE, account(L2Bridge::DEPLOYED_BYTECODE.clone(), bridge_storage(tokens))),
        (L1_INFO, account(L1Info::DEPLOYED_BYTECODE.clone(), BTreeMap::new())),
    ]);
    accounts.extend(tokens.iter().map(|token| (token.token, token.account())));
    accounts
}

impl BridgedToken {
    /// Returns the kind in the layer's asset list.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self.metadata {
            Metadata::Coin { .. } => KIND_ERC20,
            Metadata::Collection { .. } => KIND_ERC721,
            Metadata::Items { .. } => KIND_ERC1155,
        }
    }

    fn account(&self) -> GenesisAccount {
        let mut storage = BTreeMap::new();
        put_text(&mut storage, 0, &self.name);
        put_text(&mut storage, 1, &self.symbol);
        let code = match &self.metadata {
            Metadata::Coin { decimals } => {
                put(&mut storage, U256::from(2), U256::from(*decimals));
                &WrappedERC20::DEPLOYED_BYTECODE
            }
            Metadata::Collection { base_uri } => {
                put_text(&mut storage, 2, base_uri);
                &WrappedERC721::DEPLOYED_BYTECODE
            }
            // After the two mappings of OpenZeppelin's ERC1155.
            Metadata::Items { uri } => {
                put_text(&mut storage, 4, uri);
                &WrappedERC1155::DEPLOYED_BYTECODE
            }
        };
        account(code.clone(), storage)
    }
}

/// Slot 0: the list of tokens; slot 1: the mapping from a token to its kind.
fn bridge_storage(tokens: &[BridgedToken]) -> BTreeMap<U256, U256> {
    let mut storage = BTreeMap::new();
    put(&mut storage, U256::ZERO, U256::from(tokens.len()));
    let first = U256::from_be_bytes(keccak256(B256::ZERO).0);
    for (i, token) in tokens.iter().enumerate() {
        put(&mut storage, first.wrapping_add(U256::from(i)), token.token.into_word().into());
        let slot = keccak256((token.token, U256::ONE).abi_encode());
        put(&mut storage, slot.into(), U256::from(token.kind()));
    }
    storage
}

/// Writes a string as Solidity stores it: up to 31 bytes with twice the length behind them in the slot itself;
/// more from `keccak256(slot)` on, with twice the length and one in the slot.
///
/// Spec: Solidity documentation, "Layout of State Variables in Storage", bytes and string.
fn put_text(storage: &mut BTreeMap<U256, U256>, slot: u64, text: &str) {
    let slot = U256::from(slot);
    let length = U256::from(text.len());
    if text.len() < 32 {
        let word = U256::from_be_bytes(B256::right_padding_from(text.as_bytes()).0);
        return put(storage, slot, word | (length << 1));
    }
    put(storage, slot, (length << 1) | U256::ONE);
    let first = U256::from_be_bytes(keccak256(B256::from(slot)).0);
    for (i, part) in text.as_bytes().chunks(32).enumerate() {
        let word = B256::right_padding_from(part);
        put(storage, first.wrapping_add(U256::from(i)), word.into());
    }
}

fn put(storage: &mut BTreeMap<U256, U256>, slot: U256, value: U256) {
    if !value.is_zero() {
        storage.insert(slot, value);
    }
}

const fn account(code: Bytes, storage: BTreeMap<U256, U256>) -> GenesisAccount {
    GenesisAccount { nonce: 1, balance: U256::ZERO, code, storage }
}
