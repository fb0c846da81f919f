use alloy_consensus::{SignableTransaction, TxEip4844, TxLegacy};
use alloy_primitives::{Signature, U256, hex};
use proptest::prelude::*;

use super::super::{Outcome, Rejected, Sender, SenderCode, Terms, admit};
use super::kit::*;
use crate::chain::Transaction;

const TERMS: Terms = Terms { chain_id: CHAIN_ID, gas_limit: 30_000_000, base_fee: 10 };

fn sender() -> Sender {
    Sender {
        address: account(0),
        nonce: 0,
        balance: U256::from(10 * ETHER),
        code: SenderCode::NoneOrDelegation,
    }
}

fn refusal(tx: Tx) -> String {
    admit(&tx.sign(), &sender(), &TERMS).expect_err("refused").to_string()
}

fn paying() -> Tx {
    Tx::from_account(0).fee(10, 0)
}

#[test]
fn good_transaction_is_admitted_also_ahead_of_its_nonce() {
    assert_eq!(admit(&paying().sign(), &sender(), &TERMS), Ok(()));
    assert_eq!(admit(&paying().nonce(9).sign(), &sender(), &TERMS), Ok(()));
}

#[test]
fn refusals_read_as_in_geth() {
    let mut other_chain = paying();
    other_chain.inner.chain_id = 1;
    let cases = [
        (other_chain, "invalid chain id for signer: have 1 want 4242"),
        (paying().gas(20_999), "intrinsic gas too low: have 20999, want 21000"),
        (
            paying().input(&[1; 1000]).gas(60_000),
            "insufficient gas for floor data gas cost: have 60000, want 61000",
        ),
        (paying().gas(30_000_001), "exceeds block gas limit: have 30000001, limit 30000000"),
        (paying().gas(16_777_217), "transaction gas limit too high (cap: 16777216, tx: 16777217)"),
        (
            paying().creates(&[0; 0xc001]).gas(1 << 24),
            "max initcode size exceeded: code size 49153 limit 49152",
        ),
        (
            paying().fee(9, 0),
            "max fee per gas less than block base fee: maxFeePerGas: 9, baseFee: 10",
        ),
        (
            paying().fee(10, 11),
            "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: 11, maxFeePerGas: 10",
        ),
        (
            paying().value(10 * ETHER).gas(21_000),
            "insufficient funds for gas * price + value: have 10000000000000000000 want 10000000000000210000",
        ),
    ];
    for (tx, text) in cases {
        assert_eq!(refusal(tx), text);
    }
}

#[test]
fn used_nonce_is_refused() {
    let sender = Sender { nonce: 5, ..sender() };

    let reason = admit(&paying().nonce(3).sign(), &sender, &TERMS).expect_err("refused");

    assert_eq!(reason.to_string(), "nonce too low: next nonce 5, tx nonce 3");
}

#[test]
fn contract_may_not_send_but_a_delegated_account_may() {
    assert_eq!(SenderCode::of(&[]), SenderCode::NoneOrDelegation);
    let delegation = hex!("ef0100c000000000000000000000000000000000000001");
    assert_eq!(SenderCode::of(&delegation), SenderCode::NoneOrDelegation);
    let sender = Sender { code: SenderCode::of(&STORES), ..sender() };

    let reason = admit(&paying().sign(), &sender, &TERMS);

    assert_eq!(reason, Err(Rejected::SenderHasCode { sender: account(0) }));
}

#[test]
fn deposits_blobs_and_unprotected_transactions_are_refused() {
    let signature = Signature::test_signature();
    let blob = TxEip4844 { chain_id: CHAIN_ID, ..TxEip4844::default() }.into_signed(signature);
    let legacy = TxLegacy { gas_limit: 21_000, gas_price: 10, ..TxLegacy::default() };
    let cases = [
        (seal_deposit(deposit(BOB, BOB, 1)), Rejected::Deposit),
        (Transaction::Ethereum(blob.into()), Rejected::BlobTransaction),
        (Transaction::Ethereum(legacy.into_signed(signature).into()), Rejected::Unprotected),
    ];
    for (tx, reason) in cases {
        assert_eq!(admit(&tx, &sender(), &TERMS), Err(reason));
    }
}

proptest! {
    #[test]
    fn admitted_is_included_and_refused_is_rejected(
        gas in prop_oneof![20_000u64..60_000, 0..40_000_000u64],
        input in proptest::collection::vec(any::<u8>(), 0..200),
        max_fee in 0..20u128, tip in 0..20u128, wei in 0..12 * ETHER, create in any::<bool>(),
    ) {
        let layer = Layer::with_base_fee(10);
        let tx = Tx::from_account(0).gas(gas).fee(max_fee, tip).value(wei);
        let tx = if create { tx.creates(&input) } else { tx.input(&input) }.sign();

        let admitted = admit(&tx, &sender(), &TERMS);
        let outcome = execute(&mut layer.builder(), &tx);

        match outcome {
            Outcome::Included(_) => prop_assert_eq!(admitted, Ok(())),
            Outcome::Rejected(_) => prop_assert!(admitted.is_err()),
        }
    }
}
