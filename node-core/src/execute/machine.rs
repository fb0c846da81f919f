use revm::context_interface::{
    Block, Cfg, Transaction, journaled_state::account::JournaledAccountTr,
};
use revm::{
    MainBuilder,
    context::{
        ContextTr, JournalTr, TxEnv,
        result::{ExecutionResult, HaltReason, InvalidTransaction},
    },
    handler::{
        EvmTr, FrameResult, Handler, MainnetContext, MainnetEvm, post_execution, pre_execution,
        validation,
    },
    interpreter::InitialAndFloorGas,
    primitives::{Address, U256, hardfork::SpecId},
    state::EvmState,
};

use super::{
    env::{NextBlock, settings},
    error::{Fault, RunError, Unreadable},
    overlay::{Overlay, Touched},
    rules::{Fees, Rules, TRANSACTION_GAS_CAP},
};

/// revm over an [`Overlay`]: runs one transaction at a time and keeps what it changed.
pub(super) struct Machine {
    evm: Evm,
    fees: Fees,
}

type Evm = MainnetEvm<MainnetContext<Overlay>>;

/// What a run is for, and so which of Ethereum's checks apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A signed transaction: all checks, the sender pays.
    Signed,
    /// A deposit: paid for on the L1, so no fee, no nonce, no code check and no gas cap.
    Deposit,
    /// An `eth_call`: funds are checked, nonce, code and gas cap are not.
    Call,
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
        let context = MainnetContext::new(overlay, SpecId::OSAKA);
        let evm = context.with_cfg(settings(rules)).with_block(env.evm()).build_mainnet();
        Self { evm, fees: rules.fees }
    }

    /// Returns the state so far.
    pub(super) fn overlay(&mut self) -> &mut Overlay {
        self.evm.ctx.db_mut()
    }

    /// Returns the transaction that ran last.
    pub(super) const fn last_transaction(&self) -> &TxEnv {
        &self.evm.ctx.tx
    }

    /// Runs a transaction and keeps what it changed.
    ///
    /// The inner error is a refusal: nothing was executed, nothing changed.
    pub(super) fn run(
        &mut self,
        kind: Kind,
        tx: TxEnv,
    ) -> Result<Result<Run, InvalidTransaction>, Fault> {
        let outcome = self.execute(kind, tx);
        let (result, changes) = match settle(outcome)? {
            Ok(done) => done,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let touched = self.overlay().commit(changes)?;
        Ok(Ok(Run { result, touched }))
    }

    /// Runs a transaction and hands out what it read and changed, but does not keep it.
    pub(super) fn try_run(
        &mut self,
        kind: Kind,
        tx: TxEnv,
    ) -> Result<Result<(ExecutionResult, EvmState), InvalidTransaction>, Fault> {
        let outcome = self.execute(kind, tx);
        settle(outcome)
    }

    /// Whether there is a precompile at `address`.
    pub(super) fn is_precompile(&self, address: &Address) -> bool {
        self.evm.precompiles.precompiles.contains(address)
    }

    /// Calls a contract in the name of the chain itself, outside of every transaction.
    pub(super) fn run_system_call(&mut self, tx: TxEnv) -> Result<ExecutionResult, Fault> {
        self.evm.ctx.tx = tx;
        let mut rules = RunRules { fees: self.fees, kind: Kind::Deposit };
        let result = rules.run_system_call(&mut self.evm);
        let changes = self.evm.ctx.journal_mut().finalize();
        let result = result.map_err(fault)?;
        self.overlay().commit(changes)?;
        Ok(result)
    }

    /// The journal is emptied whatever happens, so that nothing leaks into the next run.
    fn execute(&mut self, kind: Kind, tx: TxEnv) -> Result<(ExecutionResult, EvmState), RunError> {
        self.evm.ctx.tx = tx;
        let result = RunRules { fees: self.fees, kind }.run(&mut self.evm);
        let changes = self.evm.ctx.journal_mut().finalize();
        result.map(|result| (result, changes))
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
struct RunRules {
    fees: Fees,
    kind: Kind,
}

impl Handler for RunRules {
    type Evm = Evm;
    type Error = RunError;
    type HaltReason = HaltReason;

    fn validate_env(&self, evm: &mut Evm) -> Result<(), RunError> {
        match self.kind {
            Kind::Signed => {
                check_gas_cap(&evm.ctx.tx)?;
                validation::validate_env(evm.ctx())
            }
            Kind::Deposit => Ok(()),
            Kind::Call => Ok(check_call(&evm.ctx)?),
        }
    }

    fn validate_against_state_and_deduct_caller(
        &self,
        evm: &mut Evm,
        _gas: &mut InitialAndFloorGas,
    ) -> Result<(), RunError> {
        match self.kind {
            Kind::Signed => pre_execution::validate_against_state_and_deduct_caller(evm.ctx()),
            Kind::Deposit => begin_free(evm.ctx()),
            Kind::Call => begin_call(evm.ctx()),
        }
    }

    fn reward_beneficiary(
        &self,
        evm: &mut Evm,
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
const fn check_gas_cap(tx: &TxEnv) -> Result<(), InvalidTransaction> {
    if tx.gas_limit > TRANSACTION_GAS_CAP {
        let (gas_limit, cap) = (tx.gas_limit, TRANSACTION_GAS_CAP);
        return Err(InvalidTransaction::TxGasLimitGreaterThanCap { gas_limit, cap });
    }
    Ok(())
}

/// geth's `eth_call`: the price must reach the base fee, init code must not be too long.
fn check_call(context: &MainnetContext<Overlay>) -> Result<(), InvalidTransaction> {
    let (tx, base_fee) = (&context.tx, u128::from(context.block.basefee));
    let tip = tx.gas_priority_fee.unwrap_or_default();
    validation::validate_priority_fee_tx(tx.gas_price, tip, None, false)?;
    if tx.gas_price < base_fee {
        return Err(InvalidTransaction::GasPriceLessThanBasefee);
    }
    if tx.kind.is_create() && tx.data.len() > context.cfg.max_initcode_size() {
        return Err(InvalidTransaction::CreateInitCodeSizeLimit);
    }
    Ok(())
}

/// Counts the nonce up; a creation does so itself when its frame is made.
fn begin_free(context: &mut MainnetContext<Overlay>) -> Result<(), RunError> {
    let (_, tx, _, journal, _, _) = context.all_mut();
    let mut caller = journal.load_account_with_code_mut(tx.caller())?.data;
    if tx.kind().is_call() {
        caller.bump_nonce();
    }
    Ok(())
}

/// Takes the fee from a caller who need not exist, have the right nonce, or be without code.
fn begin_call(context: &mut MainnetContext<Overlay>) -> Result<(), RunError> {
    let (block, tx, cfg, journal, _, _) = context.all_mut();
    let mut caller = journal.load_account_with_code_mut(tx.caller())?.data;
    let left = pre_execution::calculate_caller_fee(*caller.balance(), tx, block, cfg)?;
    caller.set_balance(left);
    if tx.kind().is_call() {
        caller.bump_nonce();
    }
    Ok(())
}

/// Pays base fee and tip of the `used` gas to the beneficiary.
///
/// Saturates like revm's own reward: gas times price fits 128 bits for every price anybody can pay.
fn pay_beneficiary(context: &mut MainnetContext<Overlay>, used: u64) -> Result<(), Unreadable> {
    let (block, tx, _, journal, _, _) = context.all_mut();
    let price = tx.effective_gas_price(u128::from(block.basefee()));
    let reward = U256::from(price.saturating_mul(u128::from(used)));
    journal.load_account_mut(block.beneficiary())?.incr_balance(reward);
    Ok(())
}
