use alloy_consensus::TxReceipt;
use alloy_primitives::{Address, U256, hex};

use super::super::{Rejected, Rules};
use super::kit::*;

#[test]
fn transfer_moves_value_and_counts_the_nonce() {
    let layer = Layer::new();

    let built = layer.build(&[Tx::from_account(0).value(5).sign()]);

    assert_eq!(balance(&built.world, BOB), U256::from(5));
    assert_eq!(balance(&built.world, account(0)), U256::from(10 * ETHER - 5));
    assert_eq!(nonce(&built.world, account(0)), 1);
    assert_eq!(built.header.gas_used, 21_000);
    assert_eq!(built.header.state_root, built.world.root());
    assert_eq!(built.senders, [account(0)]);
}

#[test]
fn transaction_sees_what_those_before_it_did() {
    let layer = Layer::new();
    // Bob's balance comes from the first transaction; nonce 1 is only right after it.
    let txs = [Tx::from_account(0).sign(), Tx::from_account(0).nonce(1).sign()];

    let built = layer.build(&txs);

    assert_eq!(balance(&built.world, BOB), U256::from(2));
    assert_eq!(built.receipts[1].cumulative_gas_used, 42_000);
}

#[test]
fn creation_stores_code_that_can_be_called() {
    let mut layer = Layer::new();
    // Returns the 6 bytes of STORES as runtime code.
    let init = hex!("65600160005500600052600660 1af3");
    let mut builder = layer.builder();
    let included = include(&mut builder, &Tx::from_account(0).value(0).creates(&init).sign());
    let created = included.created.expect("created");
    assert_eq!(created, account(0).create(0));

    layer.advance(&[Tx::from_account(0).value(0).creates(&init).sign()]);
    let built = layer.advance(&[Tx::from_account(0).nonce(1).value(0).to(created).sign()]);

    assert_eq!(slot(&built.world, created, 0), U256::from(1));
}

#[test]
fn reverted_call_is_included_with_status_zero() {
    let layer = Layer::new().with_contract(&REVERTS);
    let mut builder = layer.builder();

    let included = include(&mut builder, &Tx::from_account(0).to(CONTRACT).sign());

    assert!(!included.success);
    let built = builder.finish().expect("finishes");
    assert!(!built.receipts[0].status());
    assert_eq!(balance(&built.world, CONTRACT), U256::ZERO);
    assert_eq!(nonce(&built.world, account(0)), 1);
}

#[test]
fn rejected_transaction_leaves_no_trace() {
    let layer = Layer::new();
    let good = Tx::from_account(0).sign();
    let plain = layer.build(std::slice::from_ref(&good));
    let mut builder = layer.builder();

    reject(&mut builder, &Tx::from_account(0).nonce(7).sign());
    reject(&mut builder, &Tx::from_account(1).value(11 * ETHER).sign());
    include(&mut builder, &good);
    reject(&mut builder, &Tx::from_account(0).sign());

    let built = builder.finish().expect("finishes");
    assert_eq!(built.header, plain.header);
    assert_eq!(built.delta, plain.delta);
}

#[test]
fn same_inputs_same_block() {
    let layer = Layer::new().with_contract(&STORES);
    let txs = [Tx::from_account(0).to(CONTRACT).value(0).sign(), Tx::from_account(1).sign()];

    let (one, other) = (layer.build(&txs), layer.build(&txs));

    assert_eq!(one.header, other.header);
    assert_eq!(one.delta, other.delta);
}

#[test]
fn nonce_must_be_next() {
    let layer = Layer::new();
    let mut builder = layer.builder();
    include(&mut builder, &Tx::from_account(0).sign());

    let low = reject(&mut builder, &Tx::from_account(0).sign());
    let high = reject(&mut builder, &Tx::from_account(0).nonce(2).sign());

    assert_eq!(low, Rejected::NonceTooLow { tx: 0, state: 1 });
    assert_eq!(high, Rejected::NonceTooHigh { tx: 2, state: 1 });
}

