//! The protocol, broken on purpose in one place at a time: a checker that cannot fail is worth nothing.
//!
//! Nothing in the flows is changed for this. What is broken is what they rest on: a port that does not keep its promise
//! as an adapter could fail to, or somebody who uses the flows in the wrong order.

mod ledger;
mod objects;

use core::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use node_core::{
    chain::{DepositEvent, Finality, L1Origin},
    codec::record::{MintOrder, Pending},
    port::{L1, L1Action, L1Receipt, L1View, PortError, Stores},
};

use crate::{Property, Sim, l1::Node, process::ProcessId};

/// Something that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The log appends wherever it ends, whoever writes.
    NoFenceCheck,
    /// The log does not say that a slot is taken.
    TakenSlotIsNoError,
    /// The log says that a slot is written before it is.
    SlotBeforeItIsDurable,
    /// A write whose outcome is unknown counts as done.
    UnknownIsSuccess,
    /// The body of a block is written after its slot.
    ObjectAfterHead,
    /// The manifest of a checkpoint is written after the pointer.
    ManifestAfterPointer,
    /// A transaction is acknowledged before it is appended.
    AcknowledgeBeforeAppend,
    /// The inbox forgets what it hands out.
    ForgottenWhenRead,
    /// Who takes transactions reads the phase once.
    PhaseFromACache,
    /// The teardown does not include what waits.
    NoLastCall,
    /// Every writer has the same epoch.
    LeaseWithoutEpoch,
    /// Whether a paid item is known is asked first, and it is recorded then.
    DedupeOutsideTheWrite,
    /// The transaction of a mint gets its nonce when the shop delivers.
    NonceGivenAtAccept,
    /// A refund that comes before its sale is forgotten.
    RefundBeforeItsSaleForgotten,
    /// A record is changed whether somebody else has changed it or not.
    RecordChangedBlindly,
    /// How far the L1 was read is written before the deposits are.
    CursorBeforeDeposits,
    /// Deposits are taken from blocks that may still be replaced.
    DepositsBeforeTheyAreFinal,
    /// The layer is erased when the newest block of the L1 says so.
    EraseBeforeFinal,
    /// Only the objects that the newest checkpoint needs are erased.
    EraseFollowsTheHead,
    /// The phase does not say that the layer is being erased.
    EraseUnannounced,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::NoFenceCheck,
        Self::TakenSlotIsNoError,
        Self::SlotBeforeItIsDurable,
        Self::UnknownIsSuccess,
        Self::ObjectAfterHead,
        Self::ManifestAfterPointer,
        Self::AcknowledgeBeforeAppend,
        Self::ForgottenWhenRead,
        Self::PhaseFromACache,
        Self::NoLastCall,
        Self::LeaseWithoutEpoch,
        Self::DedupeOutsideTheWrite,
        Self::NonceGivenAtAccept,
        Self::RefundBeforeItsSaleForgotten,
        Self::RecordChangedBlindly,
        Self::CursorBeforeDeposits,
        Self::DepositsBeforeTheyAreFinal,
        Self::EraseBeforeFinal,
        Self::EraseFollowsTheHead,
        Self::EraseUnannounced,
    ];

    /// The stores of a process, broken.
    pub(crate) fn stores(
        self,
        sim: &Sim,
        rows: &SecondRows,
        process: ProcessId,
        inner: Stores,
    ) -> Stores {
        let broken = Arc::new(Broken {
            variant: self,
            sim: sim.clone(),
            process,
            name: sim.name_of(process),
            inner,
            kept: Mutex::default(),
            rows: Arc::clone(rows),
        });
        Stores {
            inbox: broken.clone(),
            log: broken.clone(),
            registers: broken.clone(),
            orders: broken.clone(),
            objects: broken.clone(),
            stored: broken.inner.stored.clone(),
        }
    }

    /// The L1 of a process, broken.
    pub(crate) fn l1(self, node: Node) -> Arc<dyn L1> {
        match self {
            Self::DepositsBeforeTheyAreFinal | Self::EraseBeforeFinal => {
                Arc::new(Hasty { variant: self, node })
            }
            _ => Arc::new(node),
        }
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|variant| format!("{variant:?}") == text);
        named.ok_or_else(|| format!("variant: expected one of {:?}, got `{text}`", Self::ALL))
    }
}

/// Paid items that were recorded a second time.
pub(crate) type SecondRows = Arc<Mutex<Vec<MintOrder>>>;

/// Stores that do not keep one of their promises.
pub(crate) struct Broken {
    variant: Variant,
    sim: Sim,
    process: ProcessId,
    name: &'static str,
    inner: Stores,
    /// What this process keeps in memory where it should not.
    kept: Mutex<Kept>,
    rows: SecondRows,
}

#[derive(Default)]
struct Kept {
    deposits: Vec<Pending>,
    phase: Option<(node_core::port::Version, alloy_primitives::Bytes)>,
}

impl Broken {
    fn is(&self, variant: Variant) -> bool {
        self.variant == variant
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self) -> MutexGuard<'_, Vec<MintOrder>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does it a little later, if the process lives for so long.
    fn later<T>(&self, work: impl Future<Output = T> + Send + 'static) {
        let sim = self.sim.clone();
        self.sim.spawn(self.process, async move {
            sim.sleep_about_ms(5, 400).await;
            drop(work.await);
        });
    }
}

/// An L1 whose newest block counts as final, for one purpose.
struct Hasty {
    variant: Variant,
    node: Node,
}

impl Hasty {
    fn finality(&self, variant: Variant, finality: Finality) -> Finality {
        if self.variant == variant { Finality::Depth(0) } else { finality }
    }
}

#[async_trait]
impl L1 for Hasty {
    async fn newest(&self, finality: Finality) -> Result<L1Origin, PortError> {
        let finality = self.finality(Variant::DepositsBeforeTheyAreFinal, finality);
        self.node.newest(finality).await
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        self.node.block(number).await
    }

    async fn deposits(&self, first: u64, last: u64) -> Result<Vec<DepositEvent>, PortError> {
        self.node.deposits(first, last).await
    }

    async fn view(&self, finality: Finality) -> Result<L1View, PortError> {
        let finality = self.finality(Variant::EraseBeforeFinal, finality);
        self.node.view(finality).await
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        self.node.act(action).await
    }
}

/// What a variant was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caught {
    /// Lives until then.
    pub lives: u64,
    /// What did not hold.
    pub property: Property,
}
