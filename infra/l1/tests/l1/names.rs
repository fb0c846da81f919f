//! Names, on an L1 with a registry and resolvers.

use alloy::primitives::{Address, address, hex};
use mayfly_it::Anvil;
use mayfly_l1::{AccountName, NameError, Node};
use serde_json::json;

/// Sends its askers elsewhere (EIP-3668): reverts with the selector of `OffchainLookup`.
const ELSEWHERE: [u8; 14] = hex!("63556f1830 60e01b 5f52 6004 5f fd");

const REGISTRY: Address = address!("00000000000C2E074eC69A0dFb2997BA6C7d2e1e");
const RESOLVER: Address = address!("00000000000000000000000000000000000000e1");
const OFF_CHAIN: Address = address!("00000000000000000000000000000000000000e2");
const ADA: Address = address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");

fn name(text: &str) -> AccountName {
    AccountName::normal(text).expect("a name")
}

fn anvil() -> Anvil {
    let anvil = Anvil::start();
    for address in [REGISTRY, RESOLVER] {
        anvil.answer_for_names(&address.to_string());
    }
    anvil.rpc().call("anvil_setCode", &json!([OFF_CHAIN, hex::encode_prefixed(ELSEWHERE)]));
    let say = |contract: Address, text: &str, word: Address| {
        let hash = name(text).hash().to_string();
        anvil.answer(&contract.to_string(), &hash, &word.into_word().to_string());
    };
    say(REGISTRY, "ada.eth", RESOLVER);
    say(RESOLVER, "ada.eth", ADA);
    say(REGISTRY, "empty.eth", RESOLVER);
    say(REGISTRY, "off.eth", OFF_CHAIN);
    say(REGISTRY, "gone.eth", Address::repeat_byte(0x99));
    anvil
}

#[tokio::test]
async fn a_name_has_the_address_that_its_resolver_says() {
    let anvil = anvil();
    let node = Node::connect(&anvil.url()).await.expect("anvil answers");
    let address = node.address_of(REGISTRY, &name("Ada.eth")).await;
    assert_eq!(address.expect("it has one"), ADA);
    let none = node.address_of(REGISTRY, &name("bob.eth")).await;
    assert!(matches!(none, Err(NameError::NoResolver { .. })), "{none:?}");
    for text in ["empty.eth", "gone.eth"] {
        let empty = node.address_of(REGISTRY, &name(text)).await;
        assert!(matches!(empty, Err(NameError::NoAddress { .. })), "{text}: {empty:?}");
    }
    let off_chain = node.address_of(REGISTRY, &name("off.eth")).await;
    assert!(matches!(off_chain, Err(NameError::OffChain { .. })), "{off_chain:?}");
    let nowhere = node.address_of(Address::repeat_byte(0x77), &name("ada.eth")).await;
    assert!(nowhere.is_err_and(|error| !error.is_retryable()), "there is no registry");
}

#[tokio::test]
async fn an_l1_that_is_down_may_answer_later() {
    let anvil = anvil();
    let node = Node::connect(&anvil.url()).await.expect("anvil answers");
    drop(anvil);
    let down = node.address_of(REGISTRY, &name("ada.eth")).await;
    assert!(down.is_err_and(|error| error.is_retryable()));
}