#[test]
fn sender_must_have_gas_and_value() {
    let layer = Layer::new();
    let tx = Tx::from_account(0).value(10 * ETHER).gas(21_000).fee(2, 0).sign();

    let reason = reject(&mut layer.builder(), &tx);

    let (have, want) = (U256::from(10 * ETHER), U256::from(10 * ETHER + 42_000));
    assert_eq!(reason, Rejected::InsufficientFunds { have, want });
}

#[test]
fn gas_beyond_block_transaction_cap_or_room_is_rejected() {
    let layer = Layer::new();
    let mut builder = layer.builder();

    let block = reject(&mut builder, &Tx::from_account(0).gas(30_000_001).sign());
    let cap = reject(&mut builder, &Tx::from_account(0).gas((1 << 24) + 1).sign());
    // Fails with all its gas, and so leaves 30 M - 2^24 gas in the block.
    include(&mut builder, &Tx::from_account(1).creates(&HALTS).value(0).gas(1 << 24).sign());
    let room = reject(&mut builder, &Tx::from_account(0).gas(1 << 24).sign());

    assert_eq!(block, Rejected::BlockGasLimit { got: 30_000_001, limit: 30_000_000 });
    assert_eq!(cap, Rejected::TransactionGasCap { got: (1 << 24) + 1, cap: 1 << 24 });
    let left = 30_000_000 - (1 << 24);
    assert_eq!(room, Rejected::NoRoom { need: 1 << 24, left });
    assert_eq!(builder.gas_left(), left);
}

#[test]
fn fee_must_reach_the_base_fee() {
    let layer = Layer::with_base_fee(7);

    let reason = reject(&mut layer.builder(), &Tx::from_account(0).fee(6, 6).sign());

    assert_eq!(reason, Rejected::FeeTooLow { max_fee: 6, base_fee: 7 });
}

#[test]
fn code_at_the_sender_is_rejected_but_a_delegation_is_not() {
    let contract = Layer::new().with_code(account(0), &STORES);
    let delegation = hex!("ef0100c000000000000000000000000000000000000001");
    let delegated = Layer::new().with_code(account(0), &delegation);
    let tx = Tx::from_account(0).nonce(1).value(0).sign();

    let reason = reject(&mut contract.builder(), &tx);

    assert_eq!(reason, Rejected::SenderHasCode { sender: account(0) });
    include(&mut delegated.builder(), &tx);
}

#[test]
fn other_chain_is_rejected() {
    let mut layer = Layer::new();
    layer.rules = Rules::layer(1);

    let reason = reject(&mut layer.builder(), &Tx::from_account(0).sign());

    assert_eq!(reason, Rejected::ChainId { got: CHAIN_ID, expected: 1 });
}

#[test]
fn blockhash_sees_256_blocks() {
    // SSTORE(0, BLOCKHASH(CALLDATALOAD(0)))
    let mut layer = Layer::new().with_contract(&hex!("60003540600055"));
    let genesis = layer.head.hash();
    let ask = |i: u64, number: u64| {
        let input: [u8; 32] = U256::from(number).to_be_bytes();
        Tx::from_account(0).nonce(i).value(0).to(CONTRACT).input(&input).sign()
    };

    let first = layer.advance(&[ask(0, 0)]);
    assert_eq!(slot(&first.world, CONTRACT, 0), U256::from_be_bytes(genesis.0));
    let itself = layer.advance(&[ask(1, 2)]);
    assert_eq!(slot(&itself.world, CONTRACT, 0), U256::ZERO);
    (3..=256).for_each(|_| drop(layer.advance(&[])));
    let last = layer.advance(&[ask(2, 1)]);
    assert_eq!(slot(&last.world, CONTRACT, 0), U256::from_be_bytes(first.header.hash().0));
    let gone = layer.advance(&[ask(3, 1)]);
    assert_eq!(slot(&gone.world, CONTRACT, 0), U256::ZERO);
}

#[test]
fn touched_empty_account_is_not_created() {
    let layer = Layer::new();
    let nobody = Address::repeat_byte(9);

    let built = layer.build(&[Tx::from_account(0).to(nobody).value(0).sign()]);

    assert_eq!(info(&built.world, nobody), None);
    assert!(!built.delta.accounts.contains_key(&nobody));
}
