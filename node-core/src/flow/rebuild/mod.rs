//! A layer from what the L1 has of it: every block is executed again from the inputs in the batches and the
//! deposits, and must come out as the batches say.
//!
//! [`Rebuild`] needs no store and trusts nobody. [`Restored`] writes what comes out of it into empty stores,
//! where the layer can then be read, and ended, as if it had always been there.

mod error;
mod restore;

use alloy_primitives::{B256, Bytes, KECCAK256_EMPTY, keccak256};

pub use error::{Difference, RebuildError};
pub use restore::Restored;

use super::{batch::check_of, replay::Replay, unsigned::Unsigned};
use crate::{
    chain::{DepositEvent, L1Origin, LayerConfig, SealedHeader, Transaction, decode_transaction},
    codec::{
        batch::{Payload, PostedBlock, PostedGenesis},
        record::{Record, StatePack},
    },
    execute::{Built, NextBlock},
    port::{BatchHead, PostedBatch},
    state::WorldState,
};

/// What the L1 says of block 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenesisTerms {
    /// Its hash.
    pub hash: B256,
    /// Its state root.
    pub state_root: B256,
}

/// A layer being rebuilt, batch by batch.
#[derive(Debug)]
pub struct Rebuild {
    config: LayerConfig,
    genesis: WorldState,
    replay: Replay,
    batches: u64,
    unsigned: Unsigned,
}

impl Rebuild {
    /// Starts at block 0, which `first`, the first batch of the layer, has.
    ///
    /// `config` says what is on the L1: chain id, the layer's contract, its end. Its times, gas limit and
    /// fees are taken from the batch. `known_codes` are those of the standard genesis.
    ///
    /// # Errors
    /// [`RebuildError`] when the batch has no block 0, or another one than `terms` say.
    pub fn start(
        mut config: LayerConfig,
        terms: &GenesisTerms,
        first: &PostedBatch,
        known_codes: &[Bytes],
    ) -> Result<Self, RebuildError> {
        let genesis = read(0, first)?.genesis.ok_or(RebuildError::NoGenesis)?;
        config.opened_at_s = genesis.timestamp_s;
        config.gas_limit = genesis.gas_limit;
        config.base_fee_wei = genesis.base_fee_wei;
        config.fee_recipient = genesis.fee_recipient;
        let world = unpack(genesis, known_codes)?;
        let replay = Replay::start(&config, world.clone());
        let header = replay.header();
        let at = Place { batch: 0, block: 0 };
        at.compare("state root", header.state_root, terms.state_root)?;
        at.compare("block hash", header.hash(), terms.hash)?;
        Ok(Self { config, genesis: world, replay, batches: 0, unsigned: Unsigned::default() })
    }

    /// Executes the blocks of the next batch and shows each to `seen`.
    ///
    /// `deposits` are those of the layer by their index, at least as many as the batch takes.
    ///
    /// # Errors
    /// [`RebuildError`], which names batch, block, and what is wrong.
    pub fn batch(
        &mut self,
        batch: &PostedBatch,
        deposits: &[DepositEvent],
        mut seen: impl FnMut(Built),
    ) -> Result<(), RebuildError> {
        let number = self.batches;
        let payload = read(number, batch)?;
        let expected = self.replay.header().number + 1;
        if payload.first_block != expected {
            let got = payload.first_block;
            return Err(RebuildError::Gap { batch: number, expected, got });
        }
        for block in payload.blocks {
            seen(self.block(number, block, deposits)?);
        }
        self.check_head(number, &batch.head)?;
        self.batches += 1;
        Ok(())
    }

    /// Header of the newest block.
    pub const fn header(&self) -> &SealedHeader {
        self.replay.header()
    }

    /// State after the newest block.
    pub const fn world(&self) -> &WorldState {
        self.replay.world()
    }

    /// The configuration, as far as the L1 says it.
    pub const fn config(&self) -> &LayerConfig {
        &self.config
    }

    /// The state of block 0.
    pub const fn genesis(&self) -> &WorldState {
        &self.genesis
    }

    /// Batches so far.
    pub const fn batches(&self) -> u64 {
        self.batches
    }

    /// Deposits taken so far.
    pub const fn deposits(&self) -> u64 {
        self.unsigned.deposits
    }

