use core::marker::PhantomData;

use revm::context_interface::{
    Block, Cfg, Transaction, journaled_state::account::JournaledAccountTr,
};
use revm::{
    context::{
        ContextTr, Evm as RawEvm, FrameStack, JournalTr, TxEnv,
        result::{ExecutionResult, HaltReason, InvalidTransaction},
    },
    handler::{
        EthFrame, EvmTr, FrameResult, Handler, MainnetContext, instructions::EthInstructions,
        post_execution, pre_execution, validation,
    },
    interpreter::{InitialAndFloorGas, interpreter::EthInterpreter},
    primitives::{Address, U256, hardfork::SpecId},
    state::EvmState,
};

use super::{
    env::{NextBlock, settings, spec},
    error::{Fault, RunError, Unreadable},
    overlay::{Hollow, Overlay, Touched},
    patience::watch_the_time,
    precompiles::Precompiles,
    rejected::INIT_CODE_LIMIT,
    rules::{Fees, Rules, TRANSACTION_GAS_CAP},
    watch::{Unwatched, Watch},
};
use crate::chain::Fork;

/// revm over an [`Overlay`]: runs one transaction at a time and keeps what it changed. `I` watches.
pub(super) struct Machine<I = Unwatched> {
    evm: Evm<I>,
    fees: Fees,
}

pub(super) type Context = MainnetContext<Overlay>;

pub(super) type Evm<I> = RawEvm<
    Context,
    I,
    EthInstructions<EthInterpreter, Context>,
    Precompiles,
    EthFrame<EthInterpreter>,
>;

/// What a run is for, and so which of Ethereum's checks apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A signed transaction: all checks, the sender pays.
    Signed,
    /// A deposit: paid for on the L1, so no fee, no nonce, no code check and no gas cap.
    Deposit,
    /// An `eth_call`: funds are checked, nonce, code and gas cap are not.
    Call,
    /// A call of `eth_simulateV1`: funds are checked, and the price where one is given.
    Simulated,
    /// The same with `validation`: nonce and price are checked as well; the code of the sender is not.
    Validated,
}

/// What became of a run that was not refused.
#[derive(Debug)]
pub(super) struct Run {
    /// How it ended.
    pub(super) result: ExecutionResult,
    /// What it did to the balances.
    pub(super) touched: Touched,
}

impl Machine {
    /// Makes a machine for one block.
    pub(super) fn new(rules: &Rules, env: &NextBlock, overlay: Overlay) -> Self {
        Self::watched(rules, env, overlay, Unwatched)
    }
}

impl<I> Machine<I> {
    /// Makes a machine for one block, which `watcher` watches.
    pub(super) fn watched(
        rules: &Rules,
        env: &NextBlock,
        mut overlay: Overlay,
        watcher: I,
    ) -> Self {
        let era = rules.era(env.number, env.timestamp);
        let spec = spec(era.fork);
        if era.fork < Fork::SpuriousDragon {
            overlay.leave(Hollow::Kept);
        }
        let mut instructions = EthInstructions::new_mainnet_with_spec(spec);
        if overlay.stopwatch().is_some() {
            watch_the_time(&mut instructions);
        }
        let context = Context::new(overlay, spec);
        let context = context.with_cfg(settings(rules, &era)).with_block(env.evm(&era));
        let evm = Evm {
            ctx: context,
            inspector: watcher,
            instruction: instructions,
            precompiles: Precompiles::new(spec),
            frame_stack: FrameStack::new_prealloc(8),
        };
        Self { evm, fees: rules.fees }
    }

    /// Returns the state so far.
    pub(super) fn overlay(&mut self) -> &mut Overlay {
        self.evm.ctx.db_mut()
    }

    /// Gives up the machine; returns the state so far.
    pub(super) fn into_overlay(self) -> Overlay {
        self.evm.ctx.journaled_state.database
    }

    /// Returns the watcher.
    pub(super) const fn watcher(&mut self) -> &mut I {
        &mut self.evm.inspector
    }

    /// Returns watcher and state, to ask the one about the other.
    pub(super) const fn watcher_and_context(&mut self) -> (&mut I, &mut Context) {
        (&mut self.evm.inspector, &mut self.evm.ctx)
    }

    /// Returns the transaction that ran last.
    pub(super) const fn last_transaction(&self) -> &TxEnv {
        &self.evm.ctx.tx
    }

