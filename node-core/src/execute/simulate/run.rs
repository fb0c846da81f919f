use alloy_consensus::{Header, Transaction as _, TransactionEnvelope as _};
use alloy_eips::{
    eip1559::BaseFeeParams, eip4844::DATA_GAS_PER_BLOB, eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::{TransactionRequest, simulate::SimulatePayload};
use revm::context::result::{ExecutionResult, InvalidTransaction};

use super::{
    super::{
        call::{CALL_GAS_CAP, CallOutcome, View, pretend},
        convert,
        env::NextBlock,
        error::Fault,
        machine::{Kind, Machine, Run},
        overlay::Overlay,
        patience::Patience,
        rejected::Rejected,
        requests,
        rules::{Protocol, Rules},
        seal, system,
    },
    error::SimulateError,
    logs::{LogBook, NumberedLog, Transfers},
    plan::{Planned, plan},
    request::{Defaults, Simulated},
};
use crate::{
    chain::{Ancestors, Block, Era, Fork, Receipt, SealedHeader, Transaction, seal as seal_header},
    state::WorldState,
};

/// A block that was simulated.
#[derive(Debug, Clone)]
pub struct SimulatedBlock {
    /// Header with its hash.
    pub header: SealedHeader,
    /// Header and transactions, which nobody signed.
    pub block: Block,
    /// Who sent them, in their order.
    pub senders: Vec<Address>,
    /// What became of them, in their order.
    pub calls: Vec<SimulatedCall>,
}

/// What became of a call.
#[derive(Debug, Clone)]
pub struct SimulatedCall {
    /// How it ended.
    pub outcome: CallOutcome,
    /// What it logged. Logs of moved ETH are among the others, where they were asked for.
    pub logs: Vec<NumberedLog>,
    /// Gas that it needed at the most, before refunds.
    pub max_used_gas: u64,
}

/// Simulates blocks after the one that `view` shows; its overrides do not count.
///
/// # Errors
/// [`SimulateError`], with the first thing that is wrong.
pub fn simulate(
    view: View<'_>,
    payload: &SimulatePayload,
) -> Result<Vec<SimulatedBlock>, SimulateError> {
    let blocks = plan(view.header, &payload.block_state_calls, view.rules.protocol)?;
    let mut chain = Chain::after(view, payload)?;
    blocks.into_iter().map(|planned| chain.simulate(planned)).collect()
}

/// The chain so far.
struct Chain<'a> {
    rules: &'a Rules,
    kind: Kind,
    log_book: LogBook,
    parent: SealedHeader,
    world: WorldState,
    ancestors: Ancestors,
    patience: Option<&'a Patience>,
    /// Gas that all blocks together may still use.
    budget: u64,
}

impl<'a> Chain<'a> {
    fn after(view: View<'a>, payload: &SimulatePayload) -> Result<Self, SimulateError> {
        let View { header, world, later, ancestors, rules, patience, .. } = view;
        let world = match later {
            Some(later) => world.clone().apply(&later.sum())?,
            None => world.clone(),
        };
        let parent = seal_header(header.clone());
        let mut ancestors = ancestors.clone();
        ancestors.push(parent.number, parent.hash());
        let kind = if payload.validation { Kind::Validated } else { Kind::Simulated };
        let transfers = if payload.trace_transfers { Transfers::Logged } else { Transfers::Silent };
        let log_book = LogBook::new(transfers);
        let budget = CALL_GAS_CAP;
        Ok(Self { rules, kind, log_book, parent, world, ancestors, patience, budget })
    }

    fn simulate(&mut self, planned: Planned<'_>) -> Result<SimulatedBlock, SimulateError> {
        let Planned { mut env, base_fee, state, calls } = planned;
        let era = self.rules.era(env.number, env.timestamp);
        env.base_fee = base_fee.unwrap_or_else(|| self.base_fee());
        env.excess_blob_gas = self.excess_blob_gas(&era);
        let overlay = Overlay::new(self.world.clone(), self.ancestors.clone());
        let mut overlay = overlay.within(self.patience);
        overlay.note_missing();
        let machine = Machine::watched(self.rules, &env, overlay, self.log_book.clone());
        let mut open = Open {
            rules: self.rules,
            kind: self.kind,
            env,
            fork: era.fork,
            machine,
            block: Contents::default(),
        };
        if let Some(state) = state {
            pretend(&mut open.machine, state)?;
        }
        open.begin(self.parent.hash())?;
        for call in calls {
            self.budget = open.call(call, self.budget)?;
        }
        self.close(open)
    }

    /// Where prices are not checked, a block without a base fee does not make a call fail that names none.
    fn base_fee(&self) -> u64 {
        let fee = match (self.kind, self.rules.protocol) {
            (Kind::Validated, Protocol::Layer) => self.parent.base_fee_per_gas,
            (Kind::Validated, Protocol::Ethereum) => {
                self.parent.next_block_base_fee(BaseFeeParams::ethereum())
            }
            _ => None,
        };
        fee.unwrap_or_default()
    }

    fn excess_blob_gas(&self, era: &Era) -> u64 {
        if self.rules.protocol == Protocol::Layer {
            return 0;
        }
        next_excess_blob_gas(&self.parent, era)
    }

    fn close(&mut self, open: Open<'_>) -> Result<SimulatedBlock, SimulateError> {
        let Closed { header, block: Contents { transactions, senders, calls, .. }, delta } =
            open.close(self.parent.hash())?;
        self.world.advance(&delta)?;
        let header = Header { state_root: self.world.root(), ..header };
        let sealed = seal_header(header.clone());
        self.ancestors.push(sealed.number, sealed.hash());
        self.parent = sealed.clone();
        Ok(SimulatedBlock { header: sealed, block: Block { header, transactions }, senders, calls })
    }
}

