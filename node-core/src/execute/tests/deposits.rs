use alloy_consensus::TxReceipt;
use alloy_primitives::{TxKind, U256, hex};
use op_alloy_consensus::TxDeposit;

use super::super::{Protocol, Rejected};
use super::kit::*;
use crate::chain::{EXIT_SEALER, SYSTEM_GAS_LIMIT, SYSTEM_SENDER, system_transaction};

#[test]
fn deposit_credits_and_calls() {
    let layer = Layer::new();

    let built = layer.build(&[seal_deposit(deposit(BOB, account(0), ETHER))]);

    assert!(built.receipts[0].status());
    assert_eq!(balance(&built.world, account(0)), U256::from(11 * ETHER));
    assert_eq!(balance(&built.world, BOB), U256::ZERO);
    assert_eq!(nonce(&built.world, BOB), 1);
    assert_eq!(built.header.gas_used, 21_000);
}

#[test]
fn mint_is_kept_when_the_call_reverts() {
    let layer = Layer::new().with_contract(&REVERTS);

    let built = layer.build(&[seal_deposit(deposit(BOB, CONTRACT, ETHER))]);

    assert!(!built.receipts[0].status());
    assert_eq!(balance(&built.world, BOB), U256::from(ETHER));
    assert_eq!(nonce(&built.world, BOB), 1);
    assert!(built.header.gas_used < 200_000, "a revert gives gas back");
}

#[test]
fn mint_is_kept_when_the_call_halts_and_all_gas_is_used() {
    let layer = Layer::new().with_contract(&HALTS);

    let built = layer.build(&[seal_deposit(deposit(BOB, CONTRACT, ETHER))]);

    assert!(!built.receipts[0].status());
    assert_eq!(balance(&built.world, BOB), U256::from(ETHER));
    assert_eq!(built.header.gas_used, 200_000);
}

#[test]
fn mint_is_kept_when_the_call_cannot_begin() {
    let too_little_gas = TxDeposit { gas_limit: 20_999, ..deposit(BOB, CONTRACT, ETHER) };
    let too_much_value = TxDeposit { value: U256::MAX, ..deposit(BOB, CONTRACT, ETHER) };
    let creation = TxDeposit { to: TxKind::Create, ..too_much_value.clone() };
    let long = TxDeposit { input: vec![0; 0xc001].into(), ..deposit(BOB, CONTRACT, ETHER) };
    let init_code = TxDeposit { to: TxKind::Create, gas_limit: 10_000_000, ..long };

    for tx in [too_little_gas, too_much_value, creation, init_code] {
        let gas_limit = tx.gas_limit;
        let built = Layer::new().build(&[seal_deposit(tx)]);

        assert!(!built.receipts[0].status());
        assert_eq!(balance(&built.world, BOB), U256::from(ETHER));
        assert_eq!(nonce(&built.world, BOB), 1);
        assert_eq!(built.header.gas_used, gas_limit);
    }
}

#[test]
fn deposit_can_create() {
    let layer = Layer::new();
    let tx = TxDeposit {
        to: TxKind::Create,
        input: hex!("65600160005500600052600660 1af3").into(),
        ..deposit(BOB, CONTRACT, ETHER)
    };

    let built = layer.build(&[seal_deposit(tx)]);

    assert!(built.receipts[0].status());
    assert_eq!(balance(&built.world, BOB.create(0)), U256::from(ETHER));
    assert_eq!(nonce(&built.world, BOB), 1);
}

#[test]
fn deposit_pays_no_fee_and_needs_no_account() {
    let layer = Layer::with_base_fee(1_000);

    let built = layer.build(&[seal_deposit(deposit(BOB, account(0), 1))]);

    assert!(built.receipts[0].status());
    assert_eq!(balance(&built.world, RECIPIENT), U256::ZERO);
}

#[test]
fn contract_can_deposit_beyond_the_gas_cap_up_to_a_block() {
    // From a contract, with more gas than a transaction or even a block may have.
    let layer = Layer::new().with_contract(&HALTS).with_code(BOB, &STORES);
    let tx = TxDeposit { gas_limit: u64::MAX, ..deposit(BOB, CONTRACT, ETHER) };

    let built = layer.build(&[seal_deposit(tx)]);

    assert_eq!(built.header.gas_used, 30_000_000);
    assert_eq!(balance(&built.world, BOB), U256::from(ETHER));
}

#[test]
fn deposit_waits_for_room() {
    let layer = Layer::new().with_contract(&HALTS);
    let mut builder = layer.builder();
    let big = TxDeposit { gas_limit: 29_900_000, ..deposit(BOB, CONTRACT, 1) };
    include(&mut builder, &seal_deposit(big));

    let reason = reject(&mut builder, &seal_deposit(deposit(BOB, CONTRACT, 1)));

    assert_eq!(reason, Rejected::NoRoom { need: 200_000, left: 100_000 });
    let built = builder.finish().expect("finishes");
    assert_eq!(balance(&built.world, BOB), U256::from(1), "the rejected mint is not credited");
}

#[test]
fn system_transaction_is_executed_but_not_counted() {
    let layer = Layer::new().with_contract(&STORES);
    let input = hex!("00").into();

    let built = layer.build(&[system_transaction(BOB, 0, CONTRACT, input)]);

    assert!(built.receipts[0].status());
    assert_eq!(slot(&built.world, CONTRACT, 0), U256::from(1));
    assert_eq!(slot(&built.world, EXIT_SEALER, 3), U256::ZERO);
    assert!(built.header.gas_used < SYSTEM_GAS_LIMIT);
}

#[test]
fn system_transaction_mints_nothing() {
    let tx = seal_deposit(deposit(SYSTEM_SENDER, BOB, 5));

    let reason = reject(&mut Layer::new().builder(), &tx);

    assert_eq!(reason, Rejected::SystemMint { mint: 5 });
}

#[test]
fn ethereum_has_no_deposits() {
    let mut layer = Layer::new();
    layer.rules.protocol = Protocol::Ethereum;

    let reason = reject(&mut layer.builder(), &seal_deposit(deposit(BOB, CONTRACT, 1)));

    assert_eq!(reason, Rejected::Deposit);
}
