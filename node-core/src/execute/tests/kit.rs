//! A small layer to act on.

use alloy_consensus::Sealable;
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, constants::EMPTY_WITHDRAWALS};
use alloy_consensus::{Header, SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_eips::{
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256};
use op_alloy_consensus::TxDeposit;

use super::super::{Builder, Built, Included, NextBlock, Outcome, Rejected, Rules};
use crate::{
    chain::{Ancestors, EXIT_SEALER, SealedHeader, Transaction, recover_sender, seal},
    state::{AccountDelta, AccountInfo, Delta, WorldState},
};

pub(super) const CHAIN_ID: u64 = 4242;
pub(super) const RECIPIENT: Address = address!("fee0000000000000000000000000000000000fee");
pub(super) const BOB: Address = address!("b0b0000000000000000000000000000000000b0b");
pub(super) const CONTRACT: Address = address!("c000000000000000000000000000000000000001");
pub(super) const ETHER: u128 = 1_000_000_000_000_000_000;

/// Accounts with keys; account `i` has the secret `i + 1`.
pub(super) fn secret(i: u8) -> B256 {
    B256::with_last_byte(i + 1)
}

pub(super) fn account(i: u8) -> Address {
    recover_sender(&Tx::from_account(i).sign()).expect("our own signature")
}

/// A layer with one block: its genesis.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) head: SealedHeader,
    pub(super) world: WorldState,
    pub(super) ancestors: Ancestors,
    pub(super) rules: Rules,
}

impl Layer {
    /// Accounts 0 to 3 have 10 ETH each; the exit sealer is there.
    pub(super) fn new() -> Self {
        Self::with_base_fee(0)
    }

    pub(super) fn with_base_fee(base_fee: u64) -> Self {
        let mut delta = Delta::default();
        for i in 0..4 {
            delta.accounts.insert(account(i), funded(10 * ETHER));
        }
        put_code(&mut delta, EXIT_SEALER, &[0x00]);
        let world = WorldState::new().apply(&delta).expect("an empty world takes everything");
        let head = genesis(world.root(), base_fee);
        Self { head, world, ancestors: Ancestors::default(), rules: Rules::layer(CHAIN_ID) }
    }

    /// Not a layer: Ethereum, with system contracts that do nothing.
    pub(super) fn ethereum() -> Self {
        let mut chain = Self::new()
            .with_code(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, &[0x00])
            .with_code(CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, &[0x00]);
        chain.rules = Rules::ethereum(CHAIN_ID);
        chain
    }

    /// The same layer with `code` at [`CONTRACT`].
    pub(super) fn with_contract(self, code: &[u8]) -> Self {
        self.with_code(CONTRACT, code)
    }

    pub(super) fn with_code(mut self, at: Address, code: &[u8]) -> Self {
        let mut delta = Delta::default();
        put_code(&mut delta, at, code);
        self.world = self.world.clone().apply(&delta).expect("accounts are loaded");
        self.head = genesis(self.world.root(), self.head.base_fee_per_gas.unwrap_or_default());
        self
    }

    pub(super) fn next(&self) -> NextBlock {
        NextBlock::on_layer(&self.head, self.head.timestamp)
    }

    pub(super) fn builder(&self) -> Builder {
        let Self { head, world, ancestors, rules } = self;
        Builder::start(head, world.clone(), ancestors, rules.clone(), self.next())
            .expect("state is loaded")
    }

    /// Builds a block of `txs`, all of which must be included.
    pub(super) fn build(&self, txs: &[Transaction]) -> Built {
        let mut builder = self.builder();
        for tx in txs {
            include(&mut builder, tx);
        }
        builder.finish().expect("a layer has no system contracts that fail")
    }

    /// Builds a block of `txs` and moves on.
    pub(super) fn advance(&mut self, txs: &[Transaction]) -> Built {
        let built = self.build(txs);
        self.ancestors.push(self.head.number, self.head.hash());
        self.head = built.header.clone();
        self.world = built.world.clone();
        built
    }
}

pub(super) fn genesis(state_root: B256, base_fee: u64) -> SealedHeader {
    seal(Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root,
        gas_limit: 30_000_000,
        timestamp: 1_700_000_000,
        beneficiary: RECIPIENT,
        base_fee_per_gas: Some(base_fee),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    })
}

pub(super) fn funded(wei: u128) -> AccountDelta {
    AccountDelta::updated(AccountInfo { balance: U256::from(wei), ..AccountInfo::default() })
}

