//! The log as it was written, slot by slot.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Log, TxHash, U256};
use node_core::{
    chain::{DepositEvent, EXIT_SEALER, Epoch, SYSTEM_SENDER, Transaction},
    codec::record::{BlockRecord, Body, MintedOrder, Record, SlotContent, SlotEntry},
    port::Stores,
    state::{AccountChange, Delta},
};

use super::at_once;
use crate::{
    Property,
    process::ProcessId,
    random::mix,
    template::{TICKET, is_burn},
    trace::code_of,
};

/// What was wrong with a slot.
pub(super) type Wrong = (Property, String);

/// A slot that was written, for the trace.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) code: u64,
}

/// All that the log ever held.
#[derive(Debug)]
pub(crate) struct Chain {
    next_slot: u64,
    /// The writer of the newest fence and its epoch.
    writer: Option<(ProcessId, Epoch)>,
    /// Hashes and state roots of the blocks, by number.
    pub(super) blocks: Vec<(B256, B256)>,
    pub(super) is_ended: bool,
    pub(super) included: BTreeMap<TxHash, u64>,
    /// How many deposits are credited, and what they brought.
    pub(super) deposits: u64,
    pub(super) deposited_wei: U256,
    balances: BTreeMap<Address, U256>,
    /// Transactions that minted, by the key of the order.
    pub(super) minted: BTreeMap<String, TxHash>,
    /// Transactions that took a ticket back, by the key of the order.
    pub(super) burned: BTreeMap<String, TxHash>,
    /// Whether each transaction succeeded.
    pub(super) succeeded: BTreeMap<TxHash, bool>,
    /// Transactions that minted a ticket.
    pub(super) mints: BTreeSet<TxHash>,
}

impl Chain {
    pub(super) fn new(genesis: B256) -> Self {
        Self {
            next_slot: 0,
            writer: None,
            blocks: vec![(genesis, B256::ZERO)],
            is_ended: false,
            included: BTreeMap::new(),
            deposits: 0,
            deposited_wei: U256::ZERO,
            balances: BTreeMap::new(),
            minted: BTreeMap::new(),
            burned: BTreeMap::new(),
            succeeded: BTreeMap::new(),
            mints: BTreeSet::new(),
        }
    }

    /// Takes over a slot that `by` has just written; `deposits` are those that are final on the L1.
    pub(super) fn take(
        &mut self,
        by: ProcessId,
        entry: &SlotEntry,
        stores: &Stores,
        deposits: &[DepositEvent],
    ) -> Result<Written, Wrong> {
        if entry.slot.0 != self.next_slot {
            let what = format!("written before slot {}", self.next_slot);
            return Err((Property::BlocksFormOneChain, what));
        }
        self.next_slot += 1;
        self.check_epoch(by, entry)?;
        if self.is_ended && !matches!(entry.content, SlotContent::Fence) {
            let what = format!("{:?} after the end", kind(&entry.content));
            return Err((Property::AfterTheEndThereIsNoBlock, what));
        }
        let text = match &entry.content {
            SlotContent::Fence => format!("fence of {}", entry.epoch),
            SlotContent::End { number, hash } => {
                self.is_ended = true;
                let newest = self.check_head(*number, *hash);
                newest.map_err(|what| (Property::BlocksFormOneChain, what))?;
                format!("end after block {number}")
            }
            SlotContent::Block { number, hash, body } => {
                let record = read(body, stores)?;
                self.block(*number, *hash, &record, deposits)?;
                let count = record.block.transactions.len();
                format!("block {number} of {}, {count} transactions, {hash}", entry.epoch)
            }
        };
        let code = mix(entry.slot.0 ^ entry.epoch.0.rotate_left(20)) ^ code_of(text.as_bytes());
        Ok(Written { text, code })
    }

    /// Epochs of fences rise, and what follows a fence is its writer's.
    fn check_epoch(&mut self, by: ProcessId, entry: &SlotEntry) -> Result<(), Wrong> {
        let is_right = match (self.writer, &entry.content) {
            (None, SlotContent::Fence) => true,
            (None, _) => false,
            (Some((_, newest)), SlotContent::Fence) => entry.epoch > newest,
            (Some(newest), _) => newest == (by, entry.epoch),
        };
        if !is_right {
            let (kind, epoch) = (kind(&entry.content), entry.epoch);
            let what = format!("{kind} of {epoch} by {by} after the fence of {:?}", self.writer);
            return Err((Property::FencedWriterCannotCommit, what));
        }
        if matches!(entry.content, SlotContent::Fence) {
            self.writer = Some((by, entry.epoch));
        }
        Ok(())
    }

