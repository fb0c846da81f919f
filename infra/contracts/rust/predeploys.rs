//! The contracts that are part of every layer, as its genesis has them.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use node_core::chain::{BridgedToken, EXIT_SEALER, GenesisAccount, L1_INFO, L2_BRIDGE, Metadata};

use crate::{L1Info, L2Bridge, WrappedERC20, WrappedERC721, WrappedERC1155, exit_sealer_code};

/// Returns the accounts of the sealer, the bridge, the L1 info, and of one wrapped token for each of `tokens`.
#[must_use]
pub fn predeploys(tokens: &[BridgedToken]) -> BTreeMap<Address, GenesisAccount> {
    let mut accounts = BTreeMap::from([
        (EXIT_SEALER, account(exit_sealer_code(), BTreeMap::new())),
        (L2_BRIDGE, account(L2Bridge::DEPLOYED_BYTECODE.clone(), bridge_storage(tokens))),
        (L1_INFO, account(L1Info::DEPLOYED_BYTECODE.clone(), BTreeMap::new())),
    ]);
    accounts.extend(tokens.iter().map(|token| (token.token, wrapped(token))));
    accounts
}

/// Returns the codes of wrapped tokens: whoever rebuilds a layer has them, whichever it takes.
#[must_use]
pub fn wrapped_codes() -> [Bytes; 3] {
    [
        WrappedERC20::DEPLOYED_BYTECODE.clone(),
        WrappedERC721::DEPLOYED_BYTECODE.clone(),
        WrappedERC1155::DEPLOYED_BYTECODE.clone(),
    ]
}

fn wrapped(token: &BridgedToken) -> GenesisAccount {
    let mut storage = BTreeMap::new();
    put_text(&mut storage, 0, &token.name);
    put_text(&mut storage, 1, &token.symbol);
    let code = match &token.metadata {
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