    /// Returns the precompiles.
    pub(super) const fn precompiles(&mut self) -> &mut Precompiles {
        &mut self.evm.precompiles
    }

    /// Whether there is a precompile at `address`.
    pub(super) fn is_precompile(&self, address: &Address) -> bool {
        self.evm.precompiles.is_at(address)
    }

    /// Calls a contract in the name of the chain itself, outside of every transaction.
    pub(super) fn run_system_call(&mut self, tx: TxEnv) -> Result<ExecutionResult, Fault> {
        self.evm.ctx.tx = tx;
        let mut rules = RunRules::<I>::new(self.fees, Kind::Deposit);
        let result = rules.run_system_call(&mut self.evm);
        let changes = self.evm.ctx.journal_mut().finalize();
        let result = result.map_err(fault)?;
        self.overlay().commit(changes)?;
        Ok(result)
    }
}

impl<I: Watch> Machine<I> {
    /// Runs a transaction and keeps what it changed.
    ///
    /// The inner error is a refusal: nothing was executed, nothing changed.
    pub(super) fn run(
        &mut self,
        kind: Kind,
        tx: TxEnv,
    ) -> Result<Result<Run, InvalidTransaction>, Fault> {
        let (result, changes) = match self.try_run(kind, tx)? {
            Ok(done) => done,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let touched = self.overlay().commit(changes)?;
        Ok(Ok(Run { result, touched }))
    }

    /// Runs a transaction and hands out what it read and changed, but does not keep it.
    ///
    /// The journal is emptied whatever happens, so that nothing leaks into the next run.
    pub(super) fn try_run(
        &mut self,
        kind: Kind,
        tx: TxEnv,
    ) -> Result<Result<(ExecutionResult, EvmState), InvalidTransaction>, Fault> {
        self.evm.ctx.tx = tx;
        let result = I::drive(&mut RunRules::new(self.fees, kind), &mut self.evm);
        let changes = self.evm.ctx.journal_mut().finalize();
        settle(result.map(|result| (result, changes)))
    }
}

/// Separates what is wrong with the transaction from what is wrong with us.
fn settle<T>(outcome: Result<T, RunError>) -> Result<Result<T, InvalidTransaction>, Fault> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(RunError::Transaction(refusal)) => Ok(Err(refusal)),
        Err(other) => Err(fault(other)),
    }
}

fn fault(error: RunError) -> Fault {
    match error {
        RunError::Database(unreadable) => unreadable.into(),
        other => Fault::Evm { message: other.to_string() },
    }
}

/// The mainnet handler, but for who is checked and who is paid.
pub(super) struct RunRules<I> {
    fees: Fees,
    kind: Kind,
    watcher: PhantomData<fn() -> I>,
}

impl<I> RunRules<I> {
    const fn new(fees: Fees, kind: Kind) -> Self {
        Self { fees, kind, watcher: PhantomData }
    }
}

impl<I> Handler for RunRules<I> {
    type Evm = Evm<I>;
    type Error = RunError;
    type HaltReason = HaltReason;

    fn validate_env(&self, evm: &mut Evm<I>) -> Result<(), RunError> {
        match self.kind {
            Kind::Signed => {
                check_gas_cap(&evm.ctx)?;
                validation::validate_env(evm.ctx())
            }
            Kind::Deposit => Ok(()),
            Kind::Call => Ok(check_call(&evm.ctx)?),
            Kind::Simulated => Ok(check_simulated(&evm.ctx, Price::IfGiven)?),
            Kind::Validated => Ok(check_simulated(&evm.ctx, Price::Always)?),
        }
    }

    fn validate_against_state_and_deduct_caller(
        &self,
        evm: &mut Evm<I>,
        _gas: &mut InitialAndFloorGas,
    ) -> Result<(), RunError> {
        match self.kind {
            Kind::Signed => pre_execution::validate_against_state_and_deduct_caller(evm.ctx()),
            Kind::Deposit => begin_free(evm.ctx()),
            Kind::Call | Kind::Simulated => begin_call(evm.ctx(), Nonce::Any),
            Kind::Validated => begin_call(evm.ctx(), Nonce::Next),
        }
    }

    fn reward_beneficiary(
        &self,
        evm: &mut Evm<I>,
        exec_result: &mut FrameResult,
    ) -> Result<(), RunError> {
        match self.fees {
            Fees::Burn => Ok(post_execution::reward_beneficiary(evm.ctx(), exec_result.gas())?),
            Fees::Recipient => {
                let used = exec_result.gas().used();
                Ok(pay_beneficiary(evm.ctx(), used)?)
            }
        }
    }
}

