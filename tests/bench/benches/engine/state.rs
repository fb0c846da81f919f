//! A state of a million accounts, of which each holds coins and a ticket; written as it is, not executed.

use std::collections::BTreeMap;

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::{SolConstructor, SolValue};
use mayfly_bench::{CHAIN_ID, NOW_MS, free_layer};
use mayfly_contracts::{Coin, Ticket};
use node_core::{
    chain::{Ancestors, EXIT_SEALER, GenesisAccount, LayerConfig, LayerId, genesis_header, seal},
    execute::{Builder, NextBlock, Outcome, Rules},
    flow::open::{Alloc, Genesis},
    state::{AccountChange, AccountDelta, AccountInfo, Delta, WorldState},
};

use crate::{BLOCK, BLOCKS, Result, load};

pub(crate) const TICKET: Address = Address::repeat_byte(0x77);
pub(crate) const COIN: Address = Address::repeat_byte(0x78);

/// Accounts whose keys are known: each sends once.
pub(crate) const SENDERS: u64 = (BLOCKS * BLOCK) as u64;

/// Accounts, and tickets.
const ACCOUNTS: u64 = 1_000_000;

/// Slots of `OpenZeppelin`'s ERC-721 and ERC-20 and of the contracts that are made of them.
const OWNERS: u64 = 2;
const TICKETS_OF: u64 = 3;
const TICKET_SUPPLY: u64 = 7;
const COINS_OF: u64 = 0;
const COIN_SUPPLY: u64 = 2;

/// The state, as what it is made of and as what the layer starts from.
pub(crate) struct State {
    pub(crate) config: LayerConfig,
    pub(crate) delta: Delta,
    pub(crate) genesis: Genesis,
}

impl State {
    /// Makes the state; a tenth of it when everything is to be small.
    pub(crate) fn new() -> Result<Self> {
        let small = std::env::var_os("MAYFLY_BENCH_SMALL").is_some();
        let count = if small { ACCOUNTS / 10 } else { ACCOUNTS };
        eprintln!("making a state of {count} accounts ..");
        let config = free_layer(LayerId::new([7; 16]));
        let senders = load::people()?;
        let others = (SENDERS..count).map(|at| Address::from_word(keccak256(at.to_be_bytes())));
        let people: Vec<_> = senders.into_iter().chain(others).collect();
        let delta = delta(&config, &people)?;
        let world = WorldState::new().apply(&delta)?;
        let header = seal(genesis_header(&config, world.root()));
        Ok(Self { config, delta, genesis: Genesis { header, world } })
    }
}

fn delta(config: &LayerConfig, people: &[Address]) -> Result<Delta> {
    let mut delta = Delta::default();
    let funded =
        AccountInfo { balance: U256::from(10).pow(U256::from(21)), ..AccountInfo::default() };
    delta.accounts.extend(people.iter().map(|who| (*who, AccountDelta::updated(funded))));
    let mut contract = |at, code: Bytes, slots| {
        let info = AccountInfo { nonce: 1, code_hash: keccak256(&code), ..AccountInfo::default() };
        let change = AccountChange::Updated(info);
        delta.accounts.insert(at, AccountDelta { change, slots, ..AccountDelta::default() });
        delta.codes.insert(info.code_hash, code);
    };
    contract(EXIT_SEALER, mayfly_contracts::exit_sealer_code(), BTreeMap::new());
    contract(TICKET, runtime_code(config, ticket_code(people[0]))?, tickets(people));
    contract(COIN, runtime_code(config, coin_code())?, coins(people));
    Ok(delta)
}

/// Ticket `n + 1` belongs to person `n`.
fn tickets(people: &[Address]) -> BTreeMap<U256, U256> {
    let mut slots = BTreeMap::from([(U256::from(TICKET_SUPPLY), U256::from(people.len()))]);
    for (at, who) in people.iter().enumerate() {
        slots.insert(mapping(U256::from(at + 1).into(), OWNERS), who.into_word().into());
        slots.insert(mapping(who.into_word(), TICKETS_OF), U256::ONE);
    }
    slots
}

fn coins(people: &[Address]) -> BTreeMap<U256, U256> {
    let each = U256::from(1_000);
    let supply = U256::from(people.len()) * each;
    let mut slots = BTreeMap::from([(U256::from(COIN_SUPPLY), supply)]);
    slots.extend(people.iter().map(|who| (mapping(who.into_word(), COINS_OF), each)));
    slots
}

/// Slot of a mapping's value (Solidity documentation, "Layout in Storage").
fn mapping(key: B256, slot: u64) -> U256 {
    keccak256((key, U256::from(slot)).abi_encode()).into()
}

fn ticket_code(minter: Address) -> Vec<u8> {
    let arguments = Ticket::constructorCall {
        name_: "Ticket".to_owned(),
        symbol_: "T".to_owned(),
        priceWei_: U256::ONE,
        minter_: minter,
        maxSupply_: U256::MAX,
    };
    [&Ticket::BYTECODE[..], &arguments.abi_encode()].concat()
}

fn coin_code() -> Vec<u8> {
    let arguments = Coin::constructorCall {
        name_: "Coin".to_owned(),
        symbol_: "C".to_owned(),
        supply: U256::ZERO,
    };
    [&Coin::BYTECODE[..], &arguments.abi_encode()].concat()
}

/// Deploys on a layer of its own: the constructor writes price and limits into the code.
fn runtime_code(config: &LayerConfig, creation: Vec<u8>) -> Result<Bytes> {
    let deployer = load::people()?[0];
    let balance = U256::from(10).pow(U256::from(18));
    let funded = GenesisAccount { balance, ..GenesisAccount::default() };
    let genesis = Genesis::unbacked(config, &Alloc::from([(deployer, funded)]));
    let request = TxEip1559 {
        chain_id: CHAIN_ID,
        gas_limit: 10_000_000,
        to: TxKind::Create,
        input: creation.into(),
        ..TxEip1559::default()
    };
    let env = NextBlock::on_layer(&genesis.header, NOW_MS / 1_000);
    let rules = Rules::layer(CHAIN_ID);
    let ancestors = Ancestors::default();
    let mut builder = Builder::start(&genesis.header, genesis.world, &ancestors, rules, env)?;
    let created = match builder.execute(&load::sign_one(0, request)?, deployer)? {
        Outcome::Included(included) => included.created,
        Outcome::Rejected(reason) => return Err(reason.to_string().into()),
    };
    let world = builder.finish()?.world;
    let account = created.map(|at| world.account(&at)).transpose()?.flatten();
    let code = account.and_then(|account| world.code(&account.info.code_hash));
    code.ok_or_else(|| "the deployment left no code".into())
}
