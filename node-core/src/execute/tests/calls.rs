use alloy_eips::eip2930::AccessListItem;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_rpc_types_eth::{
    BlockOverrides,
    state::{AccountOverride, StateOverride},
};

use super::super::{
    CallError, CallOutcome, CallRequest, EstimateError, Halt, Overrides, Rejected, View, call,
    create_access_list, estimate_gas,
};
use super::kit::*;

fn view(layer: &Layer) -> View<'_> {
    let Layer { head, world, ancestors, rules } = layer;
    View { header: head, world, later: None, ancestors, rules, overrides: None, patience: None }
}

fn to_contract() -> CallRequest {
    CallRequest { to: CONTRACT.into(), ..CallRequest::default() }
}

fn returned(outcome: CallOutcome) -> U256 {
    match outcome {
        CallOutcome::Success { output, .. } => U256::from_be_slice(&output),
        other => panic!("{other:?}"),
    }
}

/// Returns one word: what the instruction `op` puts on the stack.
fn returns(op: &[u8]) -> Vec<u8> {
    [op, &hex!("60005260206000f3")].concat()
}

#[test]
fn call_returns_without_a_trace() {
    let layer = Layer::new().with_contract(&returns(&hex!("6001600055 600054")));

    let outcome = call(view(&layer), &to_contract()).expect("runs");

    assert_eq!(returned(outcome), U256::from(1));
    assert_eq!(slot(&layer.world, CONTRACT, 0), U256::ZERO);
}

#[test]
fn call_reports_revert_data_and_halts() {
    let reverts = Layer::new().with_contract(&REVERTS);
    let halts = Layer::new().with_contract(&HALTS);

    let revert = call(view(&reverts), &to_contract()).expect("runs");
    let halt = call(view(&halts), &to_contract()).expect("runs");

    let CallOutcome::Revert { output, .. } = revert else { panic!("{revert:?}") };
    assert_eq!(output, Bytes::from(B256::with_last_byte(0x2a)));
    assert!(matches!(halt, CallOutcome::Halt { reason: Halt::InvalidOpcode, .. }), "{halt:?}");
}

#[test]
fn caller_without_funds_can_call_for_free_but_not_send() {
    let layer = Layer::with_base_fee(7).with_contract(&STORES);
    let free = CallRequest { from: BOB, ..to_contract() };
    let sends = CallRequest { value: U256::from(1), ..free.clone() };

    assert!(call(view(&layer), &free).expect("runs").is_success());
    let error = call(view(&layer), &sends).expect_err("has nothing");

    let CallError::Rejected(reason) = error else { panic!("{error}") };
    assert_eq!(reason, Rejected::InsufficientFunds { have: U256::ZERO, want: U256::from(1) });
}

#[test]
fn contract_can_be_the_caller() {
    let layer = Layer::new().with_contract(&returns(&hex!("33")));
    let request = CallRequest { from: CONTRACT, ..to_contract() };

    let outcome = call(view(&layer), &request).expect("runs");

    assert_eq!(returned(outcome), U256::from_be_slice(CONTRACT.as_slice()));
}

#[test]
fn base_fee_is_zero_without_a_price_and_demanded_with_one() {
    let layer = Layer::with_base_fee(7).with_contract(&returns(&hex!("48")));
    let priced = |max_fee| CallRequest { from: account(0), max_fee, ..to_contract() };

    assert_eq!(returned(call(view(&layer), &priced(0)).expect("runs")), U256::ZERO);
    assert_eq!(returned(call(view(&layer), &priced(9)).expect("runs")), U256::from(7));
    let error = call(view(&layer), &priced(6)).expect_err("too cheap");
    assert!(matches!(error, CallError::Rejected(Rejected::FeeTooLow { .. })), "{error}");
}

#[test]
fn overrides_change_accounts_and_block() {
    let layer = Layer::new();
    // Returns SLOAD(1) + BALANCE(caller) + NUMBER.
    let code = returns(&hex!("600154 3331 01 43 01"));
    let contract = AccountOverride {
        code: Some(code.into()),
        state_diff: Some(
            [(B256::with_last_byte(1), B256::with_last_byte(5))].into_iter().collect(),
        ),
        ..AccountOverride::default()
    };
    let bob = AccountOverride { balance: Some(U256::from(100)), ..AccountOverride::default() };
    let overrides = Overrides {
        state: StateOverride::from_iter([(CONTRACT, contract), (BOB, bob)]),
        block: BlockOverrides { number: Some(U256::from(1000)), ..BlockOverrides::default() },
    };
    let request = CallRequest { from: BOB, ..to_contract() };

    let view = View { overrides: Some(&overrides), ..view(&layer) };

    assert_eq!(returned(call(view, &request).expect("runs")), U256::from(1105));
}

#[test]
fn replaced_storage_hides_the_old() {
    let mut layer = Layer::new().with_contract(&returns(&hex!("6001600055 600054")));
    layer.advance(&[Tx::from_account(0).to(CONTRACT).value(0).sign()]);
    let account = AccountOverride {
        code: Some(returns(&hex!("600054")).into()),
        state: Some([(B256::with_last_byte(1), B256::with_last_byte(5))].into_iter().collect()),
        ..AccountOverride::default()
    };
    let state = StateOverride::from_iter([(CONTRACT, account)]);
    let overrides = Overrides { state, ..Overrides::default() };

    let view = View { overrides: Some(&overrides), ..view(&layer) };

    assert_eq!(returned(call(view, &to_contract()).expect("runs")), U256::ZERO);
}

