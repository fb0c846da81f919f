//! The layer tells its contracts on which L1 block it rests.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use node_core::{
    chain::{Ancestors, Block, L1_INFO, L1Origin, SYSTEM_SENDER, SealedHeader, seal},
    execute::{Builder, Built, InvalidBlock, NextBlock, Rules, VerifyError, verify},
    state::{Need, WorldState},
};

use super::genesis::ask;
use crate::{L1Info, predeploys};

fn origin(number: u64) -> L1Origin {
    L1Origin { number, hash: B256::with_last_byte(7), timestamp_s: 1_700_000_000 + number }
}

fn start() -> (SealedHeader, WorldState) {
    let world = WorldState::from_genesis(&predeploys(&[]));
    let header = Header {
        state_root: world.root(),
        gas_limit: 60_000_000,
        base_fee_per_gas: Some(0),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        ..Header::default()
    };
    (seal(header), world)
}

/// The block after `parent`, on `origin` if there is one.
fn next(parent: &SealedHeader, world: &WorldState, origin: Option<L1Origin>) -> Built {
    let env = NextBlock::on_layer(parent, 1);
    let env = match &origin {
        Some(origin) => env.resting_on(origin),
        None => env,
    };
    let (ancestors, rules) = (Ancestors::default(), Rules::layer(7));
    let builder = Builder::start(parent, world.clone(), &ancestors, rules, env);
    builder.expect("the world is whole").finish().expect("a layer's block")
}

fn told(world: &WorldState) -> (u64, B256, u64) {
    let number = ask(world, L1_INFO, L1Info::numberCall {});
    let hash = ask(world, L1_INFO, L1Info::hashCall {});
    (number, hash, ask(world, L1_INFO, L1Info::timestampCall {}))
}

fn verified(parent: &SealedHeader, world: &WorldState, block: &Block) -> Result<(), VerifyError> {
    let (ancestors, rules) = (Ancestors::default(), Rules::layer(7));
    verify(parent, world, &ancestors, &rules, block).map(drop)
}

#[test]
fn contracts_are_told_the_l1_block_of_the_header() {
    let (genesis, world) = start();
    let none = next(&genesis, &world, None);
    assert_eq!(told(&none.world), (0, B256::ZERO, 0));
    assert_eq!(L1Origin::of(&none.header), Ok(None));

    let first = next(&none.header, &none.world, Some(origin(9)));
    assert_eq!(told(&first.world), (9, origin(9).hash, origin(9).timestamp_s));
    assert_eq!(L1Origin::of(&first.header), Ok(Some(origin(9))));
    verified(&none.header, &none.world, &first.block).expect("executed again it is the same");

    let same = next(&first.header, &first.world, None);
    assert_eq!(L1Origin::of(&same.header), Ok(Some(origin(9))), "until there is a later one");
    assert!(!same.delta.needs().contains(&Need::account(&L1_INFO)), "it is not called again");
    let later = next(&same.header, &same.world, Some(origin(12)));
    assert_eq!(told(&later.world).0, 12);
    verified(&same.header, &same.world, &later.block).expect("executed again it is the same");
    let nobody = later.world.account(&SYSTEM_SENDER).expect("the world is whole");
    assert!(nobody.is_none(), "the call is no transaction");
}

#[test]
fn header_that_goes_back_or_hides_its_l1_block_is_refused() {
    let (genesis, world) = start();
    let parent = next(&genesis, &world, Some(origin(9)));
    let right = next(&parent.header, &parent.world, Some(origin(10))).block;
    let refused = |change: &dyn Fn(&mut Header)| {
        let mut block = right.clone();
        change(&mut block.header);
        match verified(&parent.header, &parent.world, &block).expect_err("it was changed") {
            VerifyError::Invalid(invalid) => *invalid,
            other => panic!("expected an invalid block, got {other}"),
        }
    };
    let back = refused(&|header| header.extra_data = origin(8).extra_data());
    assert!(matches!(back, InvalidBlock::Origin { parent: 9, got: 8 }), "{back}");
    let none = refused(&|header| {
        header.extra_data = Default::default();
        header.parent_beacon_block_root = Some(B256::ZERO);
    });
    assert!(matches!(none, InvalidBlock::Origin { parent: 9, got: 0 }), "{none}");
    let half = refused(&|header| header.parent_beacon_block_root = Some(B256::ZERO));
    assert!(matches!(half, InvalidBlock::Shape { .. }), "{half}");
    // Another one than was executed: the state is another.
    let other = refused(&|header| header.extra_data = origin(11).extra_data());
    assert!(matches!(other, InvalidBlock::Root { field: "state root", .. }), "{other}");
}

#[test]
fn nobody_else_tells_contracts_of_the_l1() {
    use alloy_sol_types::SolCall;
    use node_core::execute::{CallOutcome, CallRequest, View, call};
    let (genesis, world) = start();
    let (ancestors, rules) = (Ancestors::default(), Rules::layer(7));
    let view = View {
        header: &genesis,
        world: &world,
        later: None,
        ancestors: &ancestors,
        rules: &rules,
        overrides: None,
        patience: None,
    };
    let set = L1Info::setCall { number_: 1, timestamp_: 1, hash_: B256::ZERO };
    let request = |from| CallRequest {
        from,
        to: L1_INFO.into(),
        value: U256::ZERO,
        input: set.abi_encode().into(),
        ..CallRequest::default()
    };
    let outcome = |from| call(view, &request(from)).expect("the world is whole");
    assert!(matches!(outcome(SYSTEM_SENDER), CallOutcome::Success { .. }));
    let stranger = outcome(Address::repeat_byte(1));
    assert!(matches!(stranger, CallOutcome::Revert { .. }), "{stranger:?}");
}
