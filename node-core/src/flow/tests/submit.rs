use core::sync::atomic::Ordering;

use alloy_consensus::TxEip1559;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::U256;
use futures::executor::block_on;

use super::kit::{Layer, account, sign, transfer};
use crate::{
    chain::{DepositEvent, Phase},
    execute::Rejected,
    flow::{
        phase,
        submit::{self, SubmitError},
    },
};

#[test]
fn an_accepted_transaction_is_in_the_inbox_and_the_bell_rang() {
    let layer = Layer::open();
    let tx = transfer(0, 0, 0);
    assert_eq!(layer.submit(&tx).expect("valid"), *tx.hash());
    assert_eq!(layer.waiting(), 1);
    assert_eq!(layer.rings.0.load(Ordering::Relaxed), 1);
    assert_eq!(layer.submit(&tx).expect("the same again is the same"), *tx.hash());
    assert_eq!(layer.waiting(), 1);
}

#[test]
fn what_cannot_be_included_is_refused_and_not_stored() {
    let layer = Layer::open();
    let wrong_chain = sign(0, TxEip1559 { chain_id: 1, gas_limit: 21_000, ..Default::default() });
    let refused = layer.submit(&wrong_chain);
    assert!(matches!(refused, Err(SubmitError::Rejected(Rejected::ChainId { .. }))), "{refused:?}");
    let poor = layer.submit(&transfer(8, 0, 0));
    assert!(
        matches!(poor, Err(SubmitError::Rejected(Rejected::InsufficientFunds { .. }))),
        "{poor:?}"
    );
    let far = layer.submit(&transfer(0, 100_000, 0));
    assert!(matches!(far, Err(SubmitError::NonceGap { tx: 100_000, next: 0, .. })), "{far:?}");
    assert_eq!(layer.waiting(), 0);
}

#[test]
fn nobody_deposits_over_rpc() {
    let layer = Layer::open();
    let event = DepositEvent {
        index: 4,
        from: account(0),
        to: account(0),
        value: U256::MAX,
        gas_limit: 50_000,
        data: Default::default(),
    };
    let forged = event.into_transaction(layer.context.config.l1.layer);
    let refused = submit::decode(&forged.encoded_2718(), &layer.context.config);
    assert!(matches!(refused, Err(SubmitError::Rejected(Rejected::Deposit))), "{refused:?}");
}

#[test]
fn malformed_bytes_are_refused() {
    let layer = Layer::open();
    let config = &layer.context.config;
    for bytes in [&[][..], &[0x02], &[0xff, 0xff], &[0u8; 40]] {
        let refused = submit::decode(bytes, config);
        assert!(matches!(refused, Err(SubmitError::Decode(_))), "{refused:?}");
    }
    let mut trailing = transfer(0, 0, 0).encoded_2718();
    trailing.push(0);
    assert!(matches!(submit::decode(&trailing, config), Err(SubmitError::Decode(_))));
    let huge = vec![0; config.limits.transaction_bytes + 1];
    assert!(matches!(submit::decode(&huge, config), Err(SubmitError::TooLarge { .. })));
}

#[test]
fn a_replacement_must_pay_a_tenth_more() {
    let layer = Layer::open();
    layer.submit(&transfer(0, 1, 100)).expect("valid");
    let refused = layer.submit(&transfer(0, 1, 109));
    assert!(matches!(refused, Err(SubmitError::Underpriced)), "{refused:?}");
    layer.submit(&transfer(0, 1, 110)).expect("pays a tenth more");
}

#[test]
fn one_sender_cannot_fill_the_inbox() {
    let layer = Layer::open();
    let limit = layer.context.config.limits.in_flight_per_sender;
    for nonce in 0..u64::try_from(limit).expect("small") {
        layer.force(&transfer(0, nonce, 0));
    }
    let refused = layer.submit(&transfer(0, 200, 0));
    assert!(refused.is_ok(), "the very same transaction is known: {refused:?}");
    let refused = layer.submit(&transfer(0, u64::try_from(limit).expect("small"), 0));
    assert!(matches!(refused, Err(SubmitError::InFlight { .. })), "{refused:?}");
}

#[test]
fn a_draining_layer_acknowledges_nothing() {
    let layer = Layer::open();
    let registers = &*layer.context.stores.registers;
    block_on(phase::advance(registers, Phase::Open)).expect("open");
    let refused = layer.submit(&transfer(0, 0, 0));
    assert!(matches!(refused, Err(SubmitError::Closed { phase: Phase::Draining })), "{refused:?}");
}
