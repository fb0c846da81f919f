//! Builds a block of what waits, loading the state that it needs.

use std::{mem, sync::Arc};

use alloy_consensus::Transaction as _;
use alloy_eips::eip1559::BaseFeeParams;
use alloy_primitives::{Address, Bytes, U256};
use futures::future::try_join;

use super::{
    Context, FlowError,
    filling::{Filled, Filling},
    left::{self, Left},
    parent::Parent,
};
use crate::{
    chain::{EXIT_SEALER, L1Origin, SealedHeader, Transaction, decode_transaction},
    codec::record::{BlockRecord, Dropped, MintOrder, MintedOrder, Pending},
    execute::{Builder, Built, NextBlock, Outcome, Protocol, Rules, SupplyLedger, Unfinished},
    exit::SLOT_FROZEN,
    flow::{
        bridge::{self, Cursor},
        mint,
    },
    port::PortError,
    state::{Need, StateError, WorldState},
};

/// Inbox entries and orders read for one block. Bounds memory and the time between commits.
pub const BATCH: usize = 4_096;

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
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) block: Option<BuiltBlock>,
    pub(super) dropped: Vec<Dropped>,
    /// How much waited when it was begun.
    pub(super) waiting: usize,
}

/// What became of building on a parent.
#[derive(Debug)]
pub(super) struct Laid {
    /// With the state, unless it is that of the block now.
    pub(super) parent: Parent,
    pub(super) batch: Result<Batch, FlowError>,
}

/// What may go into a block.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) pending: Vec<Pending>,
    pub(super) orders: Vec<MintOrder>,
    /// How far the L1 was read.
    pub(super) cursor: Option<Cursor>,
}

impl Waiting {
    /// Reads what waits; what is done with, by `left`, may still be in the stores.
    pub(super) async fn read(context: &Context, left: &[Left]) -> Result<Self, FlowError> {
        let stores = &context.stores;
        let most = BATCH + left.iter().map(Left::count).sum::<usize>();
        let waiting = stores.inbox.waiting(most);
        let (mut pending, cursor) = try_join(waiting, cursor(context)).await?;
        left::skip(left, &mut pending);
        let mut orders = match context.signer {
            Some(_) => stores.orders.waiting(most).await?,
            None => Vec::new(),
        };
        left::skip_orders(left, &mut orders);
        Ok(Self { pending, orders, cursor })
    }

    pub(super) const fn len(&self) -> usize {
        self.pending.len() + self.orders.len()
    }
}

/// How far the L1 of a layer was read; an L1 has none.
async fn cursor(context: &Context) -> Result<Option<Cursor>, PortError> {
    match context.rules.protocol {
        Protocol::Layer => bridge::cursor(&*context.stores.registers).await,
        Protocol::Ethereum => Ok(None),
    }
}

/// A mint order with its signed transaction.
#[derive(Debug, Clone)]
pub(super) struct SignedMint {
    pub(super) order: MintOrder,
    pub(super) transaction: Transaction,
    pub(super) minter: Address,
}

/// What is tried for a block.
struct Candidates {
    pending: Vec<Pending>,
    mints: Vec<SignedMint>,
    cursor: Option<Cursor>,
}

/// Builds a block of what waits, loading the state that it needs.
pub(super) async fn build(
    context: &Context,
    mut parent: Parent,
    waiting: Waiting,
    timing: Timing,
) -> Laid {
    let waited = waiting.len();
    let Waiting { pending, orders, cursor } = waiting;
    match sign_mints(context, &mut parent, orders).await {
        Ok(mints) => {
            let candidates = Candidates { pending, mints, cursor };
            let Laid { parent, batch } = try_all(context, parent, candidates, timing).await;
            let batch = batch.map(|batch| Batch { waiting: waited, ..batch });
            Laid { parent, batch }
        }
        Err(error) => Laid { parent, batch: Err(error) },
    }
}

