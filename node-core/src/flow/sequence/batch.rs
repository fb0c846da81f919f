//! What goes into the next block, and in which order.
//!
//! Deposits come first, in the order of the L1's deposit tree, none left out. Then wallets' transactions
//! and mints, first come first served. A transaction behind a nonce gap waits, at most as long as the
//! layer's limit says; two with the same nonce are settled by [`compare`].

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_eips::eip1559::BaseFeeParams;
use alloy_primitives::{Address, Bytes, TxHash};

use super::{Context, FlowError, Sequencer};
use crate::{
    chain::{SealedHeader, Transaction, decode_transaction},
    codec::record::{BlockRecord, Dropped, MintOrder, MintedOrder, Pending},
    execute::{Builder, NextBlock, Outcome, Protocol, Rejected, Rules, SupplyLedger, Unfinished},
    flow::{
        Tip, mint,
        submit::{Replacement, compare},
    },
    state::{Need, WorldState},
};

/// Bytes of wallets' transactions in one block. EIP-7934 allows 8 MiB for a whole block; mints, which are
/// signed here and small, have the rest.
const BLOCK_BYTES: usize = 6 * 1024 * 1024;

/// When a block is built, and how long gaps are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Unix milliseconds.
    pub now_ms: u64,
    /// The layer is draining: nothing is waited for any more.
    pub last_call: bool,
}

/// A block that is ready to be committed.
#[derive(Debug, Clone)]
pub(super) struct BuiltBlock {
    pub(super) header: SealedHeader,
    pub(super) record: BlockRecord,
    pub(super) world: WorldState,
}

/// A built block, if anything could be included, and what was dropped on the way.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) block: Option<BuiltBlock>,
    pub(super) dropped: Vec<Dropped>,
}

/// A mint order with its signed transaction.
#[derive(Debug, Clone)]
pub(super) struct SignedMint {
    order: MintOrder,
    transaction: Transaction,
    minter: Address,
}

/// One thing to try, in order of arrival.
enum Candidate {
    Wallet(Pending, Transaction),
    Mint(SignedMint),
}

impl Candidate {
    const fn received_ms(&self) -> u64 {
        match self {
            Self::Wallet(pending, _) => pending.received_ms,
            Self::Mint(mint) => mint.order.received_ms,
        }
    }

    /// The transaction and who sends it.
    const fn transaction(&self) -> (&Transaction, Address) {
        match self {
            Self::Wallet(pending, transaction) => (transaction, pending.sender),
            Self::Mint(mint) => (&mint.transaction, mint.minter),
        }
    }
}

impl Sequencer {
    /// Signs `orders` with the nonces that follow the minter's account.
    ///
    /// Orders wait while no ticket contract is named.
    pub(super) async fn sign_mints(
        &mut self,
        orders: Vec<MintOrder>,
    ) -> Result<Vec<SignedMint>, FlowError> {
        let Context { stores, config, signer, .. } = &self.context;
        let Some(signer) = signer else { return Ok(Vec::new()) };
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let Some(ticket) = mint::ticket(stores, config).await? else { return Ok(Vec::new()) };
        let minter = signer.address();
        let nonce = |world: &WorldState| {
            world.account(&minter).map(|account| account.map_or(0, |account| account.info.nonce))
        };
        let first = self.tip.with(nonce).await?;
        let mut signed = Vec::with_capacity(orders.len());
        for (nonce, order) in (first..).zip(orders) {
            let transaction = mint::transaction(config, &**signer, ticket, &order, nonce).await?;
            signed.push(SignedMint { order, transaction, minter });
        }
        Ok(signed)
    }
}

/// Builds a block of what waits, loading the state that it needs.
///
/// After a block for which something had to be loaded, what is certain is loaded first.
///
/// What is not loaded is noted while the block is built as if it did not exist; then all of it is loaded
/// at once and the block is built again, until nothing was missed. Every round loads at least what the
/// first transaction that missed something really needs, so it ends; when all is loaded, as it is while
/// a layer is busy, the first round is the only one.
pub(super) async fn build(
    context: &Context,
    tip: &mut Tip,
    pending: Vec<Pending>,
    mints: Vec<SignedMint>,
    timing: Timing,
) -> Result<Batch, FlowError> {
    if tip.is_cold {
        let needs = certain(context, &pending);
        tip.pages.clone().load(&mut tip.world, &needs).await?;
    }
    tip.is_cold = false;
    loop {
        let error = match build_once(context, tip, pending.clone(), mints.clone(), timing) {
            Ok(batch) => return Ok(batch),
            Err(error) => error,
        };
        tip.is_cold = true;
        tip.load(error).await?;
    }
}

