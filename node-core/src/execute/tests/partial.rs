//! Blocks on a world of which only the root was known at first.

use alloy_primitives::{Address, U256};
use op_alloy_consensus::TxDeposit;

use super::super::{Builder, Built, Fault, Outcome};
use super::kit::*;
use crate::{
    chain::{EXIT_SEALER, Transaction, recover_sender},
    state::{AccountProof, WorldState},
};

/// What the blocks of these tests can touch, a proof each.
fn proofs(whole: &WorldState) -> Vec<AccountProof> {
    let slots: Vec<U256> = (0..4).map(U256::from).collect();
    let accounts = (0..4).map(account);
    let system =
        [alloy_eips::eip4788::BEACON_ROOTS_ADDRESS, alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS];
    let others = [EXIT_SEALER, CONTRACT, BOB, RECIPIENT, Address::ZERO];
    let all = system.into_iter().chain(others).chain(accounts);
    all.map(|address| whole.prove(address, &slots).expect("whole")).collect()
}

/// Builds a block of `txs`, one proof at a time, whenever something is missing.
fn build_from_proofs(layer: &Layer, txs: &[Transaction]) -> (Built, usize) {
    let Layer { head, world: whole, ancestors, rules } = layer;
    let mut world = WorldState::from_root(whole.root());
    let (mut proofs, mut faults) = (proofs(whole).into_iter(), 0);
    let mut learn = |fault: Fault| {
        faults += 1;
        match fault {
            Fault::State(_) => {
                world.reveal(&proofs.next().expect("enough proofs")).expect("proves");
            }
            Fault::CodeNotLoaded { hash } => world.add_codes(whole.code(&hash)),
            other => panic!("{other}"),
        }
        world.clone()
    };
    let mut world = WorldState::from_root(whole.root());
    let mut builder = loop {
        match Builder::start(head, world.clone(), ancestors, rules.clone(), layer.next()) {
            Ok(builder) => break builder,
            Err(fault) => world = learn(fault),
        }
    };
    for tx in txs {
        let sender = recover_sender(tx).expect("our own signature");
        let outcome = loop {
            match builder.execute(tx, sender) {
                Ok(outcome) => break outcome,
                Err(fault) => builder.reveal(learn(fault)),
            }
        };
        assert!(matches!(outcome, Outcome::Included(_)), "{outcome:?}");
    }
    (builder.finish().expect("all that changed was read"), faults)
}

#[test]
fn block_is_the_same_from_proofs_that_come_when_they_are_missed() {
    let mut layer = Layer::new().with_contract(&STORES);
    layer.advance(&[Tx::from_account(2).to(CONTRACT).value(0).sign()]);
    let call = TxDeposit { gas_limit: 100_000, ..deposit(BOB, CONTRACT, 5) };
    let txs = [
        seal_deposit(call),
        Tx::from_account(0).sign(),
        Tx::from_account(1).to(CONTRACT).value(0).sign(),
        seal_deposit(deposit(account(3), account(0), 1)),
    ];

    let (built, faults) = build_from_proofs(&layer, &txs);

    let expected = layer.build(&txs);
    assert!(faults > 5, "{faults}");
    assert_eq!(built.header, expected.header);
    assert_eq!(built.delta, expected.delta);
}
