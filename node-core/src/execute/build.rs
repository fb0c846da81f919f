use core::fmt;

use alloy_consensus::{
    EthereumTxEnvelope, Header, Transaction as _, TransactionEnvelope, TxEip4844,
};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, U256};
use op_alloy_consensus::TxDeposit;
use revm::context::result::InvalidTransaction;

use super::{
    convert, deposit,
    env::NextBlock,
    error::{BlockError, Fault},
    machine::{Kind, Machine, Run},
    outcome::{Executed, Included, Outcome},
    overlay::Overlay,
    rejected::Rejected,
    requests,
    room::Room,
    rules::{Protocol, Rules},
    seal, system,
};
use crate::{
    chain::{Ancestors, Block, Fork, Receipt, SealedHeader, Transaction, seal as seal_header},
    state::{Delta, WorldState},
};

/// Builds one block, a transaction at a time.
///
/// Pure: same parent, world, environment and transactions, same block, bit for bit. What was rejected
/// leaves no trace. Not `Send`, because revm's memory is not: build between two awaits.
///
/// ```text
/// start -> execute, execute, .. -> finish
/// ```
pub struct Builder {
    rules: Rules,
    env: NextBlock,
    parent_hash: B256,
    fork: Fork,
    machine: Machine,
    room: Room,
    transactions: Vec<Transaction>,
    senders: Vec<Address>,
    receipts: Vec<Receipt>,
}

/// A sealed block and the state after it.
#[derive(Debug, Clone)]
pub struct Built {
    /// Header with its hash.
    pub header: SealedHeader,
    /// Header and transactions.
    pub block: Block,
    /// Who sent the transactions, in their order.
    pub senders: Vec<Address>,
    /// Receipts of the transactions, in their order.
    pub receipts: Vec<Receipt>,
    /// What the block changed.
    pub delta: Delta,
    /// The state after the block.
    pub world: WorldState,
}

