use alloy_primitives::B256;
use futures::executor::block_on;
use serde_json::json;

use super::kit::{Chain, transfer};
use crate::{chain::Phase, flow::phase};

#[test]
fn the_phase_is_that_of_the_layer() {
    let chain = Chain::layer();
    assert_eq!(chain.ask("mayfly_phase", json!([])), "open");
    block_on(phase::advance(&*chain.node.stores.registers, Phase::Open)).expect("open");
    assert_eq!(chain.ask("mayfly_phase", json!([])), "draining");
}

#[test]
fn a_block_becomes_safe_and_then_final() {
    let chain = Chain::layer();
    chain.include(&transfer(0, 0));
    chain.include(&transfer(0, 1));
    let level = |block: &str| chain.ask("mayfly_finality", json!([block]))["level"].clone();
    assert_eq!((level("0x0"), level("0x1")), (json!("finalized"), json!("committed")));
    chain.node.tags.raise_safe(1);
    assert_eq!((level("0x1"), level("latest")), (json!("safe"), json!("committed")));
    chain.node.tags.raise_finalized(1);
    let expected = json!({
        "number": "0x1",
        "hash": chain.committed(1).header.hash(),
        "level": "finalized",
        "safe": "0x1",
        "finalized": "0x1",
    });
    assert_eq!(chain.ask("mayfly_finality", json!(["0x1"])), expected);
    assert_eq!(chain.ask("mayfly_finality", json!(["0x9"])), json!(null));
    assert_eq!(chain.ask("mayfly_finality", json!([B256::repeat_byte(1)])), json!(null));
}

#[test]
fn nothing_leaves_a_layer_that_is_not_sealed() {
    assert_eq!(Chain::layer().ask("mayfly_exits", json!([])), json!(null));
}

#[test]
fn the_cost_is_what_was_counted_and_says_what_was_not() {
    let chain = Chain::layer();
    chain.send(&transfer(0, 0));
    chain.send(&transfer(0, 1));
    chain.commit();
    let expected = json!({
        "blocks": "0x1",
        "transactions": "0x2",
        "bill": null,
        "notCounted": ["requests", "compute", "storage", "l1Gas"],
    });
    assert_eq!(chain.ask("mayfly_cost", json!([])), expected);
}
