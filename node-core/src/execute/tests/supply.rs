use alloy_primitives::U256;

use super::kit::*;
use crate::chain::EXIT_SEALER;

const MINTED: u64 = 1;
const BURNED: u64 = 2;
const DEPOSITS: u64 = 3;

#[test]
fn minted_and_deposits_are_counted_also_when_the_call_fails() {
    let layer = Layer::new().with_contract(&REVERTS);
    let works = seal_deposit(deposit(BOB, account(0), 5));
    let fails = seal_deposit(deposit(BOB, CONTRACT, 7));

    let built = layer.build(&[works, fails]);

    assert_eq!(slot(&built.world, EXIT_SEALER, MINTED), U256::from(12));
    assert_eq!(slot(&built.world, EXIT_SEALER, DEPOSITS), U256::from(2));
    assert_eq!(slot(&built.world, EXIT_SEALER, BURNED), U256::ZERO);
}

#[test]
fn selfdestruct_to_itself_in_its_creation_burns() {
    let mut layer = Layer::with_base_fee(3);
    let burn = |i| Tx::from_account(i).creates(&BURNS).value(40).fee(5, 1).sign();

    layer.advance(&[burn(0), Tx::from_account(2).fee(3, 0).sign()]);
    let built = layer.advance(&[burn(1)]);

    assert_eq!(slot(&built.world, EXIT_SEALER, BURNED), U256::from(80));
    assert_eq!(balance(&built.world, account(0).create(0)), U256::ZERO);
}

#[test]
fn burn_in_a_deposit_is_counted() {
    let layer = Layer::new();
    let mut tx = deposit(BOB, CONTRACT, 9);
    tx.to = alloy_primitives::TxKind::Create;
    tx.input = BURNS.into();

    let built = layer.build(&[seal_deposit(tx)]);

    assert!(built.receipts[0].success);
    assert_eq!(slot(&built.world, EXIT_SEALER, MINTED), U256::from(9));
    assert_eq!(slot(&built.world, EXIT_SEALER, BURNED), U256::from(9));
}

#[test]
fn fees_are_not_burned() {
    let layer = Layer::with_base_fee(100);

    let built = layer.build(&[Tx::from_account(0).fee(130, 20).value(0).sign()]);

    assert_eq!(balance(&built.world, RECIPIENT), U256::from(21_000 * 120));
    assert_eq!(balance(&built.world, account(0)), U256::from(10 * ETHER - 21_000 * 120));
    assert_eq!(slot(&built.world, EXIT_SEALER, BURNED), U256::ZERO);
}

#[test]
fn nothing_is_written_where_there_is_no_sealer() {
    let mut layer = Layer::new();
    layer.rules.supply = Some(super::super::SupplyLedger { account: CONTRACT });

    let built = layer.build(&[seal_deposit(deposit(BOB, account(0), 5))]);

    assert_eq!(info(&built.world, CONTRACT), None);
}