    fn block(
        &mut self,
        batch: u64,
        block: PostedBlock,
        deposits: &[DepositEvent],
    ) -> Result<Built, RebuildError> {
        let parent = self.replay.header();
        let at = Place { batch, block: parent.number + 1 };
        let Some(timestamp) = parent.timestamp.checked_add(block.after_s) else {
            return Err(at.wrong(Difference::Time { after_s: block.after_s }));
        };
        let env = NextBlock::on_layer(parent, timestamp);
        let env = match &block.l1 {
            Some(origin) => env.resting_on(at.later(origin, parent)?),
            None => env,
        };
        let transactions = self.transactions(at, &block, deposits)?;
        let built = self.replay.build(env, &transactions);
        let built = built.map_err(|source| at.wrong(Difference::Execution(source)))?;
        let got = check_of(&built.header);
        if got != block.check {
            return Err(at.wrong(Difference::Check { expected: block.check, got }));
        }
        Ok(built)
    }

    /// The deposits of a block as the L1 has them, then what the payload has.
    fn transactions(
        &mut self,
        at: Place,
        block: &PostedBlock,
        deposits: &[DepositEvent],
    ) -> Result<Vec<Transaction>, RebuildError> {
        let layer = self.config.l1.layer;
        let mut transactions = Vec::new();
        for _ in 0..block.deposits {
            let index = self.unsigned.deposits;
            let deposit = self.unsigned.deposit(layer, deposits);
            transactions.push(deposit.ok_or_else(|| at.wrong(Difference::Deposit { index }))?);
        }
        for raw in &block.transactions {
            let index = transactions.len();
            let tx = decode_transaction(raw)
                .map_err(|source| at.wrong(Difference::Transaction { index, source }))?;
            if !self.unsigned.signed_or_system(layer, &tx) {
                return Err(at.wrong(Difference::NotSystem { index }));
            }
            transactions.push(tx);
        }
        Ok(transactions)
    }

    fn check_head(&self, batch: u64, claimed: &BatchHead) -> Result<(), RebuildError> {
        let header = self.replay.header();
        let at = Place { batch, block: header.number };
        at.compare_number("last block", claimed.last_block, header.number)?;
        at.compare("state root", claimed.state_root, header.state_root)?;
        at.compare("block hash", claimed.last_block_hash, header.hash())?;
        at.compare_number("consumed deposits", claimed.consumed_deposits, self.deposits())
    }
}

/// A block of a batch.
#[derive(Debug, Clone, Copy)]
struct Place {
    batch: u64,
    block: u64,
}

impl Place {
    const fn wrong(self, what: Difference) -> RebuildError {
        let Self { batch, block } = self;
        RebuildError::Block { batch, block, what }
    }

    fn compare(self, field: &'static str, expected: B256, got: B256) -> Result<(), RebuildError> {
        if expected == got {
            return Ok(());
        }
        Err(self.wrong(Difference::Root { field, expected, got }))
    }

    /// The L1 block, which must be a later one than that of `parent`.
    fn later<'a>(
        self,
        origin: &'a L1Origin,
        parent: &SealedHeader,
    ) -> Result<&'a L1Origin, RebuildError> {
        let before = L1Origin::of(parent).unwrap_or_default();
        if origin.may_follow(before.as_ref()) && before.as_ref() != Some(origin) {
            return Ok(origin);
        }
        let before = before.map_or(0, |before| before.number);
        Err(self.wrong(Difference::L1 { before, got: origin.number }))
    }

    const fn compare_number(
        self,
        field: &'static str,
        expected: u64,
        got: u64,
    ) -> Result<(), RebuildError> {
        if expected == got {
            return Ok(());
        }
        Err(self.wrong(Difference::Number { field, expected, got }))
    }
}

fn read(batch: u64, posted: &PostedBatch) -> Result<Payload, RebuildError> {
    Payload::from_frame(&posted.payload).map_err(|source| RebuildError::Payload { batch, source })
}

/// The state of block 0, with the codes that every layer has.
fn unpack(genesis: PostedGenesis, known_codes: &[Bytes]) -> Result<WorldState, RebuildError> {
    let PostedGenesis { accounts, mut codes, .. } = genesis;
    codes.extend(known_codes.iter().cloned());
    let hashes: Vec<B256> = codes.iter().map(keccak256).collect();
    let known = |hash: &B256| *hash == KECCAK256_EMPTY || hashes.contains(hash);
    let missing = accounts.iter().find(|account| !known(&account.code_hash));
    if let Some(account) = missing {
        let (address, hash) = (account.address, account.code_hash);
        return Err(RebuildError::Code { address, hash });
    }
    // Codes that no account names stay out of the state.
    let named = |(code, hash): (Bytes, B256)| {
        accounts.iter().any(|account| account.code_hash == hash).then_some(code)
    };
    let codes = codes.into_iter().zip(hashes).filter_map(named).collect();
    StatePack { accounts, codes }.unpack().map_err(RebuildError::Genesis)
}
