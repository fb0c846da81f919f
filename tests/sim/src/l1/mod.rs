//! An L1 that reorganises, loses transactions, and is asked through nodes that are behind.

mod contract;
mod node;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy_primitives::{B256, U256};
use node_core::{
    chain::{DepositEvent, L1Origin},
    port::{L1Action, L1View, Posted},
};

pub(crate) use self::{contract::Contract, node::Node};
use crate::{Fault, Sim, process::ProcessId, sim::START_MS};

/// Number of the block in which the layer is opened.
pub(crate) const OPENED_IN: u64 = 1;

/// A transaction, included or on its way.
#[derive(Debug, Clone)]
struct Sent {
    id: u64,
    what: What,
    /// When it can be included at the earliest.
    from_us: u64,
}

#[derive(Debug, Clone)]
enum What {
    Deposit(DepositEvent),
    Act { action: L1Action, sent_on: Posted },
}

/// A block with the contract after it.
#[derive(Debug, Clone)]
struct Block {
    origin: L1Origin,
    transactions: Vec<Sent>,
    /// Transactions that reverted, with what the contract said.
    reverted: Vec<(u64, String)>,
    contract: Arc<Contract>,
}

#[derive(Debug)]
struct State {
    blocks: Vec<Block>,
    waiting: Vec<Sent>,
    next_id: u64,
    /// The state root of the first settlement that anybody tried.
    settled: Option<B256>,
}

/// The L1; clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct L1Chain {
    sim: Sim,
    depth: u64,
    state: Arc<Mutex<State>>,
}

impl L1Chain {
    /// An L1 on which the layer is open and has `deposits`, and whose blocks are final `depth` blocks later.
    pub(crate) fn new(sim: Sim, depth: u64, deposits: Vec<DepositEvent>) -> Self {
        let state = State { blocks: Vec::new(), waiting: Vec::new(), next_id: 0, settled: None };
        let chain = Self { sim, depth, state: Arc::new(Mutex::new(state)) };
        let first = |event| Sent { id: 0, what: What::Deposit(event), from_us: 0 };
        chain.add(Vec::new());
        chain.add(deposits.into_iter().map(first).collect());
        (0..depth).for_each(|_| chain.mine());
        chain
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes blocks for ever.
    pub(crate) async fn run(self) {
        loop {
            self.sim.sleep_about_ms(4_000, 12_000).await;
            if self.sim.fault(Fault::Reorg) {
                self.reorganise();
            }
            self.mine();
        }
    }

    /// Includes what waits.
    fn mine(&self) {
        let now_us = self.sim.now_us();
        let mut state = self.state();
        let (ready, later) = state.waiting.drain(..).partition(|sent| sent.from_us <= now_us);
        state.waiting = later;
        drop(state);
        self.add(ready);
    }

    fn add(&self, transactions: Vec<Sent>) {
        let salt = self.sim.with_random(crate::Random::next);
        let now_s = (START_MS / 1_000).saturating_sub(60) + self.sim.now_us() / 1_000_000;
        let mut state = self.state();
        let parent = state.blocks.last();
        let number = parent.map_or(0, |parent| parent.origin.number + 1);
        let timestamp_s = parent.map_or(0, |parent| parent.origin.timestamp_s + 1).max(now_s);
        let mut contract =
            parent.map(|parent| Contract::clone(&parent.contract)).unwrap_or_default();
        let mut reverted = Vec::new();
        for sent in &transactions {
            match &sent.what {
                What::Deposit(event) => contract.deposit(event, number),
                What::Act { action, sent_on } => {
                    if let Err(why) = contract.act(action, timestamp_s, *sent_on) {
                        reverted.push((sent.id, why));
                    }
                }
            }
        }
        let hash = B256::from(U256::from_limbs([number, salt, 0, 1]));
        let ids: Vec<_> = transactions.iter().map(|sent| sent.id).collect();
        let code = 0x11 ^ number.rotate_left(8) ^ salt;
        self.sim.note(ProcessId::OUTSIDE, code, || {
            format!("L1 block {number} with {ids:?}, reverted: {reverted:?}")
        });
        let origin = L1Origin { number, hash, timestamp_s };
        let contract = Arc::new(contract);
        state.blocks.push(Block { origin, transactions, reverted, contract });
    }

    /// Takes back some of the blocks that are not final, and what was in them is sent again, or vanishes.
    fn reorganise(&self) {
        let depth = self.sim.with_random(|random| random.between(1, self.depth.max(1)));
        let depth = depth.min(self.depth);
        let mut taken = Vec::new();
        {
            let mut state = self.state();
            let kept = state.blocks.len() - usize::try_from(depth).unwrap_or_default();
            let blocks = state.blocks.split_off(kept.max(1));
            taken.extend(blocks.into_iter().flat_map(|block| block.transactions));
        }
        self.sim.note(ProcessId::OUTSIDE, 0x12 ^ depth.rotate_left(8), || {
            format!("L1 takes back {depth} blocks")
        });
        self.sim.with_random(|random| {
            for place in (1..taken.len()).rev() {
                taken.swap(place, random.place(place + 1));
            }
        });
        taken.into_iter().for_each(|sent| self.wait(sent));
        (0..depth).for_each(|_| self.mine());
    }

    /// Puts a transaction where it waits to be included; it may be lost there.
    fn wait(&self, mut sent: Sent) {
        if self.sim.fault(Fault::L1Loss) {
            let late_us = self.sim.with_random(|random| random.between(5_000_000, 90_000_000));
            sent.from_us = self.sim.now_us() + late_us;
            if self.sim.with_random(|random| random.chance(5_000)) {
                self.sim.note(ProcessId::OUTSIDE, 0x13 ^ sent.id, || {
                    format!("L1 transaction {} vanishes", sent.id)
                });
                return;
            }
        }
        self.state().waiting.push(sent);
    }

    fn send(&self, what: What, after_us: u64) -> u64 {
        let from_us = self.sim.now_us() + after_us;
        let mut state = self.state();
        state.next_id += 1;
        let id = state.next_id;
        drop(state);
        self.wait(Sent { id, what, from_us });
        id
    }

    /// Somebody deposits.
    pub(crate) fn deposit(&self, event: DepositEvent, after_us: u64) {
        self.send(What::Deposit(event), after_us);
    }

    /// The contract at the newest block.
    pub(crate) fn contract(&self) -> Arc<Contract> {
        self.at(0).1
    }

    /// The contract at the newest final block.
    pub(crate) fn finalized(&self) -> L1View {
        let (origin, contract) = self.at(self.depth);
        contract.view(origin.number, origin.timestamp_s)
    }

    /// Deposits that no reorganisation can change.
    pub(crate) fn finalized_deposits(&self) -> Vec<DepositEvent> {
        self.at(self.depth).1.deposits.clone()
    }

    /// The block so far under the newest one, and the contract after it.
    fn at(&self, depth: u64) -> (L1Origin, Arc<Contract>) {
        let state = self.state();
        let last = state.blocks.len() - 1;
        let at = last.saturating_sub(usize::try_from(depth).unwrap_or(usize::MAX));
        let block = &state.blocks[at];
        (block.origin, Arc::clone(&block.contract))
    }
}
