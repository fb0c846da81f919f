//! What goes into the next block, and in which order.
//!
//! Deposits come first, in the order of the L1's deposit tree, none left out. Then wallets' transactions
//! and mints, first come first served. A transaction behind a nonce gap waits, at most as long as the
//! layer's limit says; two with the same nonce are settled by [`compare`].

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, TxHash};

use super::{Context, FlowError, Timing, batch::SignedMint};
use crate::{
    chain::{Transaction, decode_transaction},
    codec::record::{Dropped, MintedOrder, Pending},
    execute::{Builder, Outcome, Rejected, SupplyLedger},
    flow::submit::{Replacement, compare},
    state::WorldState,
};

/// One thing to try, in order of arrival.
enum Candidate<'a, 'b> {
    Wallet(&'a Pending, &'b Transaction),
    Mint(&'a SignedMint),
}

impl Candidate<'_, '_> {
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

/// A block being filled.
pub(super) struct Filling<'a> {
    builder: Builder,
    minted: Vec<MintedOrder>,
    dropped: Vec<Dropped>,
    /// By sender and nonce: waits for an earlier nonce.
    behind_gap: BTreeMap<Address, BTreeMap<u64, (&'a Pending, Transaction)>>,
    full: bool,
    bytes_left: usize,
    now_ms: u64,
}

/// A block with everything in it that fits.
pub(super) struct Filled {
    pub(super) builder: Builder,
    pub(super) minted: Vec<MintedOrder>,
    pub(super) dropped: Vec<Dropped>,
}

impl<'a> Filling<'a> {
    pub(super) const fn new(builder: Builder, bytes_left: usize, now_ms: u64) -> Self {
        Self {
            builder,
            minted: Vec::new(),
            dropped: Vec::new(),
            behind_gap: BTreeMap::new(),
            full: false,
            bytes_left,
            now_ms,
        }
    }

    /// Executes what fits.
    pub(super) fn fill(
        &mut self,
        context: &Context,
        pending: &'a [Pending],
        mints: &'a [SignedMint],
        timing: Timing,
    ) -> Result<(), FlowError> {
        let (deposits, wallets): (Vec<&Pending>, Vec<&Pending>) =
            pending.iter().partition(|one| one.deposit_index().is_some());
        self.deposits(deposits)?;
        self.candidates(wallets, mints)?;
        self.drop_overdue(context.config.limits.gap_wait_ms, timing.last_call);
        // Nothing is dropped for what was not loaded.
        Ok(self.builder.check_missed()?)
    }

    fn deposits(&mut self, mut deposits: Vec<&'a Pending>) -> Result<(), FlowError> {
        let slot = SupplyLedger::DEPOSITS;
        let counted = self.builder.world().storage(&crate::chain::EXIT_SEALER, &slot)?;
        let mut next = u64::try_from(counted).unwrap_or(u64::MAX);
        deposits.sort_by_key(|pending| pending.deposit_index());
        for pending in deposits {
            match pending.deposit_index() {
                Some(index) if index < next => self.drop(pending.hash, "credited before"),
                Some(index) if index == next && !self.full => {
                    let Some(transaction) = self.decode(pending) else { continue };
                    if self.execute(pending, &transaction)? {
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
        wallets: Vec<&'a Pending>,
        mints: &'a [SignedMint],
    ) -> Result<(), FlowError> {
        let decoded = wallets.into_iter().map(|pending| (pending, self.decode(pending)));
        let decoded: Vec<_> = decoded.collect();
        let mut queue = Vec::with_capacity(decoded.len() + mints.len());
        for (pending, decoded) in &decoded {
            queue.extend(decoded.as_ref().map(|decoded| Candidate::Wallet(pending, decoded)));
        }
        queue.extend(mints.iter().map(Candidate::Mint));
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
    fn wallet(&mut self, pending: &'a Pending, transaction: &Transaction) -> Result<(), FlowError> {
        let (sender, nonce) = (pending.sender, transaction.nonce());
        if !self.execute(pending, transaction)? {
            return Ok(());
        }
        let mut next = nonce + 1;
        while let Some((pending, transaction)) = self.take_behind_gap(sender, next) {
            if !self.execute(pending, &transaction)? {
                return Ok(());
            }
            next += 1;
        }
        Ok(())
    }

    fn mint(&mut self, mint: &SignedMint) -> Result<bool, FlowError> {
        let hash = *mint.transaction.hash();
        let bytes = mint.transaction.encode_2718_len();
        if bytes > self.bytes_left {
            return Ok(false);
        }
        match self.builder.execute(&mint.transaction, mint.minter)? {
            Outcome::Included(_) => {
                self.bytes_left -= bytes;
                self.minted.push(MintedOrder { key: mint.order.key.clone(), transaction: hash });
                Ok(true)
            }
            Outcome::Rejected(_) => Ok(false),
        }
    }

    /// Returns whether the transaction is in the block now.
    fn execute(
        &mut self,
        pending: &'a Pending,
        transaction: &Transaction,
    ) -> Result<bool, FlowError> {
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
                self.hold(pending, transaction.clone());
            }
            Outcome::Rejected(reason) => self.drop(pending.hash, &reason.to_string()),
        }
        Ok(false)
    }

    /// Keeps a transaction that came before its predecessor; of two with the same nonce, one.
    fn hold(&mut self, pending: &'a Pending, transaction: Transaction) {
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

    fn take_behind_gap(
        &mut self,
        sender: Address,
        nonce: u64,
    ) -> Option<(&'a Pending, Transaction)> {
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

    /// Gives up; returns the state before the block.
    pub(super) fn abandon(self) -> WorldState {
        self.builder.abandon()
    }

    /// Hands out the block.
    pub(super) fn finish(self) -> Filled {
        let Self { builder, minted, dropped, .. } = self;
        Filled { builder, minted, dropped }
    }
}
