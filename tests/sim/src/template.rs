//! What all lives start from, made once: block 0 with a ticket contract, and signed transactions.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use alloy_consensus::{
    SignableTransaction, Transaction as _, TxEip1559, crypto::secp256k1::sign_message,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address};
use alloy_sol_types::{SolCall, SolConstructor};
use mayfly_contracts::{Ticket, predeploys};
use node_core::{
    chain::{
        DepositEvent, Finality, GenesisAccount, L1Binding, LayerConfig, LayerId, Limits,
        MintConfig, Posting, Transaction, recover_sender,
    },
    codec::record::{Effect, Pending, RefundCall},
    execute::Rules,
    flow::{
        Caches,
        open::{Alloc, Genesis, open},
        rebuild::GenesisTerms,
        sequence::{Context, Pipeline, Sequencer, Step, TakeOver, Timing},
        submit::Signed,
    },
    port::memory::Memory,
    state::{AccountChange, AccountInfo, Delta},
};

use crate::{Random, l1::OPENED_IN, sim::START_MS, truth::at_once};

/// The layer's contract on the L1.
pub(crate) const L1_LAYER: Address = address!("1111111111111111111111111111111111111111");

/// Wallets that send.
pub(crate) const SENDERS: u8 = 4;

/// Transactions that each of them has signed, in order of nonce.
pub(crate) const NONCES: u64 = 6;

/// Calldata of the transaction that is too large for a slot, with the rest of its block.
const LARGE_BYTES: usize = 290 * 1024;

const CHAIN_ID: u64 = 4_242;
const ETHER: u64 = 1_000_000_000_000_000_000;
pub(crate) const TICKET: Address = address!("7777777777777777777777777777777777777777");
const MINTER: u8 = 100;

/// `ownerOf(uint256)`, ERC-721.
const BURN: [u8; 4] = [0x63, 0x52, 0x21, 0x1e];

/// What all lives share.
#[derive(Debug)]
pub(crate) struct Template {
    /// Block 0.
    pub genesis: Genesis,
    /// By sender and nonce: a transfer, and another one with the same nonce that pays more.
    pub transfers: BTreeMap<(u8, u64), [Signed; 2]>,
    /// A transaction of sender 0 with nonce 0 and much calldata.
    pub large: Signed,
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let mut alloc: Alloc = predeploys(&[]);
    alloc.insert(TICKET, ticket());
    let genesis = Genesis::new(&config(), &alloc).expect("a valid configuration");
    let nonces = (0..SENDERS).flat_map(|sender| (0..NONCES).map(move |nonce| (sender, nonce)));
    let both = |(sender, nonce)| ((sender, nonce), [0, 2].map(|fee| transfer(sender, nonce, fee)));
    Template { genesis, transfers: nonces.map(both).collect(), large: large() }
});

/// What all lives share.
pub(crate) fn template() -> &'static Template {
    &TEMPLATE
}

/// The account that signs mints.
pub(crate) fn minter() -> Address {
    static ADDRESS: LazyLock<Address> = LazyLock::new(|| wallet(MINTER));
    *ADDRESS
}

/// Signs as the minter.
pub(crate) fn sign_as_minter(hash: B256) -> Signature {
    sign_message(secret(MINTER), hash).expect("a valid key")
}

/// What the L1 says of block 0.
pub(crate) fn terms() -> GenesisTerms {
    let header = &template().genesis.header;
    GenesisTerms { hash: header.hash(), state_root: header.state_root }
}

/// Codes that whoever rebuilds a layer has as well.
pub(crate) fn known_codes() -> Arc<[Bytes]> {
    static CODES: LazyLock<Arc<[Bytes]>> =
        LazyLock::new(|| predeploys(&[]).into_values().map(|account| account.code).collect());
    Arc::clone(&CODES)
}

/// 1 ETH for a wallet, as the `index`th deposit.
pub(crate) fn deposit(index: u64, to: Address) -> DepositEvent {
    DepositEvent {
        index,
        from: Address::repeat_byte(0xdd),
        to,
        value: U256::from(ETHER),
        gas_limit: 50_000,
        data: Bytes::new(),
    }
}

/// Address of a wallet.
pub(crate) fn sender(number: u8) -> Address {
    static ADDRESSES: LazyLock<Vec<Address>> = LazyLock::new(|| (0..SENDERS).map(wallet).collect());
    ADDRESSES[usize::from(number)]
}

/// The configuration of a layer; lives change what differs between them.
pub(crate) fn config() -> LayerConfig {
    LayerConfig {
        name: "simulated".to_owned(),
        opened_at_s: START_MS / 1_000,
        ends_at_s: START_MS / 1_000 + 60,
        fee_recipient: Address::repeat_byte(0xfe),
        l1: L1Binding {
            chain_id: 1,
            layer: L1_LAYER,
            config_hash: B256::ZERO,
            opened_in_block: OPENED_IN,
            finality: Finality::Depth(2),
        },
        mint: Some(MintConfig { minter: minter(), ticket: Some(TICKET) }),
        limits: Limits {
            transaction_bytes: 512 * 1024,
            nonce_gap: 4,
            gap_wait_ms: 8_000,
            ..Limits::default()
        },
        posting: Posting::Leaves,
        ..LayerConfig::detached(LayerId::new([7; 16]), CHAIN_ID)
    }
}

