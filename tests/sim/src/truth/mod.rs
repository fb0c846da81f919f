//! What is really stored and what really happened, whatever anybody was told; and the checks on every change.
//!
//! Everything is kept a second time here, because the layer erases itself.

mod chain;
mod end;
mod erase;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::TxHash;
use futures::FutureExt;
use node_core::{
    chain::{LayerConfig, Phase},
    codec::record::{Dropped, Pending, SlotEntry},
    flow::{checkpoint, phase},
    port::{Appended, LogAppend, PortError, Stores, memory::Memory},
};

use self::chain::{Chain, Written};
use crate::{L1Chain, Property, Sim, process::ProcessId};

/// The stores as they are, with everything that was promised.
#[derive(Clone)]
pub(crate) struct Truth {
    sim: Sim,
    /// The stores themselves: they answer at once and never fail.
    pub stores: Stores,
    memory: Arc<Memory>,
    l1: L1Chain,
    config: Arc<LayerConfig>,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen so far.
#[derive(Debug)]
pub(crate) struct Seen {
    chain: Chain,
    acknowledged: BTreeSet<TxHash>,
    /// Transactions that came into the inbox while the layer was open, and those that only came later.
    in_time: BTreeSet<TxHash>,
    too_late: BTreeSet<TxHash>,
    dropped: BTreeMap<TxHash, String>,
    /// Paid items that a shop was told are taken, with the transactions that mint, if it was told that as well.
    orders: BTreeMap<String, BTreeSet<TxHash>>,
    /// Paid items that a shop paid back.
    refunds: BTreeMap<String, Refund>,
    is_erasing: bool,
    is_bundle_kept: bool,
}

/// A paid item that a shop paid back.
#[derive(Debug, Clone, Copy, Default)]
struct Refund {
    /// The shop was told that this is known.
    is_taken: bool,
    /// A ticket that was minted is to be burned.
    burns: bool,
}

impl core::fmt::Debug for Truth {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Truth").finish_non_exhaustive()
    }
}

/// Carries out a call of the stores themselves, which never wait.
pub(crate) fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("memory does not wait")
}

impl Truth {
    /// Empty stores of a layer that starts with the block of hash `genesis`.
    pub(crate) fn new(
        sim: Sim,
        config: Arc<LayerConfig>,
        l1: L1Chain,
        genesis: alloy_primitives::B256,
    ) -> Self {
        let seen = Seen {
            chain: Chain::new(genesis),
            acknowledged: BTreeSet::new(),
            in_time: BTreeSet::new(),
            too_late: BTreeSet::new(),
            dropped: BTreeMap::new(),
            orders: BTreeMap::new(),
            refunds: BTreeMap::new(),
            is_erasing: false,
            is_bundle_kept: false,
        };
        let memory = Arc::<Memory>::default();
        let (stores, seen) = (memory.share(), Arc::new(Mutex::new(seen)));
        Self { sim, stores, memory, l1, config, seen }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody was told that a transaction is taken.
    pub(crate) fn acknowledged(&self, hash: TxHash) {
        self.sim.note(ProcessId::OUTSIDE, 4, || format!("tx {hash} is acknowledged"));
        let mut seen = self.seen();
        seen.acknowledged.insert(hash);
        if seen.too_late.contains(&hash) {
            let what = format!("tx {hash} is acknowledged, and came when the layer was closed");
            let about = vec![format!("tx {hash}"), "phase".to_owned()];
            self.sim.violate(Property::DrainingLayerAcknowledgesNothing, what, about);
        }
    }

    /// Puts what waits into the inbox.
    pub(crate) fn put(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        let is_open = at_once(phase::current(&*self.stores.registers)).is_ok_and(Phase::accepts);
        let mut seen = self.seen();
        for Pending { hash, .. } in &pending {
            if is_open {
                seen.in_time.insert(*hash);
            } else if !seen.in_time.contains(hash) {
                seen.too_late.insert(*hash);
            }
        }
        drop(seen);
        at_once(self.stores.inbox.append_all(pending))
    }

    /// A shop was told that a paid item is taken.
    pub(crate) fn order_acknowledged(&self, key: &str, mint: Option<TxHash>) {
        self.seen().orders.entry(key.to_owned()).or_default().extend(mint);
        self.sim.note(ProcessId::OUTSIDE, 5, || format!("order {key} is acknowledged"));
    }

    /// A shop begins to say that a paid item is paid back.
    pub(crate) fn refund_sent(&self, key: &str, burns: bool) {
        self.seen().refunds.entry(key.to_owned()).or_default().burns = burns;
        self.sim.note(ProcessId::OUTSIDE, 8, || format!("order {key} is paid back"));
    }

    /// A shop was told that this is known.
    pub(crate) fn refund_acknowledged(&self, key: &str) {
        self.seen().refunds.entry(key.to_owned()).or_default().is_taken = true;
        self.sim.note(ProcessId::OUTSIDE, 9, || format!("order {key} is taken back"));
    }

    /// Writes a slot, and checks what is in it.
    pub(crate) fn append(&self, by: ProcessId, entry: SlotEntry) -> Result<LogAppend, PortError> {
        let before = at_once(self.stores.log.read(entry.slot))?;
        let appended = at_once(self.stores.log.append(entry.clone()))?;
        if before.is_none() && appended == LogAppend::Written {
            let slot = entry.slot;
            match self.seen().chain.take(by, &entry, &self.stores, &self.l1.finalized_deposits()) {
                Ok(Written { text, code }) => self.sim.note(by, code, || format!("{slot}: {text}")),
                Err((property, what)) => {
                    let about = vec![slot.to_string(), "fence".to_owned()];
                    self.sim.violate(property, format!("{slot}: {what}"), about);
                }
            }
        }
        Ok(appended)
    }

    /// Drops transactions.
    pub(crate) fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        for Dropped { hash, reason, .. } in dropped {
            self.seen().dropped.insert(*hash, reason.clone());
        }
        at_once(self.stores.inbox.drop_with_reason(dropped))
    }

