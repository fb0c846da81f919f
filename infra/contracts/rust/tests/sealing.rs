//! What sealing costs on a layer's own EVM: printed, not asserted.

use std::{collections::BTreeMap, time::Instant};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolCall;
use node_core::{
    chain::{
        Ancestors, BridgedToken, EXIT_SEALER, GenesisAccount, Metadata, SYSTEM_SENDER,
        SealedHeader, seal, system_transaction,
    },
    execute::{Builder, NextBlock, Outcome, Rules},
    exit::IExitSealer,
    state::WorldState,
};

use crate::predeploys;

const COIN: Address = Address::repeat_byte(0x20);
const HOLDERS: u64 = 20_000;
/// As many as a teardown sweeps at a time.
const STEP: usize = 400;

/// Slot seeds of solady's ERC20.
const BALANCES: u64 = 0x87a2_11a2;
const SUPPLY: u128 = 0x05_345c_df77_eb68_f44c;

fn holder(i: u64) -> Address {
    // Ascending.
    Address::left_padding_from(&(0x10_0000 + i).to_be_bytes())
}

/// `HOLDERS` accounts with ETH and coins each.
fn world() -> WorldState {
    let metadata = Metadata::Coin { decimals: 18 };
    let token = BridgedToken { token: COIN, name: "Coin".into(), symbol: "C".into(), metadata };
    let mut alloc = predeploys(&[token]);
    let funded = GenesisAccount { balance: U256::ONE, ..GenesisAccount::default() };
    alloc.extend((0..HOLDERS).map(|i| (holder(i), funded.clone())));
    let coin = alloc.get_mut(&COIN).expect("it was bridged");
    coin.storage.extend(coins());
    let sealer = alloc.get_mut(&EXIT_SEALER).expect("a predeploy");
    sealer.storage.insert(U256::ONE, U256::from(HOLDERS));
    WorldState::from_genesis(&alloc)
}

fn coins() -> BTreeMap<U256, U256> {
    let balance = |i| {
        // owner: 20 | seed: 12, as solady hashes it.
        let seed = U256::from(BALANCES).to_be_bytes::<32>();
        let slot = keccak256([holder(i).as_slice(), &seed[20..]].concat());
        (U256::from_be_bytes(slot.0), U256::from(1_000))
    };
    let mut slots: BTreeMap<_, _> = (0..HOLDERS).map(balance).collect();
    slots.insert(U256::from(SUPPLY), U256::from(1_000 * HOLDERS));
    slots
}

/// Executes all of `calls` in blocks of one, as a teardown does, and returns the nanoseconds that the EVM took.
fn run(world: WorldState, calls: Vec<Vec<u8>>) -> (WorldState, u128) {
    let mut parent = parent(&world);
    let mut world = world;
    let mut spent = 0;
    for (sequence, input) in (0..).zip(calls) {
        let env = NextBlock::on_layer(&parent, 1);
        let ancestors = Ancestors::default();
        let rules = Rules::layer(7);
        let mut builder =
            Builder::start(&parent, world, &ancestors, rules, env).expect("the world is whole");
        let call = system_transaction(Address::ZERO, sequence, EXIT_SEALER, input.into());
        let start = Instant::now();
        let outcome = builder.execute(&call, SYSTEM_SENDER).expect("the world is whole");
        spent += start.elapsed().as_nanos();
        assert!(matches!(outcome, Outcome::Included(one) if one.success), "call {sequence}");
        let built = builder.finish().expect("a layer's block");
        (world, parent) = (built.world, built.header);
    }
    (world, spent)
}

fn parent(world: &WorldState) -> SealedHeader {
    seal(Header {
        state_root: world.root(),
        gas_limit: 60_000_000,
        base_fee_per_gas: Some(0),
        ..Header::default()
    })
}

#[test]
fn sealing_takes_microseconds_a_leaf() {
    let holders: Vec<Address> = (0..HOLDERS).map(holder).collect();
    let start = vec![IExitSealer::freezeCall {}.abi_encode()];
    let (world, _) = run(world(), start);
    let steps = |call: &dyn Fn(Vec<Address>) -> Vec<u8>| -> Vec<Vec<u8>> {
        holders.chunks(STEP).map(|step| call(step.to_vec())).collect()
    };
    let eth = steps(&|holders| IExitSealer::sweepETHCall { holders }.abi_encode());
    let (world, eth_ns) = run(world, eth);
    let (world, _) = run(world, vec![IExitSealer::addAsset20Call { token: COIN }.abi_encode()]);
    let coins = steps(&|holders| IExitSealer::sweep20Call { asset: 1, holders }.abi_encode());
    let (world, coin_ns) = run(world, coins);
    let end = vec![
        IExitSealer::closeAssetCall { asset: 1 }.abi_encode(),
        IExitSealer::sealCall {}.abi_encode(),
    ];
    let (world, _) = run(world, end);
    let each = |ns: u128| ns / u128::from(HOLDERS);
    println!(
        "sealing in revm: {} ns an ETH leaf, {} ns an ERC-20 leaf",
        each(eth_ns),
        each(coin_ns)
    );
    let sealed = world.storage(&EXIT_SEALER, &U256::ZERO).expect("the world is whole");
    assert_ne!(B256::from(sealed), B256::ZERO, "it balances and is sealed");
}
