//! A layer with people on it, and what they sign.

use std::time::Duration;

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::{SolCall, SolConstructor};
use mayfly_bench::{CHAIN_ID, NOW_MS, free_layer};
use mayfly_contracts::Ticket;
use node_core::{
    chain::{
        Ancestors, EXIT_SEALER, GenesisAccount, LayerConfig, LayerId, Transaction, recover_sender,
    },
    execute::{Builder, Built, NextBlock, Outcome, Rules},
    flow::open::{Alloc, Genesis},
};

use crate::harness::{Bench, Result};

/// People with ETH; each sends one transaction of a block. Under `flow::sequence::BATCH`.
pub(crate) const PEOPLE: u64 = 2_000;

/// Accounts that do nothing.
const BYSTANDERS: u64 = 100_000;

const TICKET: Address = Address::repeat_byte(0x77);

/// What people do in a block.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// Each sends 1 wei to somebody else who has an account.
    Transfers,
    /// Each buys a ticket.
    Mints,
}

impl Load {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Transfers, Self::Mints];

    /// Its word in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Transfers => "ETH transfers",
            Self::Mints => "mints",
        }
    }
}

/// A layer at its genesis.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) config: LayerConfig,
    pub(crate) genesis: Genesis,
    pub(crate) rules: Rules,
    people: Vec<Address>,
}

/// A transaction with the one who signed it.
pub(crate) type Sent = (Transaction, Address);

impl Layer {
    /// Everybody has 1000 ETH and nobody has a ticket.
    pub(crate) fn new() -> Result<Self> {
        let config = free_layer(LayerId::new([7; 16]));
        let people = (0..PEOPLE).map(address).collect::<Result<Vec<_>>>()?;
        let bystanders = (0..BYSTANDERS).map(|i| Address::from_word(keccak256(i.to_be_bytes())));
        let mut alloc: Alloc =
            people.iter().copied().chain(bystanders).map(|who| (who, funded())).collect();
        alloc.insert(EXIT_SEALER, contract(mayfly_contracts::exit_sealer_code()));
        alloc.insert(TICKET, contract(ticket_code(&config, people[0])?));
        let genesis = Genesis::unbacked(&config, &alloc);
        Ok(Self { rules: Rules::layer(config.chain_id), config, genesis, people })
    }

    /// One transaction of each, with their `nonce`s.
    pub(crate) fn sign(&self, load: Load, nonce: u64) -> Result<Vec<Sent>> {
        let next = self.people.iter().cycle().skip(1);
        let pairs = (0..PEOPLE).zip(self.people.iter().zip(next));
        pairs.map(|(i, (from, to))| Ok((sign(i, request(load, nonce, *to))?, *from))).collect()
    }

    /// Opens block 1.
    pub(crate) fn start(&self) -> Result<Builder> {
        start(&self.genesis, self.rules.clone())
    }

    /// Executes `sent` in block 1 without closing it.
    pub(crate) fn fill(&self, sent: &[Sent]) -> Result<Builder> {
        let mut builder = self.start()?;
        builder.expect(sent.iter().map(|(tx, sender)| (tx, *sender)));
        for (tx, sender) in sent {
            include(&mut builder, tx, *sender)?;
        }
        Ok(builder)
    }

    /// Builds block 1 of `sent`.
    pub(crate) fn build(&self, sent: &[Sent]) -> Result<Built> {
        Ok(self.fill(sent)?.finish()?)
    }
}

/// Executes a transaction that must succeed; returns the contract it created.
pub(crate) fn include(
    builder: &mut Builder,
    tx: &Transaction,
    sender: Address,
) -> Result<Option<Address>> {
    match builder.execute(tx, sender)? {
        Outcome::Included(included) if included.success => Ok(included.created),
        other => Err(format!("a transaction of the benchmark failed: {other:?}").into()),
    }
}

/// Recovers all senders.
pub(crate) fn recover_all(sent: &[Sent]) -> Result<Vec<Address>> {
    Ok(sent.iter().map(|(tx, _)| recover_sender(tx)).collect::<std::result::Result<_, _>>()?)
}

/// The time that recovering all senders takes.
pub(crate) fn recovery_time(bench: &mut Bench, sent: &[Sent]) -> Result<Duration> {
    bench.time("recovery", || recover_all(sent))
}

fn start(genesis: &Genesis, rules: Rules) -> Result<Builder> {
    let env = NextBlock::on_layer(&genesis.header, NOW_MS / 1_000);
    Ok(Builder::start(&genesis.header, genesis.world.clone(), &Ancestors::default(), rules, env)?)
}

fn request(load: Load, nonce: u64, to: Address) -> TxEip1559 {
    let plain = TxEip1559 { chain_id: CHAIN_ID, nonce, value: U256::ONE, ..TxEip1559::default() };
    match load {
        Load::Transfers => TxEip1559 { gas_limit: 21_000, to: TxKind::Call(to), ..plain },
        Load::Mints => TxEip1559 {
            gas_limit: 150_000,
            to: TxKind::Call(TICKET),
            input: Ticket::buyCall {}.abi_encode().into(),
            ..plain
        },
    }
}

fn sign(i: u64, tx: TxEip1559) -> Result<Transaction> {
    let secret = B256::from(U256::from(i + 1));
    let signature = sign_message(secret, tx.signature_hash())?;
    Ok(Transaction::Ethereum(tx.into_signed(signature).into()))
}

fn address(i: u64) -> Result<Address> {
    Ok(recover_sender(&sign(i, TxEip1559::default())?)?)
}

/// Deploys a ticket on a layer of its own: the constructor writes price and limits into the code.
fn ticket_code(config: &LayerConfig, deployer: Address) -> Result<Bytes> {
    let genesis = Genesis::unbacked(config, &Alloc::from([(deployer, funded())]));
    let mut builder = start(&genesis, Rules::layer(config.chain_id))?;
    let created = include(&mut builder, &sign(0, deployment(deployer))?, deployer)?;
    let world = builder.finish()?.world;
    let account = created.map(|at| world.account(&at)).transpose()?.flatten();
    let code = account.and_then(|account| world.code(&account.info.code_hash));
    code.ok_or_else(|| "the deployment left no code".into())
}

fn deployment(minter: Address) -> TxEip1559 {
    let arguments = Ticket::constructorCall {
        name_: "Ticket".to_owned(),
        symbol_: "T".to_owned(),
        priceWei_: U256::ONE,
        minter_: minter,
        maxSupply_: U256::MAX,
    };
    TxEip1559 {
        chain_id: CHAIN_ID,
        gas_limit: 10_000_000,
        to: TxKind::Create,
        input: [&Ticket::BYTECODE[..], &arguments.abi_encode()].concat().into(),
        ..TxEip1559::default()
    }
}

fn funded() -> GenesisAccount {
    let balance = U256::from(1_000_000_000_000_000_000_000_u128);
    GenesisAccount { balance, ..GenesisAccount::default() }
}

fn contract(code: Bytes) -> GenesisAccount {
    GenesisAccount { nonce: 1, code, ..GenesisAccount::default() }
}
