use alloy_consensus::{
    TxReceipt, TxType,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_primitives::{Address, B256, Bloom, Bytes, Log};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Builder, summarize, transactions_root};
use super::kit::*;
use crate::chain::{Receipt, TransactionType};

/// Few addresses and topics, so that they come again, also one as the other's beginning.
fn log() -> impl Strategy<Value = Log> {
    let topic = (0..6_u8).prop_map(|byte| Address::repeat_byte(byte).into_word());
    let data = vec(any::<u8>(), 0..80).prop_map(Bytes::from);
    ((0..4_u8).prop_map(Address::repeat_byte), vec(topic, 0..=4), data)
        .prop_map(|(address, topics, data)| Log::new_unchecked(address, topics, data))
}

fn receipt() -> impl Strategy<Value = Receipt> {
    let tx_type = prop::sample::select(vec![
        TransactionType::Ethereum(TxType::Legacy),
        TransactionType::Ethereum(TxType::Eip2930),
        TransactionType::Ethereum(TxType::Eip1559),
        TransactionType::Ethereum(TxType::Eip7702),
        TransactionType::Deposit,
    ]);
    (tx_type, any::<bool>(), any::<u32>(), vec(log(), 0..5)).prop_map(
        |(tx_type, success, gas, logs)| Receipt {
            tx_type,
            success,
            cumulative_gas_used: gas.into(),
            logs,
        },
    )
}

proptest! {
    #[test]
    fn root_and_bloom_of_receipts_are_alloys(receipts in vec(receipt(), 0..150)) {
        let summary = summarize(&receipts);
        let with_bloom: Vec<_> = receipts.iter().map(TxReceipt::with_bloom_ref).collect();
        prop_assert_eq!(summary.receipts_root, calculate_receipt_root(&with_bloom));
        let bloom = with_bloom.iter().fold(Bloom::ZERO, |all, one| all | one.logs_bloom);
        prop_assert_eq!(summary.logs_bloom, bloom);
    }
}

#[test]
fn root_of_transactions_is_alloys() {
    let call = |i: u8| Tx::from_account(i % 4).nonce(i.into()).input(&vec![i; usize::from(i) * 3]);
    let mut txs: Vec<_> = (0..140).map(|i| call(i).sign()).collect();
    txs.push(seal_deposit(deposit(BOB, CONTRACT, 5)));
    for count in [0, 1, 2, 128, txs.len()] {
        let root = transactions_root(&txs[..count]);
        assert_eq!(root, calculate_transaction_root(&txs[..count]), "{count} transactions");
    }
}

#[test]
fn block_is_the_same_whether_the_parent_is_kept_or_changed_in_place() {
    let layer = || Layer::new().with_contract(&STORES);
    let txs = [Tx::from_account(0).sign(), Tx::from_account(1).to(CONTRACT).value(0).sign()];
    let (kept, mut given) = (layer(), layer());
    let expected = kept.build(&txs);
    let (env, world) = (given.next(), std::mem::take(&mut given.world));
    let mut builder =
        Builder::start(&given.head, world, &given.ancestors, given.rules, env).expect("loaded");

    txs.iter().for_each(|tx| _ = include(&mut builder, tx));
    let built = builder.finish().expect("finishes");

    assert_eq!(built.header, expected.header);
    assert_eq!(slot(&built.world, CONTRACT, 0), slot(&expected.world, CONTRACT, 0));
    assert_eq!(kept.world.root(), kept.head.state_root, "a parent that is kept does not change");
    assert_ne!(kept.head.state_root, B256::ZERO);
}

#[test]
fn abandoned_block_leaves_the_parents_state() {
    let layer = Layer::new();
    let mut builder = layer.builder();
    include(&mut builder, &Tx::from_account(0).value(5).sign());

    let world = builder.abandon();

    assert_eq!(world.root(), layer.head.state_root);
    assert_eq!(balance(&world, account(0)), balance(&layer.world, account(0)));
}

#[test]
fn what_is_expected_makes_no_difference_to_the_block() {
    let layer = Layer::new().with_contract(&STORES);
    let txs = [Tx::from_account(0).sign(), Tx::from_account(1).to(CONTRACT).value(0).sign()];
    let expected = layer.build(&txs);
    let never_sent = Tx::from_account(2).to(Address::repeat_byte(0x99)).sign();
    let mut builder = layer.builder();
    include(&mut builder, &txs[0]);

    let coming = [(&txs[1], account(1)), (&never_sent, account(2)), (&txs[0], account(0))];
    builder.expect(coming);
    include(&mut builder, &txs[1]);

    let built = builder.finish().expect("finishes");
    assert_eq!(built.header, expected.header);
    assert_eq!(built.delta, expected.delta);
}
