use core::ops::Range;

use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::TransactionInfo;
use revm::context::{
    BlockEnv, TxEnv,
    result::{InvalidTransaction, ResultAndState},
};

use super::{
    super::{
        convert, deposit,
        env::NextBlock,
        error::Fault,
        machine::{Kind, Machine},
        overlay::Overlay,
        patience::Patience,
        rejected::Rejected,
        rules::Rules,
        system,
        watch::{Unwatched, Watch},
    },
    budget::{Budget, MAX_TRACE_BYTES},
    error::TraceError,
    reader::Reader,
};
use crate::{
    chain::{Ancestors, Block, Transaction},
    state::{Later, WorldState},
};

/// A block of the past, and the state before it.
#[derive(Debug, Clone, Copy)]
pub struct PastBlock<'a> {
    /// Header and transactions.
    pub block: &'a Block,
    /// Hash of the block.
    pub hash: B256,
    /// Who sent the transactions, in their order.
    pub senders: &'a [Address],
    /// The state before it, or one before that.
    pub world: &'a WorldState,
    /// What happened between that state and the block.
    pub later: &'a Later,
    /// What `BLOCKHASH` returned.
    pub ancestors: &'a Ancestors,
    /// The chain's rules.
    pub rules: &'a Rules,
    /// How long it may run; `None` for as long as it takes.
    pub patience: Option<&'a Patience>,
}

/// A transaction that ran, before anything it changed is kept.
pub(super) struct Ran<'a, I> {
    pub(super) watcher: &'a mut I,
    pub(super) tx: &'a TxEnv,
    pub(super) block: &'a BlockEnv,
    pub(super) outcome: &'a ResultAndState,
    pub(super) state: Reader<'a>,
    pub(super) info: TransactionInfo,
}

/// Goes through the transactions `range` of a block; each is watched by a `watcher` of its own, all share one `budget`,
/// and `show` makes of each what is asked for.
pub(super) fn each<I, T>(
    past: &PastBlock<'_>,
    range: Range<usize>,
    budget: Budget,
    mut watcher: impl FnMut() -> Result<I, TraceError>,
    mut show: impl FnMut(Ran<'_, I>) -> Result<T, TraceError>,
) -> Result<Vec<T>, TraceError>
where
    (I, Budget): Watch,
{
    let mut stage = Stage::before(past, range.start)?.watched((watcher()?, budget));
    let mut shown = Vec::with_capacity(range.len());
    for index in range {
        let left = stage.machine.watcher().1.next(budget);
        *stage.machine.watcher() = (watcher()?, left);
        stage.run(index)?;
        if let Some(ran) = stage.ran(index) {
            shown.push(show(ran)?);
        }
        stage.keep()?;
    }
    Ok(shown)
}

/// Returns the state before transaction `index` of a block.
pub(super) fn state_before(past: &PastBlock<'_>, index: usize) -> Result<Overlay, TraceError> {
    Ok(Stage::before(past, index)?.machine.into_overlay())
}

/// A block of the past as far as it is gone through.
struct Stage<'a, I> {
    past: &'a PastBlock<'a>,
    env: NextBlock,
    machine: Machine<I>,
    outcome: Option<ResultAndState>,
}

impl<'a> Stage<'a, Unwatched> {
    fn open(past: &'a PastBlock<'a>) -> Result<Self, TraceError> {
        let header = &past.block.header;
        let env = NextBlock::of(header, &[]);
        let overlay = Overlay::new(past.world.clone(), past.ancestors.clone());
        let mut overlay = overlay.after(past.later.clone()).within(past.patience);
        overlay.note_missing();
        let mut machine = Machine::new(past.rules, &env, overlay);
        let fork = past.rules.era(header.number, header.timestamp).fork;
        let (beacon_root, origin) = (env.parent_beacon_block_root, env.origin(past.rules.protocol));
        system::open_block(&mut machine, fork, beacon_root, header.parent_hash, origin)?;
        Ok(Self { past, env, machine, outcome: None })
    }