const fn secret(number: u8) -> B256 {
    B256::with_last_byte(number + 1)
}

fn wallet(number: u8) -> Address {
    recover_sender(&sign(number, TxEip1559::default()).transaction).expect("our own signature")
}

fn sign(number: u8, tx: TxEip1559) -> Signed {
    let tx = TxEip1559 { chain_id: CHAIN_ID, ..tx };
    let signature = sign_message(secret(number), tx.signature_hash()).expect("a valid key");
    let transaction = Transaction::Ethereum(tx.into_signed(signature).into());
    let sender = recover_sender(&transaction).expect("our own signature");
    Signed { transaction, sender }
}

fn transfer(from: u8, nonce: u64, fee: u128) -> Signed {
    let to = TxKind::Call(wallet((from + 1) % SENDERS));
    let value = U256::from(nonce + 1);
    let (max_fee_per_gas, max_priority_fee_per_gas, gas_limit) = (fee, fee, 21_000);
    let fees = TxEip1559 { max_fee_per_gas, max_priority_fee_per_gas, ..TxEip1559::default() };
    sign(from, TxEip1559 { nonce, gas_limit, to, value, ..fees })
}

/// A transfer of nothing, which somebody without ETH can send.
pub(crate) fn free(from: u8, nonce: u64) -> Signed {
    let to = TxKind::Call(wallet((from + 1) % SENDERS));
    sign(from, TxEip1559 { nonce, gas_limit: 21_000, to, ..TxEip1559::default() })
}

/// A mint, signed with a nonce of whoever asks.
pub(crate) fn mint(to: Address, nonce: u64) -> Signed {
    let input = Ticket::mintToCall { to }.abi_encode().into();
    let (gas_limit, to) = (1_000_000, TxKind::Call(TICKET));
    sign(MINTER, TxEip1559 { nonce, gas_limit, to, input, ..TxEip1559::default() })
}

/// What burns a ticket. The contract of the simulated lives burns none: what must be called once, with the id of the
/// ticket, is called, and asks whose it is.
pub(crate) fn burn() -> RefundCall {
    RefundCall { before: BURN.into(), after: Bytes::new(), effect: Effect::Burn }
}

/// Whether a transaction burns.
pub(crate) fn is_burn(transaction: &Transaction) -> bool {
    transaction.to() == Some(TICKET) && transaction.input().starts_with(&BURN)
}

fn large() -> Signed {
    let mut random = Random::new(1);
    let input: Vec<u8> = (0..LARGE_BYTES / 8).flat_map(|_| random.next().to_be_bytes()).collect();
    let to = TxKind::Call(wallet(1));
    sign(0, TxEip1559 { gas_limit: 16_000_000, to, input: input.into(), ..TxEip1559::default() })
}

/// The account of a ticket contract, as its constructor leaves it.
fn ticket() -> GenesisAccount {
    let arguments = Ticket::constructorCall {
        name_: "Ticket".to_owned(),
        symbol_: "TIX".to_owned(),
        priceWei_: U256::ONE,
        minter_: minter(),
        maxSupply_: U256::from(1_000),
    };
    let code = [Ticket::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let (gas_limit, to, input) = (10_000_000, TxKind::Create, code.into());
    let delta = commit_alone(&sign(0, TxEip1559 { gas_limit, to, input, ..TxEip1559::default() }));
    let deployed = delta.accounts.values().find_map(|account| {
        let AccountChange::Updated(AccountInfo { nonce, code_hash, .. }) = account.change else {
            return None;
        };
        let code = delta.codes.get(&code_hash)?.clone();
        let storage = account.slots.clone();
        Some(GenesisAccount { nonce, balance: U256::ZERO, code, storage })
    });
    deployed.expect("a contract was deployed")
}

/// What a block of this transaction changes.
fn commit_alone(signed: &Signed) -> Delta {
    let config = config();
    let stores = Memory::stores();
    let genesis = Genesis::new(&config, &predeploys(&[])).expect("a valid configuration");
    at_once(open(&stores, &config, &genesis)).expect("memory does not fail");
    let pending = Pending {
        hash: *signed.transaction.hash(),
        sender: signed.sender,
        raw: signed.transaction.encoded_2718().into(),
        received_ms: START_MS,
        deposit_position: 0,
    };
    at_once(stores.inbox.append(pending)).expect("memory does not fail");
    let context = Context {
        stores,
        rules: Arc::new(Rules::layer(config.chain_id)),
        config: Arc::new(config),
        signer: None,
        pipeline: Pipeline::default(),
        caches: Caches::default(),
    };
    let taken = at_once(Sequencer::take_over(context, "template", START_MS));
    let Ok(TakeOver::Won(mut sequencer)) = taken else { panic!("nobody else writes") };
    let timing = Timing { now_ms: START_MS, last_call: false };
    let stepped = at_once(sequencer.step(timing)).expect("memory does not fail");
    let Step::Committed(block) = stepped else { panic!("one transaction waits") };
    block.record.delta.clone()
}