fn put_code(delta: &mut Delta, at: Address, code: &[u8]) {
    let code_hash = keccak256(code);
    delta.codes.insert(code_hash, Bytes::copy_from_slice(code));
    let info = AccountInfo { nonce: 1, balance: U256::ZERO, code_hash };
    delta.accounts.insert(at, AccountDelta::updated(info));
}

pub(super) fn execute(builder: &mut Builder, tx: &Transaction) -> Outcome {
    let sender = recover_sender(tx).expect("our own signature");
    builder.execute(tx, sender).expect("state is loaded")
}

pub(super) fn include(builder: &mut Builder, tx: &Transaction) -> Included {
    match execute(builder, tx) {
        Outcome::Included(included) => included,
        Outcome::Rejected(reason) => panic!("rejected: {reason}"),
    }
}

pub(super) fn reject(builder: &mut Builder, tx: &Transaction) -> Rejected {
    match execute(builder, tx) {
        Outcome::Included(included) => panic!("included: {included:?}"),
        Outcome::Rejected(reason) => reason,
    }
}

pub(super) fn info(world: &WorldState, of: Address) -> Option<AccountInfo> {
    world.account(&of).expect("state is loaded").map(|account| account.info)
}

pub(super) fn balance(world: &WorldState, of: Address) -> U256 {
    info(world, of).unwrap_or_default().balance
}

pub(super) fn nonce(world: &WorldState, of: Address) -> u64 {
    info(world, of).unwrap_or_default().nonce
}

pub(super) fn slot(world: &WorldState, of: Address, key: u64) -> U256 {
    world.storage(&of, &U256::from(key)).expect("state is loaded")
}

/// A signed transaction in the making: one wei to Bob from account `i`, free, nonce 0.
#[derive(Debug, Clone)]
pub(super) struct Tx {
    from: u8,
    pub(super) inner: TxEip1559,
}

impl Tx {
    pub(super) fn from_account(i: u8) -> Self {
        let inner = TxEip1559 {
            chain_id: CHAIN_ID,
            gas_limit: 1_000_000,
            to: BOB.into(),
            value: U256::from(1),
            ..TxEip1559::default()
        };
        Self { from: i, inner }
    }

    pub(super) fn nonce(mut self, nonce: u64) -> Self {
        self.inner.nonce = nonce;
        self
    }

    pub(super) fn to(mut self, to: Address) -> Self {
        self.inner.to = to.into();
        self
    }

    pub(super) fn creates(mut self, init_code: &[u8]) -> Self {
        self.inner.to = TxKind::Create;
        self.inner.input = Bytes::copy_from_slice(init_code);
        self
    }

    pub(super) fn value(mut self, wei: u128) -> Self {
        self.inner.value = U256::from(wei);
        self
    }

    pub(super) fn gas(mut self, gas: u64) -> Self {
        self.inner.gas_limit = gas;
        self
    }

    pub(super) fn fee(mut self, max_fee: u128, tip: u128) -> Self {
        self.inner.max_fee_per_gas = max_fee;
        self.inner.max_priority_fee_per_gas = tip;
        self
    }

    pub(super) fn input(mut self, input: &[u8]) -> Self {
        self.inner.input = Bytes::copy_from_slice(input);
        self
    }

    pub(super) fn sign(self) -> Transaction {
        let hash = self.inner.signature_hash();
        let signature = sign_message(secret(self.from), hash).expect("a small secret is a key");
        Transaction::Ethereum(self.inner.into_signed(signature).into())
    }
}

/// A deposit of `mint` wei that calls `to` with all of it.
pub(super) fn deposit(from: Address, to: Address, mint: u128) -> TxDeposit {
    TxDeposit {
        source_hash: B256::with_last_byte(1),
        from,
        to: to.into(),
        mint,
        value: U256::from(mint),
        gas_limit: 200_000,
        is_system_transaction: false,
        input: Bytes::new(),
    }
}

pub(super) fn seal_deposit(tx: TxDeposit) -> Transaction {
    Transaction::Deposit(tx.seal_slow())
}

/// Bytecode: reverts with 32 bytes of `0x2a`.
pub(super) const REVERTS: [u8; 10] = hex!("602a60005260206000fd");

/// Bytecode: `SSTORE(0, 1)`.
pub(super) const STORES: [u8; 6] = hex!("600160005500");

/// Bytecode: an instruction that there is not.
pub(super) const HALTS: [u8; 1] = hex!("fe");

/// Init code: `SELFDESTRUCT(ADDRESS)` while it is created, with whatever value was sent.
pub(super) const BURNS: [u8; 2] = hex!("30ff");