    /// Goes through the transactions before `index`.
    fn before(past: &'a PastBlock<'a>, index: usize) -> Result<Self, TraceError> {
        let mut stage = Self::open(past)?;
        for index in 0..index {
            stage.run(index)?;
            stage.keep()?;
        }
        Ok(stage)
    }

    fn watched<I>(self, watcher: I) -> Stage<'a, I> {
        let Self { past, env, machine, outcome } = self;
        let machine = Machine::watched(past.rules, &env, machine.into_overlay(), watcher);
        Stage { past, env, machine, outcome }
    }
}

impl<I> Stage<'_, (I, Budget)> {
    fn ran(&mut self, index: usize) -> Option<Ran<'_, I>> {
        let header = &self.past.block.header;
        let info = TransactionInfo {
            hash: Some(*self.past.block.transactions[index].hash()),
            index: u64::try_from(index).ok(),
            block_hash: Some(self.past.hash),
            block_number: Some(header.number),
            block_timestamp: Some(header.timestamp),
            base_fee: header.base_fee_per_gas,
        };
        let outcome = self.outcome.as_ref()?;
        Some(show(&mut self.machine, outcome, info))
    }
}

impl<I: Watch> Stage<'_, I> {
    /// Runs transaction `index`; what it changed is not kept yet. A deposit whose call could not begin leaves
    /// nothing to show.
    fn run(&mut self, index: usize) -> Result<(), TraceError> {
        let past = self.past;
        let (kind, tx) = match &past.block.transactions[index] {
            Transaction::Ethereum(tx) => (Kind::Signed, convert::signed(tx, past.senders[index])),
            Transaction::Deposit(tx) => {
                let gas_limit = deposit::gas_limit(tx, self.env.gas_limit);
                match deposit::begin(&mut self.machine, past.rules, tx, gas_limit)? {
                    Some(call) => (Kind::Deposit, call),
                    None => return Ok(()),
                }
            }
        };
        let ran = self.machine.try_run(kind, tx);
        if self.machine.watcher().has_stopped() {
            return Err(TraceError::TooLarge { limit: MAX_TRACE_BYTES });
        }
        let ran = ran?;
        self.check_missed()?;
        let (result, state) = ran.map_err(|refusal| self.refuse(index, refusal))?;
        self.outcome = Some(ResultAndState::new(result, state));
        Ok(())
    }

    fn keep(&mut self) -> Result<(), TraceError> {
        let Some(ResultAndState { state, .. }) = self.outcome.take() else { return Ok(()) };
        let touched = self.machine.overlay().commit(state)?;
        if let Some(ledger) = self.past.rules.supply {
            ledger.add_burned(self.machine.overlay(), touched)?;
        }
        Ok(self.check_missed()?)
    }

    fn check_missed(&mut self) -> Result<(), Fault> {
        match self.machine.overlay().missed() {
            [] => Ok(()),
            missed => Err(Fault::NotLoaded { needs: missed.to_vec() }),
        }
    }

    fn refuse(&self, index: usize, refusal: InvalidTransaction) -> TraceError {
        let tx = self.machine.last_transaction();
        match Rejected::of(refusal, tx, &self.env, self.past.rules.chain_id) {
            Ok(source) => TraceError::Refused { index, source },
            Err(other) => Fault::Evm { message: other.to_string() }.into(),
        }
    }
}

/// Takes a machine apart, for a tracer to look at what it did.
pub(super) const fn show<'a, I>(
    machine: &'a mut Machine<(I, Budget)>,
    outcome: &'a ResultAndState,
    info: TransactionInfo,
) -> Ran<'a, I> {
    let ((watcher, _), context) = machine.watcher_and_context();
    Ran {
        watcher,
        tx: &context.tx,
        block: &context.block,
        outcome,
        state: Reader::of(&mut context.journaled_state.database),
        info,
    }
}