/// Excess blob gas of the block after `parent` (EIP-4844, EIP-7918).
pub(in crate::execute) fn next_excess_blob_gas(parent: &Header, era: &Era) -> u64 {
    let (Some(excess), Some(used)) = (parent.excess_blob_gas, parent.blob_gas_used) else {
        return 0;
    };
    let base_fee = parent.base_fee_per_gas.unwrap_or_default();
    era.blobs.next_block_excess_blob_gas_osaka(excess, used, base_fee)
}

/// What is in a block so far.
#[derive(Debug, Default)]
struct Contents {
    transactions: Vec<Transaction>,
    senders: Vec<Address>,
    receipts: Vec<Receipt>,
    calls: Vec<SimulatedCall>,
    gas_used: u64,
    blob_gas_used: u64,
}

/// A block that takes calls.
struct Open<'a> {
    rules: &'a Rules,
    kind: Kind,
    env: NextBlock,
    fork: Fork,
    machine: Machine<LogBook>,
    block: Contents,
}

/// A block but for its state root.
struct Closed {
    header: Header,
    block: Contents,
    delta: crate::state::Delta,
}

impl Open<'_> {
    fn begin(&mut self, parent_hash: B256) -> Result<(), Fault> {
        let (beacon_root, origin) =
            (self.env.parent_beacon_block_root, self.env.origin(self.rules.protocol));
        system::open_block(&mut self.machine, self.fork, beacon_root, parent_hash, origin)
    }

    /// Runs a call; returns what is left of `budget`.
    fn call(&mut self, call: &TransactionRequest, budget: u64) -> Result<u64, SimulateError> {
        let caller = self.machine.overlay().account(call.from.unwrap_or_default())?;
        let defaults = Defaults {
            chain_id: self.rules.chain_id,
            nonce: caller.unwrap_or_default().nonce,
            gas_limit: self.env.gas_limit,
            gas_used: self.block.gas_used,
            budget,
        };
        let Simulated { from, transaction } = defaults.complete(call)?;
        let tx = convert::signed(&transaction, from);
        let gas = tx.gas_limit;
        match self.machine.run(self.kind, tx)? {
            Ok(Run { result, .. }) => {
                let used = result.tx_gas_used();
                self.include(Transaction::Ethereum(transaction), from, result);
                Ok(budget.saturating_sub(used))
            }
            Err(refusal) => Err(self.refuse(refusal, gas)),
        }
    }

    fn refuse(&mut self, refusal: InvalidTransaction, gas: u64) -> SimulateError {
        // What is not loaded looks like what is not there.
        if let Err(fault) = self.check_missed() {
            return fault.into();
        }
        let tx = self.machine.last_transaction();
        match Rejected::of(refusal, tx, &self.env, self.rules.chain_id) {
            Ok(source) => SimulateError::Refused { source, gas },
            Err(other) => Fault::Evm { message: other.to_string() }.into(),
        }
    }

    fn include(&mut self, tx: Transaction, from: Address, result: ExecutionResult) {
        let block = &mut self.block;
        let gas = *result.gas();
        block.gas_used += gas.tx_gas_used();
        block.blob_gas_used += tx.blob_count().unwrap_or_default() * DATA_GAS_PER_BLOB;
        let success = result.is_success();
        let logs = if success { result.logs().to_vec() } else { Vec::new() };
        block.receipts.push(Receipt {
            tx_type: tx.tx_type(),
            success,
            cumulative_gas_used: block.gas_used,
            logs,
        });
        block.transactions.push(tx);
        block.senders.push(from);
        let max_used_gas = gas.total_gas_spent().max(gas.floor_gas());
        let logs = self.machine.watcher().take();
        block.calls.push(SimulatedCall { outcome: result.into(), logs, max_used_gas });
    }

    fn check_missed(&mut self) -> Result<(), Fault> {
        match self.machine.overlay().missed() {
            [] => Ok(()),
            missed => Err(Fault::NotLoaded { needs: missed.to_vec() }),
        }
    }

    fn close(mut self, parent_hash: B256) -> Result<Closed, SimulateError> {
        let requests_hash = self.requests_hash()?;
        self.check_missed()?;
        let delta = seal::delta(self.machine.overlay());
        let executed = seal::summarize(&self.block.receipts);
        let since = |first: Fork| self.fork >= first;
        let header = Header {
            transactions_root: seal::transactions_root(&self.block.transactions),
            receipts_root: executed.receipts_root,
            logs_bloom: executed.logs_bloom,
            gas_used: self.block.gas_used,
            blob_gas_used: since(Fork::Cancun).then_some(self.block.blob_gas_used),
            requests_hash: since(Fork::Prague).then_some(requests_hash),
            ..seal::header(&self.env, parent_hash, self.fork)
        };
        Ok(Closed { header, block: self.block, delta })
    }

    fn requests_hash(&mut self) -> Result<B256, SimulateError> {
        if self.rules.protocol == Protocol::Layer || self.fork < Fork::Prague {
            return Ok(EMPTY_REQUESTS_HASH);
        }
        let contract = self.rules.forks.deposit_contract();
        let requests = requests::collect(&mut self.machine, contract, &self.block.receipts)?;
        Ok(requests.requests_hash())
    }
}
