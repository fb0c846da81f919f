use alloy_primitives::{Address, B256};
use futures::executor::block_on;
use serde_json::json;

use super::kit::{Chain, account, transfer};
use crate::{
    chain::Phase,
    codec::record::{MintOrder, Outcome},
    flow::{mint, phase},
};

#[test]
fn a_layer_says_where_it_stands() {
    let chain = Chain::layer();
    chain.include(&transfer(0, 0));
    chain.send(&transfer(0, 1));
    let head = &chain.node.replica.head().header;
    let expected = json!({
        "id": "07".repeat(16),
        "name": "summer night",
        "phase": "open",
        "chainId": "0x1092",
        "head": {
            "number": "0x1",
            "hash": head.hash(),
            "timestamp": format!("{:#x}", head.timestamp),
        },
        "safe": "0x0",
        "finalized": "0x0",
        "openedAt": format!("{:#x}", chain.node.config.opened_at_s),
        "endsAt": format!("{:#x}", chain.node.config.ends_at_s),
        "waiting": "0x1",
        "l1": {
            "chainId": "0x1",
            "layer": Address::repeat_byte(0x11),
            "openedInBlock": "0x5",
            "finality": "safe",
        },
        "organiser": account(0),
        "operator": account(1),
        "minter": account(8),
        "ticket": Address::repeat_byte(0x77),
    });
    assert_eq!(chain.ask("mayfly_status", json!([])), expected);
}

#[test]
fn status_follows_phase_and_ticket() {
    let chain = Chain::layer();
    block_on(mint::set_ticket(&chain.node.stores, Address::repeat_byte(0x88))).expect("memory");
    block_on(phase::advance(&*chain.node.stores.registers, Phase::Open)).expect("open");
    let status = chain.ask("mayfly_status", json!([]));
    assert_eq!(
        (&status["phase"], &status["ticket"]),
        (&json!("draining"), &json!(Address::repeat_byte(0x88)))
    );
    block_on(chain.node.stores.stored.erase()).expect("memory");
    assert_eq!(chain.ask("mayfly_status", json!([]))["phase"], "erased");
}

#[test]
fn what_was_never_sent_is_unknown() {
    let chain = Chain::layer();
    let status = chain.ask("mayfly_transactionStatus", json!([B256::repeat_byte(1)]));
    assert_eq!(status, json!({ "state": "unknown" }));
}

#[test]
fn an_order_says_what_became_of_it() {
    let chain = Chain::layer();
    let status = |key: &str| chain.ask("mayfly_orderStatus", json!([key]));
    let orders = &chain.node.stores.orders;
    let minted = Outcome::Done { transaction: B256::repeat_byte(3), token: None };
    let failed = Outcome::Failed { reason: "too late".to_owned() };
    for key in ["a", "b", "c"] {
        let order =
            MintOrder { key: key.into(), recipient: account(1), received_ms: 1, sold: None };
        block_on(orders.record(order)).expect("memory");
    }
    block_on(orders.mark(&[("b".into(), minted), ("c".into(), failed)])).expect("memory");
    assert_eq!(status("a"), json!({ "state": "waiting" }));
    assert_eq!(status("b"), json!({ "state": "minted", "transaction": B256::repeat_byte(3) }));
    assert_eq!(status("c"), json!({ "state": "failed", "reason": "too late" }));
    assert_eq!(status("d"), json!({ "state": "unknown" }));
}