    /// Looks at what a new pointer points at.
    pub(crate) fn checkpointed(&self) {
        let what = match at_once(checkpoint::load(&self.stores)) {
            Ok(tip) => match self.seen().chain.check_head(tip.header.number, tip.header.hash()) {
                Ok(()) => return,
                Err(what) => what,
            },
            Err(error) => error.to_string(),
        };
        let about = vec!["checkpoint".to_owned(), "manifest".to_owned(), "pack".to_owned()];
        self.sim.violate(Property::CheckpointOpensToTheStateOfItsBlock, what, about);
    }

    /// A reader sees this block as the newest one.
    pub(crate) fn is_seen(&self, by: ProcessId, number: u64, hash: alloy_primitives::B256) {
        if let Err(what) = self.seen().chain.check_head(number, hash) {
            let about = vec![format!("block {number}"), by.to_string()];
            let property = Property::NobodySeesABlockBeforeItIsDurable;
            self.sim.violate(property, format!("{by} sees {what}"), about);
        }
    }

    /// A reader is told where a transaction is.
    pub(crate) fn is_found(&self, by: ProcessId, hash: TxHash, number: Option<u64>) {
        let held = self.seen().chain.included.get(&hash).copied();
        if number.is_some() && number != held {
            let what = format!("{by} finds tx {hash} in block {number:?}, it is in {held:?}");
            let property = Property::NobodySeesABlockBeforeItIsDurable;
            self.sim.violate(property, what, vec![format!("tx {hash}")]);
        }
    }

    /// Whether erasing has begun: whoever still reads may find nothing.
    pub(crate) fn is_erasing(&self) -> bool {
        self.seen().is_erasing
    }

    /// Whether nothing is stored any more.
    pub(crate) fn is_empty(&self) -> bool {
        let items = at_once(self.stores.stored.count()).unwrap_or(u64::MAX);
        let objects = at_once(self.stores.objects.list("")).map_or(usize::MAX, |names| names.len());
        items == 0 && objects == 0
    }

    /// Blocks so far, block 0 among them.
    pub(crate) fn block_count(&self) -> usize {
        self.seen().chain.blocks.len()
    }
}
