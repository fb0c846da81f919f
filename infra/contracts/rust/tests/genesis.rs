//! What the genesis writes into storage is what the contracts read from it.

use alloy_primitives::{Address, TxKind, U256};
use alloy_sol_types::SolCall;
use node_core::{
    chain::{Ancestors, BridgedToken, L2_BRIDGE, Metadata},
    execute::{CallOutcome, CallRequest, Rules, View, call},
    state::WorldState,
};

use crate::{L2Bridge, WrappedERC20, WrappedERC721, WrappedERC1155, predeploys};

const COIN: Address = Address::repeat_byte(0x20);
const ART: Address = Address::repeat_byte(0x21);
const ITEMS: Address = Address::repeat_byte(0x22);

fn token(token: Address, name: &str, symbol: &str, metadata: Metadata) -> BridgedToken {
    BridgedToken { token, name: name.to_owned(), symbol: symbol.to_owned(), metadata }
}

fn world(name: &str, symbol: &str) -> WorldState {
    let uri = format!("ipfs://{symbol}/{{id}}.json");
    let tokens = [
        token(COIN, name, symbol, Metadata::Coin { decimals: 6 }),
        token(ART, symbol, name, Metadata::Collection { base_uri: name.to_owned() }),
        token(ITEMS, name, symbol, Metadata::Items { uri }),
    ];
    WorldState::from_genesis(&predeploys(&tokens))
}

pub(super) fn ask<C: SolCall>(world: &WorldState, to: Address, question: C) -> C::Return {
    let rules = Rules::layer(7);
    let ancestors = Ancestors::default();
    let header = Default::default();
    let view = View {
        header: &header,
        world,
        later: None,
        ancestors: &ancestors,
        rules: &rules,
        overrides: None,
        patience: None,
    };
    let request = CallRequest {
        to: TxKind::Call(to),
        input: question.abi_encode().into(),
        gas: Some(1_000_000),
        ..CallRequest::default()
    };
    match call(view, &request).expect("the world is whole") {
        CallOutcome::Success { output, .. } => {
            C::abi_decode_returns_validate(&output).expect("what the interface says")
        }
        other => panic!("{}: {other:?}", C::SIGNATURE),
    }
}

/// Lengths around those at which Solidity stores a string in another way.
#[test]
fn wrapped_tokens_answer_what_the_genesis_wrote() {
    for length in [0, 1, 31, 32, 33, 63, 64] {
        let name: String = "é".repeat(length / 2) + &"x".repeat(length % 2);
        assert_eq!(name.len(), length);
        let symbol = "S".repeat(64 - length);
        let world = world(&name, &symbol);
        assert_eq!(ask(&world, COIN, WrappedERC20::nameCall {}), name);
        assert_eq!(ask(&world, COIN, WrappedERC20::symbolCall {}), symbol);
        assert_eq!(ask(&world, COIN, WrappedERC20::decimalsCall {}), 6);
        assert_eq!(ask(&world, COIN, WrappedERC20::totalSupplyCall {}), U256::ZERO);
        assert_eq!(ask(&world, ART, WrappedERC721::nameCall {}), symbol);
        assert_eq!(ask(&world, ART, WrappedERC721::symbolCall {}), name);
        assert_eq!(ask(&world, ART, WrappedERC721::totalSupplyCall {}), U256::ZERO);
        assert_eq!(ask(&world, ITEMS, WrappedERC1155::nameCall {}), name);
        let uri = WrappedERC1155::uriCall(U256::from(3));
        assert_eq!(ask(&world, ITEMS, uri), format!("ipfs://{symbol}/{{id}}.json"));
    }
}

#[test]
fn the_bridge_knows_the_tokens_of_the_genesis() {
    let world = world("Coin", "C");
    assert_eq!(ask(&world, L2_BRIDGE, L2Bridge::tokensCall {}), [COIN, ART, ITEMS]);
    let kind = |token| ask(&world, L2_BRIDGE, L2Bridge::kindOfCall { token });
    assert_eq!([COIN, ART, ITEMS, Address::ZERO].map(kind), [1, 2, 6, 0]);
}
