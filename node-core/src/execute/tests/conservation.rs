//! No ETH is made or lost on a layer, but by mint and burn.

use alloy_primitives::{Address, U256, hex};
use proptest::prelude::*;

use super::kit::*;
use crate::{
    chain::{EXIT_SEALER, Transaction},
    execute::Outcome,
    state::WorldState,
};

/// Sends what it gets on to the address in its call data, and stores something.
const FORWARDS: [u8; 21] = hex!("6000600060006000346000355af1 6001 602035 55 00");

#[derive(Debug, Clone)]
enum Step {
    Transfer { from: u8, to: u8, wei: u128 },
    Call { from: u8, to: u8, wei: u128, slot: u8 },
    Revert { from: u8, wei: u128 },
    Burn { from: u8, wei: u128 },
    Deposit { to: u8, wei: u128 },
}

fn step() -> impl Strategy<Value = Step> {
    let wei = 0..3 * ETHER;
    prop_oneof![
        (0..4u8, 0..4u8, wei.clone()).prop_map(|(from, to, wei)| Step::Transfer { from, to, wei }),
        (0..4u8, 0..4u8, wei.clone(), any::<u8>()).prop_map(|(from, to, wei, slot)| Step::Call {
            from,
            to,
            wei,
            slot
        }),
        (0..4u8, wei.clone()).prop_map(|(from, wei)| Step::Revert { from, wei }),
        (0..4u8, wei.clone()).prop_map(|(from, wei)| Step::Burn { from, wei }),
        (0..4u8, wei).prop_map(|(to, wei)| Step::Deposit { to, wei }),
    ]
}

const REVERTER: Address = Address::repeat_byte(0xdd);

fn transaction(step: &Step, nonces: &[u64; 4]) -> Transaction {
    let signed = |from: u8| Tx::from_account(from).nonce(nonces[usize::from(from)]).fee(20, 3);
    match *step {
        Step::Transfer { from, to, wei } => signed(from).to(account(to)).value(wei).sign(),
        Step::Call { from, to, wei, slot } => {
            let mut input = [0; 64];
            input[12..32].copy_from_slice(account(to).as_slice());
            input[63] = slot;
            signed(from).to(CONTRACT).value(wei).input(&input).sign()
        }
        Step::Revert { from, wei } => signed(from).to(REVERTER).value(wei).sign(),
        Step::Burn { from, wei } => signed(from).creates(&BURNS).value(wei).sign(),
        Step::Deposit { to, wei } => seal_deposit(deposit(BOB, account(to), wei)),
    }
}

fn total(world: &WorldState, created: &[Address]) -> U256 {
    let keyed = (0..4).map(account);
    keyed
        .chain([BOB, CONTRACT, REVERTER, RECIPIENT, EXIT_SEALER])
        .chain(created.iter().copied())
        .map(|address| balance(world, address))
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn balances_change_by_mint_and_burn_only(steps in proptest::collection::vec(step(), 1..24)) {
        let layer = Layer::with_base_fee(10).with_contract(&FORWARDS).with_code(REVERTER, &REVERTS);
        let mut builder = layer.builder();
        let (mut nonces, mut created) = ([0; 4], Vec::new());
        for step in &steps {
            let tx = transaction(step, &nonces);
            let Outcome::Included(included) = execute(&mut builder, &tx) else { continue };
            created.extend(included.created);
            if let Some(i) = (0..4u8).find(|i| Some(account(*i)) == crate::chain::recover_sender(&tx).ok()) {
                nonces[usize::from(i)] += 1;
            }
        }
        let built = builder.finish().expect("finishes");
        let minted = slot(&built.world, EXIT_SEALER, 1);
        let burned = slot(&built.world, EXIT_SEALER, 2);
        prop_assert_eq!(
            total(&layer.world, &created) + minted,
            total(&built.world, &created) + burned
        );
    }
}