/// What a block needs for certain: what every block touches, who sends, and who receives.
fn certain(context: &Context, pending: &[Pending]) -> Vec<Need> {
    let mut needs = Vec::with_capacity(2 * pending.len() + 8);
    needs.extend(NextBlock::needs(&context.rules, context.config.fee_recipient));
    for one in pending {
        needs.push(Need::account(&one.sender));
        let to = decode_transaction(&one.raw).ok().and_then(|transaction| transaction.to());
        needs.extend(to.map(|to| Need::account(&to)));
    }
    needs
}

/// Builds a block of what waits from what is loaded.
///
/// The state moves into the block, which changes it in place; without a block it is put back.
fn build_once(
    context: &Context,
    tip: &mut Tip,
    pending: Vec<Pending>,
    mints: Vec<SignedMint>,
    timing: Timing,
) -> Result<Batch, FlowError> {
    let builder = start(context, tip, timing)?;
    let mut filling = Filling {
        builder,
        minted: Vec::new(),
        dropped: Vec::new(),
        behind_gap: BTreeMap::new(),
        full: false,
        bytes_left: BLOCK_BYTES,
        now_ms: timing.now_ms,
    };
    match filling.fill(context, pending, mints, timing) {
        Ok(()) => filling.finish(tip),
        Err(error) => {
            tip.world = filling.builder.abandon();
            Err(error)
        }
    }
}

/// Opens the next block; the state is the block's alone from then on.
fn start(context: &Context, tip: &mut Tip, timing: Timing) -> Result<Builder, FlowError> {
    let env = next_block(&context.rules, &tip.header, timing.now_ms);
    let world = tip.world.clone();
    let rules = (*context.rules).clone();
    let builder = Builder::start_noting(&tip.header, world, &tip.ancestors, rules, env)?;
    tip.world = WorldState::new();
    Ok(builder)
}

/// Builds a block of exactly these system transactions, loading the state that they need.
pub(super) async fn build_system(
    context: &Context,
    tip: &mut Tip,
    transactions: &[Transaction],
    first_sequence: u64,
    timing: Timing,
) -> Result<BuiltBlock, FlowError> {
    loop {
        let error = match build_system_once(context, tip, transactions, first_sequence, timing) {
            Ok(block) => return Ok(block),
            Err(error) => error,
        };
        tip.load(error).await?;
    }
}

fn build_system_once(
    context: &Context,
    tip: &mut Tip,
    transactions: &[Transaction],
    first_sequence: u64,
    timing: Timing,
) -> Result<BuiltBlock, FlowError> {
    let mut builder = start(context, tip, timing)?;
    match execute_system(&mut builder, transactions, first_sequence) {
        Ok(()) => seal_block(builder, Vec::new(), tip),
        Err(error) => {
            tip.world = builder.abandon();
            Err(error)
        }
    }
}

fn execute_system(
    builder: &mut Builder,
    transactions: &[Transaction],
    first_sequence: u64,
) -> Result<(), FlowError> {
    for (sequence, transaction) in (first_sequence..).zip(transactions) {
        let sender = crate::chain::SYSTEM_SENDER;
        let outcome = builder.execute(transaction, sender)?;
        builder.check_missed()?;
        match outcome {
            Outcome::Included(included) if included.success => {}
            _ => return Err(FlowError::Seal { sequence }),
        }
    }
    Ok(())
}

/// A block being filled.
struct Filling {
    builder: Builder,
    minted: Vec<MintedOrder>,
    dropped: Vec<Dropped>,
    /// By sender and nonce: waits for an earlier nonce.
    behind_gap: BTreeMap<Address, BTreeMap<u64, (Pending, Transaction)>>,
    full: bool,
    bytes_left: usize,
    now_ms: u64,
}