#[test]
fn access_list_has_what_was_touched_also_when_the_call_reverts() {
    // SLOAD(7), BALANCE(BOB), SLOAD(SLOAD(7) + 1), then reverts.
    let mut code =
        hex!("600754 73b0b0000000000000000000000000000000000b0b3150 600101 5450").to_vec();
    code.extend(REVERTS);
    let layer = Layer::new().with_contract(&code);

    let listed = create_access_list(view(&layer), &to_contract()).expect("runs");

    let slots = [1, 7].map(B256::with_last_byte).to_vec();
    let expected = [(BOB, vec![]), (CONTRACT, slots)]
        .map(|(address, storage_keys)| AccessListItem { address, storage_keys });
    assert_eq!(listed.access_list.0, expected);
    let CallOutcome::Revert { gas_used, .. } = listed.outcome else { panic!("{listed:?}") };
    let request = CallRequest { access_list: listed.access_list, ..to_contract() };
    assert_eq!(call(view(&layer), &request).expect("runs").gas_used(), gas_used);
}

#[test]
fn transfer_has_an_empty_access_list() {
    let request = CallRequest { to: BOB.into(), ..CallRequest::default() };

    let listed = create_access_list(view(&Layer::new()), &request).expect("runs");

    assert!(listed.access_list.is_empty());
    assert_eq!(listed.outcome.gas_used(), 21_000);
}

#[test]
fn transfer_is_estimated_at_21000() {
    let layer = Layer::new();
    let to = |to: Address| CallRequest { to: to.into(), ..CallRequest::default() };

    assert_eq!(estimate_gas(view(&layer), &to(account(1))).expect("enough"), 21_000);
    assert_eq!(estimate_gas(view(&layer), &to(BOB)).expect("enough"), 21_000);
}

#[test]
fn estimate_is_the_least_that_succeeds() {
    // Twenty fresh slots and one that is set and cleared again: storage costs and a refund.
    let mut code: Vec<u8> = (1..=20).flat_map(|slot| [0x60, 1, 0x60, slot, 0x55]).collect();
    code.extend(hex!("6001601e55 6000601e55"));
    // A call that gets 63/64 of the gas at most, and fails silently without enough of it.
    let outer =
        hex!("6000600060006000600073c0000000000000000000000000000000000000015af1 15 602a 57 00");
    let mut outer = outer.to_vec();
    outer.resize(42, 0);
    outer.extend(hex!("5b 60006000fd"));
    let layer = Layer::new().with_contract(&code).with_code(BOB, &outer);
    for to in [CONTRACT, BOB] {
        let request = |gas| CallRequest { to: to.into(), gas, ..CallRequest::default() };

        let least = estimate_gas(view(&layer), &request(None)).expect("enough");

        let succeeds = |gas| call(view(&layer), &request(Some(gas))).expect("runs").is_success();
        assert!(succeeds(least));
        assert!(!succeeds(least - 1));
    }
}

#[test]
fn estimate_reports_why_nothing_is_enough() {
    let reverts = Layer::new().with_contract(&REVERTS);
    let halts = Layer::new().with_contract(&HALTS);
    // Loops for ever.
    let loops = Layer::new().with_contract(&hex!("5b600056"));

    let estimate = |layer| estimate_gas(view(layer), &to_contract()).expect_err("never enough");

    let error = estimate(&reverts);
    assert!(matches!(&error, EstimateError::Reverted { output } if output.len() == 32), "{error}");
    let error = estimate(&halts);
    assert!(matches!(error, EstimateError::Halted { reason: Halt::InvalidOpcode }), "{error}");
    let error = estimate(&loops);
    assert_eq!(error.to_string(), "gas required exceeds allowance (16777216)");
}

#[test]
fn estimate_is_bounded_by_funds() {
    let layer = Layer::new().with_contract(&STORES);
    let poor = |gas: u128| CallRequest { from: BOB, max_fee: gas, ..to_contract() };
    let bob = AccountOverride { balance: Some(U256::from(30_000)), ..AccountOverride::default() };
    let state = StateOverride::from_iter([(BOB, bob)]);
    let overrides = Overrides { state, ..Overrides::default() };
    let view = View { overrides: Some(&overrides), ..view(&layer) };

    let error = estimate_gas(view, &poor(1)).expect_err("needs 43 106 gas");

    assert_eq!(error.to_string(), "gas required exceeds allowance (30000)");
}

#[test]
fn creation_can_be_called_and_estimated() {
    let layer = Layer::new();
    let request = CallRequest {
        to: TxKind::Create,
        input: hex!("65600160005500600052600660 1af3").into(),
        ..CallRequest::default()
    };

    let outcome = call(view(&layer), &request).expect("runs");
    let estimate = estimate_gas(view(&layer), &request).expect("enough");

    let CallOutcome::Success { output, gas_used, created, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(output.as_ref(), STORES);
    assert_eq!(created, Some(Address::ZERO.create(0)));
    assert_eq!(estimate, gas_used);
}