/// After a block for which something had to be loaded, what is certain is loaded first.
///
/// What is not loaded is noted while the block is built as if it did not exist; then all of it is loaded
/// at once and the block is built again, until nothing was missed. Every round loads at least what the
/// first transaction that missed something really needs, so it ends; when all is loaded, as it is while
/// a layer is busy, the first round is the only one.
async fn try_all(
    context: &Context,
    mut parent: Parent,
    candidates: Candidates,
    timing: Timing,
) -> Laid {
    if parent.is_cold {
        let needs = certain(context, &candidates.pending);
        if let Err(error) = parent.pages.clone().load(&mut parent.world, &needs).await {
            return Laid { parent, batch: Err(error) };
        }
    }
    parent.is_cold = false;
    let count = candidates.pending.len() + candidates.mints.len();
    let candidates = Arc::new(candidates);
    loop {
        let (here, tried) = (context.clone(), Arc::clone(&candidates));
        let job = move || build_once(&here, parent, &tried, timing);
        let laid = context.pipeline.run(count, job).await;
        parent = laid.parent;
        let error = match laid.batch {
            Ok(batch) => return Laid { parent, batch: Ok(batch) },
            Err(error) => error,
        };
        parent.is_cold = true;
        if let Err(error) = parent.load(error).await {
            return Laid { parent, batch: Err(error) };
        }
    }
}

/// Signs `orders` with the nonces that follow the minter's account.
///
/// Orders wait while no ticket contract is named, or none is there yet: a call of an address without code succeeds, and
/// mints nothing.
async fn sign_mints(
    context: &Context,
    parent: &mut Parent,
    mut orders: Vec<MintOrder>,
) -> Result<Vec<SignedMint>, FlowError> {
    let Context { stores, config, signer, .. } = context;
    let Some(signer) = signer else { return Ok(Vec::new()) };
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let Some(ticket) = mint::ticket(stores, config).await? else { return Ok(Vec::new()) };
    let minter = signer.address();
    // As they are tried: where clocks differ, that is not the order in which they were recorded.
    orders.sort_by_key(|order| order.received_ms);
    let read = |world: &WorldState| {
        let info = |address| world.account(address).map(|it| it.map(|it| it.info));
        let (minter, ticket) = (info(&minter)?, info(&ticket)?);
        Ok::<_, StateError>((
            minter.map_or(0, |minter| minter.nonce),
            ticket.is_some_and(|ticket| ticket.has_code()),
        ))
    };
    let (first, is_there) = parent.with(read).await?;
    if !is_there {
        return Ok(Vec::new());
    }
    let mut signed = Vec::with_capacity(orders.len());
    for (nonce, order) in (first..).zip(orders) {
        let transaction = mint::transaction(config, &**signer, ticket, &order, nonce).await?;
        signed.push(SignedMint { order, transaction, minter });
    }
    Ok(signed)
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
    mut parent: Parent,
    candidates: &Candidates,
    timing: Timing,
) -> Laid {
    parent.world.keep_recent();
    let batch = fill(context, &mut parent, candidates, timing);
    Laid { parent, batch }
}

fn fill(
    context: &Context,
    parent: &mut Parent,
    candidates: &Candidates,
    timing: Timing,
) -> Result<Batch, FlowError> {
    if is_frozen(context, &parent.world)? {
        return Ok(Batch::default());
    }
    let bytes = context.config.posting.block_bytes();
    let Candidates { pending, mints, cursor } = candidates;
    let origin = origin(parent, cursor.as_ref())?;
    let builder = start(context, parent, origin, timing)?;
    let mut filling = Filling::new(builder, bytes, timing.now_ms);
    if let Err(error) = filling.fill(context, pending, mints, timing) {
        parent.world = filling.abandon();
        return Err(error);
    }
    let Filled { builder, minted, dropped } = filling.finish();
    // No block is made of nothing.
    if builder.receipts().is_empty() {
        parent.world = builder.abandon();
        return Ok(Batch { dropped, ..Batch::default() });
    }
    let block = seal_block(builder, minted, parent)?;
    Ok(Batch { block: Some(block), dropped, ..Batch::default() })
}

