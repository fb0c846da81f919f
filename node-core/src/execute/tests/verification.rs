use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bloom, U256};

use super::super::{
    Builder, Candidate, InvalidBlock, NextBlock, Rejected, Senders, VerifyError, verify,
    verify_candidate,
};
use super::kit::*;
use crate::chain::{Block, Transaction};

fn check(layer: &Layer, block: &Block) -> Result<(), InvalidBlock> {
    let Layer { head, world, ancestors, rules } = layer;
    match verify(head, world, ancestors, rules, block) {
        Ok(_) => Ok(()),
        Err(VerifyError::Invalid(invalid)) => Err(*invalid),
        Err(VerifyError::Internal(fault)) => panic!("{fault}"),
    }
}

fn some_block(layer: &Layer) -> Block {
    let txs = [
        Tx::from_account(0).to(CONTRACT).value(0).sign(),
        seal_deposit(deposit(BOB, account(1), 5)),
        Tx::from_account(1).creates(&BURNS).value(3).sign(),
    ];
    layer.build(&txs).block
}

fn layer() -> Layer {
    Layer::new().with_contract(&STORES)
}

#[test]
fn what_was_built_verifies_to_the_same() {
    let layer = layer();
    let Layer { head, world, ancestors, rules } = &layer;
    let built = layer.build(&some_block(&layer).transactions);

    let verified = verify(head, world, ancestors, rules, &built.block).expect("verifies");

    assert_eq!(verified.header, built.header);
    assert_eq!(verified.senders, built.senders);
    assert_eq!(verified.receipts, built.receipts);
    assert_eq!(verified.delta, built.delta);
    assert_eq!(verified.world.root(), built.world.root());
}

#[test]
fn timestamp_may_repeat_but_not_go_back() {
    let layer = layer();
    let mut block = some_block(&layer);
    assert_eq!(block.header.timestamp, layer.head.timestamp);
    check(&layer, &block).expect("verifies");

    block.header.timestamp -= 1;

    let error = check(&layer, &block).expect_err("too old");
    assert!(matches!(error, InvalidBlock::Timestamp { .. }), "{error}");
}

/// Builds an empty block of Ethereum and verifies it.
fn check_ethereum(timestamp: u64, gas_limit: u64) -> Result<(), InvalidBlock> {
    let chain = Layer::ethereum();
    let Layer { head, world, ancestors, rules } = &chain;
    let env = NextBlock { timestamp, gas_limit, ..chain.next() };
    let builder =
        Builder::start(head, world.clone(), ancestors, rules.clone(), env).expect("loaded");
    check(&chain, &builder.finish().expect("the contracts do nothing").block)
}

#[test]
fn timestamp_of_ethereum_must_grow() {
    let Layer { head, .. } = Layer::ethereum();
    let (now, gas_limit) = (head.timestamp, head.gas_limit);

    check_ethereum(now + 1, gas_limit).expect("later");
    let error = check_ethereum(now, gas_limit).expect_err("at the same time");

    assert!(matches!(error, InvalidBlock::Timestamp { .. }), "{error}");
}

#[test]
fn gas_limit_of_ethereum_moves_by_less_than_a_1024th() {
    let Layer { head, .. } = Layer::ethereum();
    let (later, limit) = (head.timestamp + 1, head.gas_limit);
    let step = limit / 1024;

    for allowed in [limit, limit + step - 1, limit - step + 1] {
        check_ethereum(later, allowed).expect("within the bounds");
    }
    for refused in [limit + step, limit - step] {
        let error = check_ethereum(later, refused).expect_err("beyond the bounds");
        assert!(matches!(error, InvalidBlock::GasLimit { .. }), "{error}");
    }
}

/// A lie in a header, and the name under which it is found.
type Lie = (&'static str, fn(&mut Header));

const LIES: [Lie; 19] = [
    ("parent hash", |it| it.parent_hash = B256::ZERO),
    ("ommers hash", |it| it.ommers_hash = B256::ZERO),
    ("fee recipient", |it| it.beneficiary = BOB),
    ("state root", |it| it.state_root = B256::ZERO),
    ("transactions root", |it| it.transactions_root = B256::ZERO),
    ("receipts root", |it| it.receipts_root = B256::ZERO),
    ("logs bloom", |it| it.logs_bloom = Bloom::repeat_byte(1)),
    ("difficulty", |it| it.difficulty = U256::from(1)),
    ("number", |it| it.number += 1),
    ("gas limit", |it| it.gas_limit += 1),
    ("gas used", |it| it.gas_used += 1),
    ("extra data", |it| it.extra_data = vec![0; 33].into()),
    ("nonce", |it| it.nonce = 1u64.into()),
    ("base fee", |it| it.base_fee_per_gas = Some(1)),
    ("withdrawals root", |it| it.withdrawals_root = None),
    ("blob gas used", |it| it.blob_gas_used = Some(131_072)),
    ("excess blob gas", |it| it.excess_blob_gas = None),
    ("parent beacon block root", |it| it.parent_beacon_block_root = None),
    ("requests hash", |it| it.requests_hash = Some(B256::ZERO)),
];

#[test]
fn every_lie_in_the_header_is_found_by_name() {
    let layer = layer();
    let honest = some_block(&layer);
    for (field, lie) in LIES {
        let mut block = honest.clone();
        lie(&mut block.header);

        let error = check(&layer, &block).expect_err(field);

        assert!(error.to_string().starts_with(field), "{field}: {error}");
    }
}

#[test]
fn transaction_that_cannot_be_there_is_named() {
    let layer = layer();
    let mut block = some_block(&layer);
    block.transactions.push(Tx::from_account(3).nonce(1).sign());

    let error = check(&layer, &block).expect_err("nonce gap");

    let InvalidBlock::Transaction { index: 3, source } = error else { panic!("{error}") };
    assert_eq!(source, Rejected::NonceTooHigh { tx: 1, state: 0 });
}

#[test]
fn missing_transaction_is_found() {
    let layer = layer();
    let mut block = some_block(&layer);
    block.transactions.pop();

    check(&layer, &block).expect_err("fewer transactions than claimed");
}

#[test]
fn known_senders_are_taken_but_must_be_complete() {
    let layer = layer();
    let Layer { head, world, ancestors, rules } = &layer;
    let built = layer.build(&[Tx::from_account(0).sign()]);
    let verify = |senders: &[Address]| {
        let senders = Senders::Known(senders);
        let candidate = Candidate { senders, ..Candidate::new(&built.block) };
        verify_candidate(head, world, ancestors, rules, candidate).map(|_| ())
    };

    verify(&built.senders).expect("right");
    let error = verify(&[]).expect_err("one is missing");
    assert_eq!(error.to_string(), "senders: expected 1, got 0");
    verify(&[account(2)]).expect_err("another sender, another state");
}

#[test]
fn too_long_block_is_refused() {
    let layer = layer();
    let mut block = some_block(&layer);
    let long: Transaction = Tx::from_account(2).input(&vec![1; 8 * 1024 * 1024]).sign();
    block.transactions.push(long);

    let error = check(&layer, &block).expect_err("too long");

    assert!(matches!(error, InvalidBlock::Size { .. }), "{error}");
}