    fn block(
        &mut self,
        number: u64,
        hash: B256,
        record: &BlockRecord,
        deposits: &[DepositEvent],
    ) -> Result<(), Wrong> {
        let header = &record.block.header;
        let expected = u64::try_from(self.blocks.len()).unwrap_or(u64::MAX);
        let parent = self.blocks.last().map(|(hash, _)| *hash).unwrap_or_default();
        let follows = header.number == number && number == expected && header.parent_hash == parent;
        if !follows || header.hash_slow() != hash {
            let what = format!("block {number} {hash} does not follow block {}", expected - 1);
            return Err((Property::BlocksFormOneChain, what));
        }
        if record.block.transactions.is_empty() {
            return Err((Property::NoBlockIsMadeOfNothing, format!("block {number} is empty")));
        }
        self.blocks.push((hash, header.state_root));
        for (transaction, receipt) in record.block.transactions.iter().zip(&record.receipts) {
            self.transaction(number, transaction, deposits)?;
            self.succeeded.insert(*transaction.hash(), receipt.success);
            if receipt.success && receipt.logs.iter().any(is_mint) {
                self.mints.insert(*transaction.hash());
            }
        }
        self.orders(record)?;
        self.balance(&record.delta)
    }

    /// An order is minted once; what was minted is taken back once.
    fn orders(&mut self, record: &BlockRecord) -> Result<(), Wrong> {
        let transactions = &record.block.transactions;
        for MintedOrder { key, transaction } in &record.minted {
            let is_burn = transactions.iter().any(|one| one.hash() == transaction && is_burn(one));
            let done = if is_burn { &mut self.burned } else { &mut self.minted };
            if let Some(before) = done.insert(key.clone(), *transaction) {
                let what = format!("order {key} is in {before} before: tx {transaction}");
                return Err(match is_burn {
                    true => (Property::PaidBackIsTakenBackOnce, what),
                    false => (Property::OnePaidItemOneMint, what),
                });
            }
            if is_burn && !self.minted.contains_key(key) {
                let what = format!("order {key} is burned by tx {transaction} and was not minted");
                return Err((Property::PaidBackIsTakenBackOnce, what));
            }
        }
        Ok(())
    }

    fn transaction(
        &mut self,
        number: u64,
        transaction: &Transaction,
        deposits: &[DepositEvent],
    ) -> Result<(), Wrong> {
        let hash = *transaction.hash();
        if let Some(before) = self.included.insert(hash, number) {
            let what = format!("tx {hash} is in block {before} and in block {number}");
            return Err((Property::TransactionIsIncludedOnce, what));
        }
        match transaction.as_deposit() {
            Some(deposit) if deposit.from != SYSTEM_SENDER => self.deposit(hash, deposits),
            _ => Ok(()),
        }
    }

    fn deposit(&mut self, hash: TxHash, deposits: &[DepositEvent]) -> Result<(), Wrong> {
        let wrong = |what: String| Err((Property::DepositsAreCreditedOnceInOrder, what));
        let index = self.deposits;
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(event) = deposits.get(at) else {
            return wrong(format!(
                "deposit {index} is credited, which the L1 does not have for good"
            ));
        };
        let expected = event.clone().into_transaction(crate::template::L1_LAYER);
        if *expected.hash() != hash {
            return wrong(format!("expected deposit {index} {}, got {hash}", expected.hash()));
        }
        self.deposits += 1;
        self.deposited_wei += event.value;
        Ok(())
    }

    /// What accounts have changes by what was deposited, and by nothing else.
    fn balance(&mut self, delta: &Delta) -> Result<(), Wrong> {
        for (address, account) in &delta.accounts {
            let balance = match account.change {
                AccountChange::Deleted => U256::ZERO,
                AccountChange::Updated(info) => info.balance,
            };
            self.balances.insert(*address, balance);
        }
        let held = self.balances.values().fold(U256::ZERO, |sum, balance| sum + balance);
        if held == self.deposited_wei {
            return Ok(());
        }
        let what = format!("accounts have {held} wei, deposits brought {}", self.deposited_wei);
        Err((Property::EthIsConserved, what))
    }

    /// Whether this block is there.
    pub(super) fn check_head(&self, number: u64, hash: B256) -> Result<(), String> {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        match self.blocks.get(at) {
            Some((held, _)) if *held == hash => Ok(()),
            held => Err(format!("block {number} {hash}, the log has {held:?}")),
        }
    }

    /// Wallets with ETH at the end, and what they have.
    pub(super) fn holders(&self) -> impl Iterator<Item = (Address, U256)> {
        let held = self.balances.iter().filter(|(_, balance)| !balance.is_zero());
        held.map(|(address, balance)| (*address, *balance)).filter(|(to, _)| *to != EXIT_SEALER)
    }
}

/// ERC-721's `Transfer` from nobody.
fn is_mint(log: &Log) -> bool {
    log.address == TICKET && log.topics().len() == 4 && log.topics()[1].is_zero()
}

fn read(body: &Body, stores: &Stores) -> Result<BlockRecord, Wrong> {
    let frame = match body {
        Body::Inline(frame) => frame.clone(),
        Body::Object(name) => at_once(stores.objects.get(name)).map_err(|error| {
            (Property::ABodyIsThereBeforeItsSlot, format!("its body is not there: {error}"))
        })?,
    };
    BlockRecord::from_frame(&frame)
        .map_err(|error| (Property::DamageIsNoticed, format!("written damaged: {error}")))
}

const fn kind(content: &SlotContent) -> &'static str {
    match content {
        SlotContent::Fence => "fence",
        SlotContent::Block { .. } => "block",
        SlotContent::End { .. } => "end",
    }
}