impl Filling {
    fn fill(
        &mut self,
        context: &Context,
        pending: Vec<Pending>,
        mints: Vec<SignedMint>,
        timing: Timing,
    ) -> Result<(), FlowError> {
        let (deposits, wallets): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|one| one.deposit_index().is_some());
        self.deposits(deposits)?;
        self.candidates(wallets, mints)?;
        self.drop_overdue(context.config.limits.gap_wait_ms, timing.last_call);
        // Nothing is dropped for what was not loaded.
        Ok(self.builder.check_missed()?)
    }

    fn deposits(&mut self, mut deposits: Vec<Pending>) -> Result<(), FlowError> {
        let slot = SupplyLedger::DEPOSITS;
        let counted = self.builder.world().storage(&crate::chain::EXIT_SEALER, &slot)?;
        let mut next = u64::try_from(counted).unwrap_or(u64::MAX);
        deposits.sort_by_key(Pending::deposit_index);
        for pending in deposits {
            match pending.deposit_index() {
                Some(index) if index < next => self.drop(pending.hash, "credited before"),
                Some(index) if index == next && !self.full => {
                    let Some(transaction) = self.decode(&pending) else { continue };
                    if self.execute(&pending, &transaction)? {
                        next += 1;
                    }
                }
                // The deposits before it have not arrived yet.
                _ => {}
            }
        }
        Ok(())
    }

    fn candidates(
        &mut self,
        wallets: Vec<Pending>,
        mints: Vec<SignedMint>,
    ) -> Result<(), FlowError> {
        let mut queue: Vec<Candidate> = Vec::with_capacity(wallets.len() + mints.len());
        for pending in wallets {
            if let Some(transaction) = self.decode(&pending) {
                queue.push(Candidate::Wallet(pending, transaction));
            }
        }
        queue.extend(mints.into_iter().map(Candidate::Mint));
        // Stable: within one millisecond the order of arrival stays.
        queue.sort_by_key(Candidate::received_ms);
        self.builder.expect(queue.iter().map(Candidate::transaction));
        let mut minting = true;
        for candidate in queue {
            if self.full {
                return Ok(());
            }
            match candidate {
                Candidate::Wallet(pending, transaction) => self.wallet(pending, transaction)?,
                // One mint that does not fit holds back those after it: their nonces follow.
                Candidate::Mint(mint) if minting => minting = self.mint(mint)?,
                Candidate::Mint(_) => {}
            }
        }
        Ok(())
    }

    /// Executes a wallet's transaction and those of its sender that waited for it.
    fn wallet(&mut self, pending: Pending, transaction: Transaction) -> Result<(), FlowError> {
        let (sender, nonce) = (pending.sender, transaction.nonce());
        if !self.execute(&pending, &transaction)? {
            return Ok(());
        }
        let mut next = nonce + 1;
        while let Some((pending, transaction)) = self.take_behind_gap(sender, next) {
            if !self.execute(&pending, &transaction)? {
                return Ok(());
            }
            next += 1;
        }
        Ok(())
    }

    fn mint(&mut self, mint: SignedMint) -> Result<bool, FlowError> {
        let hash = *mint.transaction.hash();
        match self.builder.execute(&mint.transaction, mint.minter)? {
            Outcome::Included(_) => {
                self.minted.push(MintedOrder { key: mint.order.key, transaction: hash });
                Ok(true)
            }
            Outcome::Rejected(_) => Ok(false),
        }
    }

    /// Returns whether the transaction is in the block now.
    fn execute(&mut self, pending: &Pending, transaction: &Transaction) -> Result<bool, FlowError> {
        if pending.raw.len() > self.bytes_left {
            self.full = true;
            return Ok(false);
        }
        match self.builder.execute(transaction, pending.sender)? {
            Outcome::Included(_) => {
                self.bytes_left -= pending.raw.len();
                return Ok(true);
            }
            Outcome::Rejected(Rejected::NoRoom { .. }) => self.full = true,
            Outcome::Rejected(Rejected::NonceTooHigh { .. }) => {
                self.hold(pending.clone(), transaction.clone());
            }
            Outcome::Rejected(reason) => self.drop(pending.hash, &reason.to_string()),
        }
        Ok(false)
    }

    /// Keeps a transaction that came before its predecessor; of two with the same nonce, one.
    fn hold(&mut self, pending: Pending, transaction: Transaction) {
        let waiting = self.behind_gap.entry(pending.sender).or_default();
        let nonce = transaction.nonce();
        let Some((held, held_transaction)) = waiting.get(&nonce) else {
            waiting.insert(nonce, (pending, transaction));
            return;
        };
        match compare(held_transaction, &transaction) {
            Replacement::Replaces => {
                let (old, new) = (held.hash, pending.hash);
                waiting.insert(nonce, (pending, transaction));
                self.drop(old, &format!("replaced by {new}"));
            }
            Replacement::Underpriced => {
                let (old, new) = (held.hash, pending.hash);
                self.drop(new, &format!("replacement transaction underpriced: {old} stays"));
            }
        }
    }

    fn take_behind_gap(&mut self, sender: Address, nonce: u64) -> Option<(Pending, Transaction)> {
        self.behind_gap.get_mut(&sender)?.remove(&nonce)
    }

    /// Gives up on gaps that stayed open too long.
    fn drop_overdue(&mut self, wait_ms: u64, last_call: bool) {
        let held = core::mem::take(&mut self.behind_gap);
        for (pending, transaction) in held.into_values().flat_map(BTreeMap::into_values) {
            let waited = self.now_ms.saturating_sub(pending.received_ms);
            let nonce = transaction.nonce();
            if last_call && !self.full {
                self.drop(
                    pending.hash,
                    &format!("the layer ended before a nonce below {nonce} came"),
                );
            } else if waited > wait_ms {
                self.drop(
                    pending.hash,
                    &format!("no transaction with a nonce below {nonce} came within {wait_ms} ms"),
                );
            }
        }
    }

    fn decode(&mut self, pending: &Pending) -> Option<Transaction> {
        let decoded = decode_transaction(&pending.raw);
        if let Err(error) = &decoded {
            self.drop(pending.hash, &format!("transaction could not be decoded: {error}"));
        }
        decoded.ok()
    }

    fn drop(&mut self, hash: TxHash, reason: &str) {
        self.dropped.push(Dropped { hash, reason: reason.to_owned(), dropped_ms: self.now_ms });
    }

    /// No block is made of nothing.
    fn finish(self, tip: &mut Tip) -> Result<Batch, FlowError> {
        if self.builder.receipts().is_empty() {
            tip.world = self.builder.abandon();
            return Ok(Batch { block: None, dropped: self.dropped });
        }
        let block = seal_block(self.builder, self.minted, tip)?;
        Ok(Batch { block: Some(block), dropped: self.dropped })
    }
}

