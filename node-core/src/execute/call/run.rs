use alloy_consensus::Header;
use alloy_primitives::Address;
use revm::{
    context::{
        TxEnv,
        result::{ExecutionResult, InvalidTransaction},
    },
    state::EvmState,
};

use super::{
    super::{
        env::NextBlock,
        error::Fault,
        machine::{Kind, Machine},
        overlay::Overlay,
        patience::Patience,
        rejected::Rejected,
        rules::Rules,
        watch::{Unwatched, Watch},
    },
    error::CallError,
    outcome::CallOutcome,
    overrides::{Overrides, pretend},
    request::{CALL_GAS_CAP, CallRequest},
};
use crate::{
    chain::Ancestors,
    state::{Later, WorldState},
};

/// The block that a call sees, and the state after it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What `NUMBER`, `TIMESTAMP` and the like return.
    pub header: &'a Header,
    /// The state that the call starts from, or one before it.
    pub world: &'a WorldState,
    /// What happened between that state and the call; `None` for nothing.
    pub later: Option<&'a Later>,
    /// What `BLOCKHASH` returns.
    pub ancestors: &'a Ancestors,
    /// The chain's rules.
    pub rules: &'a Rules,
    /// What to pretend; `None` for nothing.
    pub overrides: Option<&'a Overrides>,
    /// How long it may run; `None` for as long as its gas lasts.
    pub patience: Option<&'a Patience>,
}

/// Runs a call and forgets what it changed: `eth_call`.
///
/// As in geth, the caller's nonce and code do not matter, funds do; without a price the base fee is
/// zero, for `BASEFEE` as well.
///
/// # Errors
/// [`CallError::Rejected`] when the request could not be a transaction whatever the state does.
pub fn call(view: View<'_>, request: &CallRequest) -> Result<CallOutcome, CallError> {
    let gas_limit = request.gas.unwrap_or(CALL_GAS_CAP).min(CALL_GAS_CAP);
    let mut session = Session::open(view, request)?;
    Ok(session.run(request.with_gas(gas_limit))?.into())
}

/// A machine on which one request runs any number of times, each time from the same state.
pub(in crate::execute) struct Session<I = Unwatched> {
    env: NextBlock,
    chain_id: u64,
    machine: Machine<I>,
}

impl Session {
    /// Applies the overrides of `view`.
    pub(super) fn open(view: View<'_>, request: &CallRequest) -> Result<Self, CallError> {
        Self::watched(view, request, Unwatched)
    }
}

impl<I: Watch> Session<I> {
    /// Applies the overrides of `view`; `watcher` watches.
    pub(in crate::execute) fn watched(
        view: View<'_>,
        request: &CallRequest,
        watcher: I,
    ) -> Result<Self, CallError> {
        let View { world, later, ancestors, .. } = view;
        let overlay = Overlay::new(world.clone(), ancestors.clone())
            .after(later.cloned().unwrap_or_default());
        Self::over(overlay, view, request, watcher)
    }

    /// The same, on a state that is neither that of `view` nor one after it.
    pub(in crate::execute) fn over(
        overlay: Overlay,
        view: View<'_>,
        request: &CallRequest,
        watcher: I,
    ) -> Result<Self, CallError> {
        let View { header, rules, overrides, patience, .. } = view;
        let mut env = NextBlock::of(header, &[]);
        if let Some(overrides) = overrides {
            overrides.apply_to_block(&mut env);
        }
        if request.max_fee == 0 {
            env.base_fee = 0;
        }
        let mut machine = Machine::watched(rules, &env, overlay.within(patience), watcher);
        if let Some(overrides) = overrides {
            pretend(&mut machine, &overrides.state)?;
        }
        Ok(Self { env, chain_id: rules.chain_id, machine })
    }

    /// Returns the block that calls see.
    pub(super) const fn env(&self) -> &NextBlock {
        &self.env
    }

    /// Returns the state that calls start from.
    pub(super) fn overlay(&mut self) -> &mut Overlay {
        self.machine.overlay()
    }

    /// Returns the machine.
    pub(in crate::execute) const fn machine(&mut self) -> &mut Machine<I> {
        &mut self.machine
    }

    /// Whether there is a precompile at `address`.
    pub(super) fn is_precompile(&self, address: &Address) -> bool {
        self.machine.is_precompile(address)
    }

    /// Runs `tx`, which leaves no trace.
    pub(super) fn run(&mut self, tx: TxEnv) -> Result<ExecutionResult, CallError> {
        Ok(self.run_and_show(tx)?.0)
    }

    /// Runs `tx` and returns what it read and changed too.
    pub(in crate::execute) fn run_and_show(
        &mut self,
        tx: TxEnv,
    ) -> Result<(ExecutionResult, EvmState), CallError> {
        self.overlay().note_missing();
        let outcome = self.machine.try_run(Kind::Call, tx);
        let needs = self.overlay().take_missed();
        if !needs.is_empty() {
            return Err(Fault::NotLoaded { needs }.into());
        }
        let outcome = outcome?;
        outcome.map_err(|refusal| self.refuse(refusal))
    }

    fn refuse(&self, refusal: InvalidTransaction) -> CallError {
        let tx = self.machine.last_transaction();
        match Rejected::of(refusal, tx, &self.env, self.chain_id) {
            Ok(reason) => CallError::Rejected(reason),
            Err(other) => CallError::Internal(Fault::Evm { message: other.to_string() }),
        }
    }
}