/// Whether the seal has begun. What comes into the inbox after that, of a process that had looked at the phase
/// before, was acknowledged to nobody; and who sent it may have left by the exit tree already.
fn is_frozen(context: &Context, world: &WorldState) -> Result<bool, FlowError> {
    Ok(match context.rules.protocol {
        Protocol::Layer => !world.storage(&EXIT_SEALER, &SLOT_FROZEN)?.is_zero(),
        Protocol::Ethereum => false,
    })
}

/// The L1 block that the next block can rest on instead of its parent's: the last that was read, once all
/// deposits up to it are on the layer. So no block is made only because the L1 goes on.
fn origin(parent: &Parent, cursor: Option<&Cursor>) -> Result<Option<L1Origin>, FlowError> {
    let Some(Cursor { next_index, read: Some(read), .. }) = cursor else { return Ok(None) };
    let before = L1Origin::of(&parent.header).unwrap_or_default();
    if !read.may_follow(before.as_ref()) {
        return Ok(None);
    }
    let counted = parent.world.storage(&EXIT_SEALER, &SupplyLedger::DEPOSITS)?;
    Ok((counted >= U256::from(*next_index)).then_some(*read))
}

/// Opens the next block; the state is the block's alone from then on.
fn start(
    context: &Context,
    parent: &mut Parent,
    origin: Option<L1Origin>,
    timing: Timing,
) -> Result<Builder, FlowError> {
    let Parent { header, world, ancestors, .. } = parent;
    let env = next_block(&context.rules, header, timing.now_ms);
    let env = match &origin {
        Some(origin) => env.resting_on(origin),
        None => env,
    };
    let rules = (*context.rules).clone();
    // The block gets the state itself, whose flat cache no clone has; a clone is left if it cannot be opened.
    let spare = world.clone();
    let state = mem::replace(world, spare);
    let builder = Builder::start_noting(header, state, ancestors, rules, env)?;
    *world = WorldState::from_root(header.state_root);
    Ok(builder)
}

/// Builds a block of exactly these system transactions, loading the state that they need.
pub(super) async fn build_system(
    context: &Context,
    parent: &mut Parent,
    transactions: &[Transaction],
    first_sequence: u64,
    timing: Timing,
) -> Result<BuiltBlock, FlowError> {
    loop {
        let error = match build_system_once(context, parent, transactions, first_sequence, timing) {
            Ok(block) => return Ok(block),
            Err(error) => error,
        };
        parent.load(error).await?;
    }
}

fn build_system_once(
    context: &Context,
    parent: &mut Parent,
    transactions: &[Transaction],
    first_sequence: u64,
    timing: Timing,
) -> Result<BuiltBlock, FlowError> {
    let mut builder = start(context, parent, None, timing)?;
    match execute_system(&mut builder, transactions, first_sequence) {
        Ok(()) => seal_block(builder, Vec::new(), parent),
        Err(error) => {
            parent.world = builder.abandon();
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

/// Closes the block; when that fails, the state before it goes back to `parent`.
fn seal_block(
    builder: Builder,
    minted: Vec<MintedOrder>,
    parent: &mut Parent,
) -> Result<BuiltBlock, FlowError> {
    let built = match builder.finish() {
        Ok(built) => built,
        Err(unfinished) => {
            let Unfinished { error, world } = *unfinished;
            parent.world = world;
            return Err(error.into());
        }
    };
    let mut block = BuiltBlock::from(built);
    block.record.minted = minted;
    Ok(block)
}

impl From<Built> for BuiltBlock {
    fn from(built: Built) -> Self {
        let Built { header, block, senders, receipts, delta, world } = built;
        let record = BlockRecord { block, senders, receipts, delta, minted: Vec::new() };
        Self { header, record, world }
    }
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