/// Closes the block; when that fails, the state before it goes back to `tip`.
fn seal_block(
    builder: Builder,
    minted: Vec<MintedOrder>,
    tip: &mut Tip,
) -> Result<BuiltBlock, FlowError> {
    let built = match builder.finish() {
        Ok(built) => built,
        Err(unfinished) => {
            let Unfinished { error, world } = *unfinished;
            tip.world = world;
            return Err(error.into());
        }
    };
    let record = BlockRecord {
        block: built.block,
        senders: built.senders,
        receipts: built.receipts,
        delta: built.delta,
        minted,
    };
    Ok(BuiltBlock { header: built.header, record, world: built.world })
}

/// What the next block is built with: on a layer as its parent, on Ethereum by EIP-1559.
fn next_block(rules: &Rules, parent: &SealedHeader, now_ms: u64) -> NextBlock {
    let now_s = now_ms / 1000;
    match rules.protocol {
        Protocol::Layer => NextBlock::on_layer(parent, now_s),
        Protocol::Ethereum => NextBlock {
            timestamp: now_s.max(parent.timestamp + 1),
            base_fee: parent.next_block_base_fee(BaseFeeParams::ethereum()).unwrap_or_default(),
            extra_data: Bytes::new(),
            ..NextBlock::on_layer(parent, now_s)
        },
    }
}
