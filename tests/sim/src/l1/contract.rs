//! The layer's contract on the L1, as far as flows can tell it from the real one.
//!
//! It takes the word of a settlement for its proofs: those are tried on an EVM, in `infra/contracts` and `infra/l1`.

use node_core::{
    chain::DepositEvent,
    codec::{Record, batch::Payload},
    exit::{ExitLeaf, range_root, unpack},
    port::{L1Action, L1Settlement, L1View, Posted, PostedBatch, PublishedChunk, Settlement},
};

/// Seconds from a settlement until exits can be claimed: longer than any function lives, as on a real L1.
const WINDOW_S: u64 = 240;

/// What the contract has stored after some block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contract {
    /// Deposits, by index.
    pub deposits: Vec<DepositEvent>,
    /// The L1 block of each.
    pub(super) deposited_in: Vec<u64>,
    pub(super) is_closed: bool,
    pub(super) posted: Posted,
    /// What was posted, in order.
    pub batches: Vec<PostedBatch>,
    /// The settlement.
    pub settlement: Option<Settlement>,
    pub(super) final_at_s: u64,
    /// Published leaves, in order.
    pub chunks: Vec<PublishedChunk>,
    pub(super) published: u64,
}

impl Contract {
    /// Takes a deposit, unless there are none any more.
    pub(super) fn deposit(&mut self, event: &DepositEvent, block: u64) {
        if !self.is_closed {
            let index = u64::try_from(self.deposits.len()).unwrap_or(u64::MAX);
            self.deposits.push(DepositEvent { index, ..event.clone() });
            self.deposited_in.push(block);
        }
    }

    /// Carries out an action that was sent when `sent_on` was posted; what it says when it reverts.
    pub(super) fn act(
        &mut self,
        action: &L1Action,
        now_s: u64,
        sent_on: Posted,
    ) -> Result<(), String> {
        match action {
            L1Action::CloseDeposits if self.is_closed => Err("DepositsAreClosed".to_owned()),
            L1Action::CloseDeposits => {
                self.is_closed = true;
                Ok(())
            }
            L1Action::PostBatch(batch) => {
                if self.settlement.is_some() || self.is_covered(batch) {
                    return Err("BatchDoesNotFollow".to_owned());
                }
                self.posted = Posted {
                    batches: self.posted.batches + 1,
                    last_block: batch.head.last_block,
                    consumed_deposits: batch.head.consumed_deposits,
                };
                self.batches.push(batch.clone());
                Ok(())
            }
            L1Action::Settle(settlement) => self.settle(settlement, now_s, sent_on),
            L1Action::Publish(chunk) => self.publish(chunk),
            L1Action::Push(_) | L1Action::Claim { .. } => Err("nobody claims here".to_owned()),
        }
    }

    fn settle(
        &mut self,
        settlement: &Settlement,
        now_s: u64,
        sent_on: Posted,
    ) -> Result<(), String> {
        let count = u64::try_from(self.deposits.len()).unwrap_or(u64::MAX);
        if self.settlement.is_some() {
            return Err("AlreadySettled".to_owned());
        }
        if !self.is_closed {
            return Err("DepositsAreOpen".to_owned());
        }
        if settlement.sealed.deposit_count != count {
            return Err(format!("DepositsLeftOut: {count} there are"));
        }
        if sent_on != self.posted {
            return Err("WrongBatches".to_owned());
        }
        self.settlement = Some(settlement.clone());
        self.final_at_s = now_s + WINDOW_S;
        Ok(())
    }

    fn publish(&mut self, chunk: &PublishedChunk) -> Result<(), String> {
        let Some(settlement) = &self.settlement else { return Err("NotSettled".to_owned()) };
        if chunk.start != self.published {
            return Err(format!("NotNext: {}", self.published));
        }
        let sealed = &settlement.sealed;
        let start = u32::try_from(chunk.start).map_err(|error| error.to_string())?;
        let leaves = unpack(&chunk.packed, start).map_err(|error| error.to_string())?;
        let hashes: Vec<_> = leaves.iter().map(ExitLeaf::hash).collect();
        let count = u64::from(sealed.leaf_count);
        let root = range_root(&hashes, chunk.start, count, &chunk.siblings);
        if root.as_ref().ok() != Some(&sealed.exit_root) {
            return Err(format!("BadProof: {root:?}"));
        }
        self.published += u64::try_from(leaves.len()).unwrap_or(u64::MAX);
        self.chunks.push(chunk.clone());
        Ok(())
    }

    /// Whether a batch begins with another block than the next one. On a real L1 the nonces of the one key that posts see
    /// to that.
    fn is_covered(&self, batch: &PostedBatch) -> bool {
        let first = Payload::from_frame(&batch.payload).map_or(0, |payload| payload.first_block);
        first != self.posted.last_block + 1
    }

    /// Whether an action is done already: what the L1's adapter answers with the transaction that did it.
    pub(super) fn is_done(&self, action: &L1Action) -> Result<bool, String> {
        match action {
            L1Action::CloseDeposits => Ok(self.is_closed),
            L1Action::PostBatch(batch) if self.posted.last_block == batch.head.last_block => {
                Ok(true)
            }
            L1Action::PostBatch(batch) if self.is_covered(batch) => {
                Err("others cover its blocks".to_owned())
            }
            L1Action::PostBatch(_) => Ok(false),
            L1Action::Settle(ours) => match &self.settlement {
                None => Ok(false),
                Some(held) if held.state_root == ours.state_root => Ok(true),
                Some(_) => Err("settled with other roots".to_owned()),
            },
            L1Action::Publish(chunk) => Ok(self.published > chunk.start),
            L1Action::Push(_) | L1Action::Claim { .. } => Ok(false),
        }
    }

    pub(super) fn view(&self, block: u64, timestamp_s: u64) -> L1View {
        let held = self.settlement.as_ref().map(|settlement| L1Settlement {
            state_root: settlement.state_root,
            exit_root: settlement.sealed.exit_root,
            leaf_count: u64::from(settlement.sealed.leaf_count),
            final_at_s: self.final_at_s,
        });
        let is_all = held.as_ref().is_some_and(|held| self.published == held.leaf_count);
        L1View {
            block,
            timestamp_s,
            deposit_count: u64::try_from(self.deposits.len()).unwrap_or(u64::MAX),
            deposits_closed: self.is_closed,
            posted: self.posted,
            published: self.published,
            claimed: 0,
            disposable: is_all && timestamp_s >= self.final_at_s,
            settlement: held,
        }
    }
}
