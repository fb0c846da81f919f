use alloy_primitives::TxHash;
use async_trait::async_trait;
use node_core::{
    chain::{DepositEvent, Finality, L1Origin},
    port::{L1, L1Action, L1Receipt, L1View, PortError},
};

use super::{L1Chain, What};
use crate::{Fault, Property, Sim, process::ProcessId};

/// How often a sender looks for its transaction, and how many times before it gives up.
const LOOK_MS: u64 = 2_000;
const LOOKS: usize = 20;

/// The L1 as one process sees it, through a node that may be behind.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The L1.
    pub chain: L1Chain,
    /// Who asks.
    pub process: ProcessId,
}

impl Node {
    const fn sim(&self) -> &Sim {
        &self.chain.sim
    }

    /// Asks; how far the node that answers is behind.
    async fn ask(&self) -> Result<u64, PortError> {
        self.sim().may_crash(self.process).await;
        self.sim().sleep_about_ms(2, 40).await;
        if self.sim().fault(Fault::Throttle) {
            return Err(PortError::unavailable("L1", "too many requests"));
        }
        match self.sim().fault(Fault::L1Lag) {
            true => Ok(self.sim().with_random(|random| random.between(1, 3))),
            false => Ok(0),
        }
    }

    const fn depth(&self, finality: Finality) -> u64 {
        match finality {
            Finality::Depth(depth) => depth,
            Finality::Safe | Finality::Finalized => self.chain.depth,
        }
    }

    fn seen(&self, text: &str, code: u64) {
        self.sim().note(self.process, code, || text.to_owned());
    }

    /// What the adapter of a real L1 does: what is done already is answered with what did it.
    fn done(&self, action: &L1Action) -> Result<Option<L1Receipt>, PortError> {
        let (origin, contract) = self.chain.at(0);
        match contract.is_done(action) {
            Ok(true) => Ok(Some(receipt(0, origin.number))),
            Ok(false) => Ok(None),
            Err(reason) => Err(PortError::Refused { what: name(action).to_owned(), reason }),
        }
    }

    /// Where a transaction is, once it is somewhere.
    fn look(&self, id: u64) -> Option<Result<L1Receipt, String>> {
        let state = self.chain.state();
        let block = state
            .blocks
            .iter()
            .rev()
            .find(|block| block.transactions.iter().any(|sent| sent.id == id))?;
        let reverted = block.reverted.iter().find(|(reverted, _)| *reverted == id);
        Some(match reverted {
            Some((_, why)) => Err(why.clone()),
            None => Ok(receipt(id, block.origin.number)),
        })
    }

    /// There is one settlement, however often somebody tries.
    fn check_settlement(&self, action: &L1Action) {
        let L1Action::Settle(settlement) = action else { return };
        let root = settlement.state_root;
        let first = *self.chain.state().settled.get_or_insert(root);
        if first != root {
            let what = format!("{} settles {root}, it was {first} before", self.process);
            self.sim().violate(Property::OneSettlement, what, vec!["L1".to_owned()]);
        }
    }
}

#[async_trait]
impl L1 for Node {
    async fn newest(&self, finality: Finality) -> Result<L1Origin, PortError> {
        let behind = self.ask().await?;
        Ok(self.chain.at(self.depth(finality) + behind).0)
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        let behind = self.ask().await?;
        let state = self.chain.state();
        let last = state.blocks.len() - 1;
        let has = last.saturating_sub(usize::try_from(behind).unwrap_or(usize::MAX));
        let at = usize::try_from(number).ok().filter(|at| *at <= has);
        let block = at.and_then(|at| state.blocks.get(at));
        block
            .map(|block| block.origin)
            .ok_or_else(|| PortError::unavailable("L1", "it has no such block yet"))
    }

    async fn deposits(&self, first: u64, last: u64) -> Result<Vec<DepositEvent>, PortError> {
        let behind = self.ask().await?;
        let (origin, contract) = self.chain.at(behind);
        if origin.number < last {
            return Err(PortError::unavailable("deposits", "the node is behind"));
        }
        let blocks = contract.deposited_in.iter();
        let within =
            contract.deposits.iter().zip(blocks).filter(|(_, at)| (first..=last).contains(at));
        let events: Vec<_> = within.map(|(event, _)| event.clone()).collect();
        let count = events.len();
        self.seen(&format!("reads {count} deposits in L1 {first} to {last}"), 0x21 ^ last << 8);
        Ok(events)
    }

    async fn view(&self, finality: Finality) -> Result<L1View, PortError> {
        let behind = self.ask().await?;
        let (origin, contract) = self.chain.at(self.depth(finality) + behind);
        Ok(contract.view(origin.number, origin.timestamp_s))
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        self.ask().await?;
        if let Some(receipt) = self.done(&action)? {
            return Ok(receipt);
        }
        self.check_settlement(&action);
        let sent_on = self.chain.at(0).1.posted;
        let what = name(&action);
        let id = self.chain.send(What::Act { action, sent_on }, 0);
        self.seen(&format!("sends L1 transaction {id}: {what}"), 0x22 ^ id << 8);
        for _ in 0..LOOKS {
            self.sim().sleep_ms(LOOK_MS).await;
            self.sim().may_crash(self.process).await;
            match self.look(id) {
                Some(Ok(receipt)) => return Ok(receipt),
                Some(Err(reason)) => {
                    return Err(PortError::Refused { what: what.to_owned(), reason });
                }
                None => {}
            }
        }
        Err(PortError::unavailable(what, "it is in no block yet"))
    }
}

const fn name(action: &L1Action) -> &'static str {
    match action {
        L1Action::CloseDeposits => "close deposits",
        L1Action::PostBatch(_) => "post batch",
        L1Action::Settle(_) => "settle",
        L1Action::Publish(_) => "publish",
        L1Action::Push(_) => "push",
        L1Action::Claim { .. } => "claim",
    }
}

fn receipt(id: u64, block: u64) -> L1Receipt {
    let transaction = TxHash::from(alloy_primitives::U256::from(id));
    L1Receipt { transaction, block, gas_used: 0 }
}