/// A block that could not be closed.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Unfinished {
    /// Why.
    #[source]
    pub error: BlockError,
    /// The state before it.
    pub world: WorldState,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("number", &self.env.number)
            .field("transactions", &self.transactions.len())
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Opens the block after `parent`, whose state is `world`: the system calls of EIP-4788 and
    /// EIP-2935 are made, and that of [`L1Origin`](crate::chain::L1Origin).
    ///
    /// Where nobody keeps a clone of `world`, [`finish`](Self::finish) changes it in place.
    /// `ancestors` are the blocks up to `parent`, which itself may be left out.
    ///
    /// # Errors
    /// [`Fault`] when state cannot be read.
    pub fn start(
        parent: &SealedHeader,
        world: WorldState,
        ancestors: &Ancestors,
        rules: Rules,
        env: NextBlock,
    ) -> Result<Self, Fault> {
        let overlay = Overlay::new(world, Self::ancestors(parent, ancestors));
        Self::open(parent, overlay, rules, env)
    }

    /// As [`start`](Self::start), but notes what is not loaded and goes on, instead of stopping at each
    /// piece: ask [`check_missed`](Self::check_missed) when all transactions were tried. Outcomes mean
    /// nothing once something was missed.
    ///
    /// # Errors
    /// [`Fault`] when state cannot be read for another reason.
    pub fn start_noting(
        parent: &SealedHeader,
        world: WorldState,
        ancestors: &Ancestors,
        rules: Rules,
        env: NextBlock,
    ) -> Result<Self, Fault> {
        let mut overlay = Overlay::new(world, Self::ancestors(parent, ancestors));
        overlay.note_missing();
        Self::open(parent, overlay, rules, env)
    }

    fn ancestors(parent: &SealedHeader, before: &Ancestors) -> Ancestors {
        let mut ancestors = before.clone();
        ancestors.push(parent.number, parent.hash());
        ancestors
    }

    fn open(
        parent: &SealedHeader,
        overlay: Overlay,
        rules: Rules,
        env: NextBlock,
    ) -> Result<Self, Fault> {
        let era = rules.era(env.number, env.timestamp);
        let mut machine = Machine::new(&rules, &env, overlay);
        if let Some(ledger) = rules.supply {
            ledger.load(machine.overlay())?;
        }
        let fork = era.fork;
        let (beacon_root, origin) = (env.parent_beacon_block_root, env.origin(rules.protocol));
        system::open_block(&mut machine, fork, beacon_root, parent.hash(), origin)?;
        Ok(Self {
            room: Room::of(&env, &era),
            fork,
            rules,
            env,
            parent_hash: parent.hash(),
            machine,
            transactions: Vec::new(),
            senders: Vec::new(),
            receipts: Vec::new(),
        })
    }

    /// Says whether all that was needed so far is loaded.
    ///
    /// # Errors
    /// [`Fault::NotLoaded`] with what is not: load it and build again from the start.
    pub fn check_missed(&mut self) -> Result<(), Fault> {
        let missed = self.machine.overlay().missed();
        if missed.is_empty() {
            return Ok(());
        }
        Err(Fault::NotLoaded { needs: missed.to_vec() })
    }

    /// Reads the senders and receivers of transactions that will be executed, many at once, which is
    /// quicker than one at a time and otherwise makes no difference.
    pub fn expect<'a>(&mut self, txs: impl IntoIterator<Item = (&'a Transaction, Address)>) {
        let txs = txs.into_iter();
        let mut addresses: Vec<_> =
            txs.flat_map(|(tx, sender)| [Some(sender), tx.to()]).flatten().collect();
        addresses.sort_unstable();
        addresses.dedup();
        self.machine.overlay().expect(&addresses);
    }

    /// Executes `tx` of `sender` after the transactions before it, if the rules allow it here.
    ///
    /// The caller vouches for `sender`; see [`recover_sender`](crate::chain::recover_sender).
    ///
    /// # Errors
    /// [`Fault`] when state cannot be read. Nothing changed: after [`reveal`](Self::reveal) the same
    /// transaction can be executed again.
    pub fn execute(&mut self, tx: &Transaction, sender: Address) -> Result<Outcome, Fault> {
        let executed = match tx {
            Transaction::Ethereum(signed) => self.execute_signed(signed, sender)?,
            Transaction::Deposit(deposit) => self.execute_deposit(deposit)?,
        };
        Ok(match executed {
            Ok(executed) => Outcome::Included(self.include(tx, sender, executed)),
            Err(reason) => Outcome::Rejected(reason),
        })
    }

    /// Goes on with `world`: the parent's as before, with more of it loaded.
    pub fn reveal(&mut self, world: WorldState) {
        self.machine.overlay().reveal(world);
    }

    /// Returns the receipts so far.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// Returns the gas that the transactions so far used.
    pub const fn gas_used(&self) -> u64 {
        self.room.gas_used()
    }

    /// Returns the gas that is left.
    pub const fn gas_left(&self) -> u64 {
        self.room.gas_left()
    }

    /// Returns the state after the transactions so far: what the tag `pending` means.
    ///
    /// # Errors
    /// [`Fault`] when state cannot be read.
    pub fn pending_world(&mut self) -> Result<WorldState, Fault> {
        let delta = seal::delta(self.machine.overlay());
        Ok(self.machine.overlay().world().clone().apply(&delta)?)
    }

    /// Returns the state before the block.
    pub fn world(&mut self) -> &WorldState {
        self.machine.overlay().world()
    }

    /// Gives up the block; returns the state before it.
    pub fn abandon(mut self) -> WorldState {
        self.machine.overlay().take_world()
    }

    /// Closes the block: withdrawals, requests, roots.
    ///
    /// # Errors
    /// [`Unfinished`], with the state before the block. [`BlockError::Internal`] when state cannot be
    /// read: building again on a world with more loaded gives the same block. The others under
    /// Ethereum's rules only, when a system contract fails.
    pub fn finish(mut self) -> Result<Built, Box<Unfinished>> {
        let (requests_hash, delta) = match self.close() {
            Ok(closed) => closed,
            Err(error) => return Err(Unfinished { error, world: self.abandon() }.into()),
        };
        let mut world = self.machine.overlay().take_world();
        if let Err(error) = world.advance(&delta) {
            return Err(Unfinished { error: Fault::from(error).into(), world }.into());
        }
        let decided = seal::header(&self.env, self.parent_hash, self.fork);
        let executed = seal::summarize(&self.receipts);
        let header = Header {
            state_root: world.root(),
            transactions_root: seal::transactions_root(&self.transactions),
            receipts_root: executed.receipts_root,
            logs_bloom: executed.logs_bloom,
            gas_used: self.room.gas_used(),
            blob_gas_used: Some(self.room.blob_gas_used()),
            requests_hash: Some(requests_hash),
            ..decided
        };
        Ok(Built {
            header: seal_header(header.clone()),
            block: Block { header, transactions: self.transactions },
            senders: self.senders,
            receipts: self.receipts,
            delta,
            world,
        })
    }

    /// Does what comes after the transactions; returns the requests hash and what the block changed.
    fn close(&mut self) -> Result<(B256, Delta), BlockError> {
        self.pay_withdrawals()?;
        let requests_hash = self.collect_requests()?;
        self.check_missed()?;
        Ok((requests_hash, seal::delta(self.machine.overlay())))
    }

    fn execute_signed(
        &mut self,
        tx: &EthereumTxEnvelope<TxEip4844>,
        sender: Address,
    ) -> Result<Result<Executed, Rejected>, Fault> {
        if let Err(reason) = self.check_signed(tx) {
            return Ok(Err(reason));
        }
        let tx = convert::signed(tx, sender);
        Ok(match self.machine.run(Kind::Signed, tx)? {
            Ok(run) => Ok(self.settle(run)?),
            Err(refusal) => Err(self.refuse(refusal)?),
        })
    }

    fn execute_deposit(&mut self, tx: &TxDeposit) -> Result<Result<Executed, Rejected>, Fault> {
        if self.rules.protocol != Protocol::Layer {
            return Ok(Err(Rejected::Deposit));
        }
        let gas_limit = deposit::gas_limit(tx, self.env.gas_limit);
        if let Err(reason) = deposit::check(tx).and_then(|()| self.room.check_gas(gas_limit)) {
            return Ok(Err(reason));
        }
        let result = deposit::run(&mut self.machine, &self.rules, tx, gas_limit)?;
        Ok(Ok(result.map_or_else(|| Executed::not_begun(gas_limit), Executed::from)))
    }

    fn check_signed(&self, tx: &EthereumTxEnvelope<TxEip4844>) -> Result<(), Rejected> {
        if self.rules.protocol == Protocol::Layer && tx.is_eip4844() {
            return Err(Rejected::BlobTransaction);
        }
        self.room.check_gas(tx.gas_limit())?;
        self.room.check_blobs(blobs(tx))
    }

    fn settle(&mut self, run: Run) -> Result<Executed, Fault> {
        if let Some(ledger) = self.rules.supply {
            ledger.add_burned(self.machine.overlay(), run.touched)?;
        }
        Ok(run.result.into())
    }

    fn refuse(&mut self, refusal: InvalidTransaction) -> Result<Rejected, Fault> {
        let tx = self.machine.last_transaction();
        Rejected::of(refusal, tx, &self.env, self.rules.chain_id)
            .map_err(|other| Fault::Evm { message: other.to_string() })
    }

    fn include(&mut self, tx: &Transaction, sender: Address, executed: Executed) -> Included {
        let Executed { success, gas_used, logs, created } = executed;
        self.room.take(gas_used, blobs(tx));
        self.receipts.push(Receipt {
            tx_type: tx.tx_type(),
            success,
            cumulative_gas_used: self.room.gas_used(),
            logs,
        });
        self.transactions.push(tx.clone());
        self.senders.push(sender);
        Included { index: self.receipts.len() - 1, success, gas_used, created }
    }

    /// EIP-4895: no transaction, no gas, cannot fail.
    fn pay_withdrawals(&mut self) -> Result<(), Fault> {
        let overlay = self.machine.overlay();
        for withdrawal in &self.env.withdrawals {
            overlay.credit(withdrawal.address, withdrawal.amount_wei())?;
        }
        Ok(())
    }

    /// Credits the miner of a block, and of its ommers, before the merge.
    pub(super) fn pay(&mut self, account: Address, wei: U256) -> Result<(), Fault> {
        Ok(self.machine.overlay().credit(account, wei)?)
    }

    /// EIP-7685. A layer has nobody to request anything of.
    fn collect_requests(&mut self) -> Result<B256, BlockError> {
        match self.rules.protocol {
            Protocol::Layer => Ok(EMPTY_REQUESTS_HASH),
            Protocol::Ethereum if self.fork < Fork::Prague => Ok(EMPTY_REQUESTS_HASH),
            Protocol::Ethereum => {
                let contract = self.rules.forks.deposit_contract();
                let requests = requests::collect(&mut self.machine, contract, &self.receipts)?;
                Ok(requests.requests_hash())
            }
        }
    }
}

fn blobs(tx: &impl alloy_consensus::Transaction) -> u64 {
    tx.blob_count().unwrap_or_default()
}
