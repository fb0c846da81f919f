//! The seal of a layer: the sealer's sweeps on the layer's own EVM.

use std::collections::BTreeMap;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolCall;
use mayfly_bench::{CHAIN_ID, NOW_MS};
use mayfly_contracts::predeploys;
use node_core::{
    chain::{
        Ancestors, BridgedToken, EXIT_SEALER, GenesisAccount, Metadata, SYSTEM_SENDER,
        SealedHeader, seal, system_transaction,
    },
    execute::{Builder, NextBlock, Outcome, Rules},
    exit::{ExitLeaf, ExitTree, IExitSealer},
    state::WorldState,
};

use crate::harness::{Bench, Result, Row, Shown};

const COIN: Address = Address::repeat_byte(0x20);
const HOLDERS: u32 = 20_000;
/// As many as a teardown sweeps at a time.
const STEP: usize = 400;

/// Slot seeds of solady's ERC20, which wrapped coins are.
const BALANCES: u64 = 0x87a2_11a2;
const SUPPLY: u128 = 0x05_345c_df77_eb68_f44c;

pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let holders: Vec<Address> = (0..HOLDERS).map(holder).collect();
    let steps = |call: &dyn Fn(Vec<Address>) -> Vec<u8>| -> Vec<Vec<u8>> {
        holders.chunks(STEP).map(|step| call(step.to_vec())).collect()
    };
    let tree = bench.time("tree", || Ok(ExitTree::new(&leaves(&holders)).root()))?;
    let open = Chain::new()?.after(&[IExitSealer::freezeCall {}.abi_encode()])?;

    let eth = steps(&|holders| IExitSealer::sweepETHCall { holders }.abi_encode());
    measure(bench, "ETH", &open, &eth, tree)?;
    let begun = [IExitSealer::addAsset20Call { token: COIN }.abi_encode()];
    let open = open.after(&eth)?.after(&begun)?;
    let coins = steps(&|holders| IExitSealer::sweep20Call { asset: 1, holders }.abi_encode());
    measure(bench, "an ERC-20", &open, &coins, tree)?;

    let end = [
        IExitSealer::closeAssetCall { asset: 1 }.abi_encode(),
        IExitSealer::sealCall {}.abi_encode(),
    ];
    let sealed = open.after(&coins)?.after(&end)?.world.storage(&EXIT_SEALER, &U256::ZERO)?;
    if sealed.is_zero() {
        return Err("what was measured does not add up to a seal".into());
    }
    Ok(())
}

fn measure(
    bench: &mut Bench,
    asset: &str,
    chain: &Chain,
    calls: &[Vec<u8>],
    tree: std::time::Duration,
) -> Result<()> {
    let start = || chain.start();
    let evm = bench.time_on(&format!("sweep {asset}"), start, |mut builder| {
        execute(&mut builder, calls)?;
        Ok(builder)
    })?;
    let blocks = bench.time(&format!("blocks {asset}"), || chain.after(calls))?;
    let shown = Shown::Things(calls.len() * STEP);
    let part = format!("leaves of {asset}, swept in the EVM");
    bench.add(Row { part, shown, ours: evm, limit: tree, limit_is: "the exit tree in Rust" });
    let part = format!("leaves of {asset}, swept in blocks of {STEP}");
    bench.add(Row { part, shown, ours: blocks, limit: evm, limit_is: "the sweeps alone" });
    Ok(())
}

/// A layer on which everybody has 1 wei and 1,000 coins, as its end begins.
struct Chain {
    world: WorldState,
    header: SealedHeader,
    calls: u64,
}

impl Chain {
    fn new() -> Result<Self> {
        let metadata = Metadata::Coin { decimals: 18 };
        let token = BridgedToken { token: COIN, name: "Coin".into(), symbol: "C".into(), metadata };
        let mut alloc = predeploys(&[token]);
        let funded = GenesisAccount { balance: U256::ONE, ..GenesisAccount::default() };
        alloc.extend((0..HOLDERS).map(|i| (holder(i), funded.clone())));
        alloc.get_mut(&COIN).ok_or("no coin")?.storage.extend(coins());
        let sealer = alloc.get_mut(&EXIT_SEALER).ok_or("no sealer")?;
        // What the executor counts: as much ETH was minted as there is.
        sealer.storage.insert(U256::ONE, U256::from(HOLDERS));
        let world = WorldState::from_genesis(&alloc);
        let header = seal(Header {
            state_root: world.root(),
            gas_limit: 10_000_000_000,
            base_fee_per_gas: Some(0),
            ..Header::default()
        });
        Ok(Self { world, header, calls: 0 })
    }

    fn start(&self) -> Result<Builder> {
        let env = NextBlock::on_layer(&self.header, NOW_MS / 1_000);
        let rules = Rules::layer(CHAIN_ID);
        Ok(Builder::start(&self.header, self.world.clone(), &Ancestors::default(), rules, env)?)
    }

    /// The layer after blocks with one of `calls` each, as a teardown makes them.
    fn after(&self, calls: &[Vec<u8>]) -> Result<Self> {
        let mut chain =
            Self { world: self.world.clone(), header: self.header.clone(), calls: self.calls };
        for call in calls {
            let mut builder = chain.start()?;
            execute(&mut builder, std::slice::from_ref(call))?;
            let built = builder.finish()?;
            chain = Self { world: built.world, header: built.header, calls: chain.calls + 1 };
        }
        Ok(chain)
    }
}

fn execute(builder: &mut Builder, calls: &[Vec<u8>]) -> Result<()> {
    for (sequence, input) in (0..).zip(calls) {
        let call = system_transaction(Address::ZERO, sequence, EXIT_SEALER, input.clone().into());
        match builder.execute(&call, SYSTEM_SENDER)? {
            Outcome::Included(included) if included.success => {}
            other => return Err(format!("a call of the sealer failed: {other:?}").into()),
        }
    }
    Ok(())
}

fn leaves(holders: &[Address]) -> Vec<ExitLeaf> {
    let leaf = |(index, recipient): (u32, &Address)| ExitLeaf {
        index,
        asset: 0,
        recipient: *recipient,
        id: U256::ZERO,
        value: U256::ONE,
    };
    (0..).zip(holders).map(leaf).collect()
}

/// Accounts in ascending order.
fn holder(i: u32) -> Address {
    Address::left_padding_from(&(0x10_0000 + i).to_be_bytes())
}

fn coins() -> BTreeMap<U256, U256> {
    let balance = |i| {
        // owner: 20 | seed: 12, as solady hashes it.
        let seed = B256::from(U256::from(BALANCES));
        let slot = keccak256([holder(i).as_slice(), &seed[20..]].concat());
        (U256::from_be_bytes(slot.0), U256::from(1_000))
    };
    let mut slots: BTreeMap<_, _> = (0..HOLDERS).map(balance).collect();
    slots.insert(U256::from(SUPPLY), U256::from(1_000 * u64::from(HOLDERS)));
    slots
}