/// EIP-7825.
const fn check_gas_cap(context: &Context) -> Result<(), InvalidTransaction> {
    let gas_limit = context.tx.gas_limit;
    if context.cfg.spec.is_enabled_in(SpecId::OSAKA) && gas_limit > TRANSACTION_GAS_CAP {
        let cap = TRANSACTION_GAS_CAP;
        return Err(InvalidTransaction::TxGasLimitGreaterThanCap { gas_limit, cap });
    }
    Ok(())
}

/// geth's `eth_call`: the price must reach the base fee, init code must not be too long.
fn check_call(context: &Context) -> Result<(), InvalidTransaction> {
    let (tx, base_fee) = (&context.tx, u128::from(context.block.basefee));
    let tip = tx.gas_priority_fee.unwrap_or_default();
    validation::validate_priority_fee_tx(tx.gas_price, tip, None, false)?;
    if tx.gas_price < base_fee {
        return Err(InvalidTransaction::GasPriceLessThanBasefee);
    }
    check_init_code(context)
}

/// When the price of a simulated call is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Price {
    IfGiven,
    Always,
}

/// geth's `eth_simulateV1`.
fn check_simulated(context: &Context, price: Price) -> Result<(), InvalidTransaction> {
    let tx = &context.tx;
    let is_given = tx.gas_price > 0 || tx.gas_priority_fee.is_some_and(|tip| tip > 0);
    if is_given || price == Price::Always {
        check_call(context)?;
    }
    if !tx.blob_hashes.is_empty() {
        let price = context.block.blob_gasprice().unwrap_or_default();
        let paid = if tx.max_fee_per_blob_gas > 0 { price } else { 0 };
        let most = context.cfg.max_blobs_per_tx();
        validation::validate_eip4844_tx(&tx.blob_hashes, tx.max_fee_per_blob_gas, paid, most)?;
    }
    check_init_code(context)
}

const fn check_init_code(context: &Context) -> Result<(), InvalidTransaction> {
    if context.tx.kind.is_create() && context.tx.data.0.len() > INIT_CODE_LIMIT {
        return Err(InvalidTransaction::CreateInitCodeSizeLimit);
    }
    Ok(())
}

/// Counts the nonce up; a creation does so itself when its frame is made.
fn begin_free(context: &mut Context) -> Result<(), RunError> {
    let (_, tx, _, journal, _, _) = context.all_mut();
    let mut caller = journal.load_account_with_code_mut(tx.caller())?.data;
    if tx.kind().is_call() {
        caller.bump_nonce();
    }
    Ok(())
}

/// Which nonce a call must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nonce {
    Any,
    Next,
}

/// Takes the fee from a caller who need not exist or be without code.
fn begin_call(context: &mut Context, nonce: Nonce) -> Result<(), RunError> {
    let (block, tx, cfg, journal, _, _) = context.all_mut();
    let mut caller = journal.load_account_with_code_mut(tx.caller())?.data;
    let state = caller.nonce();
    if nonce == Nonce::Next && tx.nonce != state {
        return Err(wrong_nonce(tx.nonce, state).into());
    }
    let left = pre_execution::calculate_caller_fee(*caller.balance(), tx, block, cfg)?;
    caller.set_balance(left);
    if tx.kind().is_call() {
        // As geth, which lets a nonce that nobody can reach begin again.
        caller.set_nonce(state.wrapping_add(1));
    }
    Ok(())
}

const fn wrong_nonce(tx: u64, state: u64) -> InvalidTransaction {
    if tx < state {
        InvalidTransaction::NonceTooLow { tx, state }
    } else {
        InvalidTransaction::NonceTooHigh { tx, state }
    }
}

/// Pays base fee and tip of the `used` gas to the beneficiary.
///
/// Saturates like revm's own reward: gas times price fits 128 bits for every price anybody can pay.
fn pay_beneficiary(context: &mut Context, used: u64) -> Result<(), Unreadable> {
    let (block, tx, _, journal, _, _) = context.all_mut();
    let price = tx.effective_gas_price(u128::from(block.basefee()));
    let reward = U256::from(price.saturating_mul(u128::from(used)));
    journal.load_account_mut(block.beneficiary())?.incr_balance(reward);
    Ok(())
}
