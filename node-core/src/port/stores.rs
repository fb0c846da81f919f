use std::sync::Arc;

use alloy_primitives::{Address, Bytes, TxHash};
use async_trait::async_trait;

use super::PortError;
use crate::{
    chain::SlotNumber,
    codec::record::{Dropped, MintOrder, OrderRecord, OrderState, Outcome, Pending, SlotEntry},
};

/// The stores of one layer.
#[derive(Clone)]
pub struct Stores {
    /// Accepted, not yet included transactions.
    pub inbox: Arc<dyn Inbox>,
    /// The layer's log: blocks, fences and the end.
    pub log: Arc<dyn Log>,
    /// Small values changed by compare-and-swap.
    pub registers: Arc<dyn Registers>,
    /// Mint orders of paid webhooks.
    pub orders: Arc<dyn Orders>,
    /// Large immutable values.
    pub objects: Arc<dyn Objects>,
    /// Counting and erasing all of the above but the objects.
    pub stored: Arc<dyn Stored>,
}

impl core::fmt::Debug for Stores {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}

/// What [`Inbox::append`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is stored now.
    New,
    /// It was stored already; nothing changed.
    Known,
}

/// Durable queue of accepted transactions.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores transactions in their order, and says of each what was done. When this returns `Ok`, all of
    /// them survive any crash; after an error, any of them may be stored.
    ///
    /// Appending the same hash twice is the same as once; a hash that was dropped waits again.
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError>;

    /// Stores one transaction; as [`append_all`](Self::append_all).
    async fn append(&self, pending: Pending) -> Result<Appended, PortError> {
        let appended = self.append_all(vec![pending]).await?;
        Ok(appended.into_iter().next().expect("one was given, so one is answered"))
    }

    /// Returns waiting transactions in order of arrival, at most `limit`.
    ///
    /// Sees every append that returned before this call.
    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError>;

    /// Returns the waiting transactions of one sender in order of arrival.
    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError>;

    /// Forgets transactions that a committed block includes. Unknown hashes are no error.
    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError>;

    /// Forgets waiting transactions that no block will include, and remembers why.
    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError>;

    /// Returns why a transaction was dropped, if it was.
    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError>;
}

/// What [`Log::append`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogAppend {
    /// The slot holds this entry now.
    Written,
    /// The slot held this other entry already; nothing changed.
    Occupied(SlotEntry),
}

/// The layer's log. Slots are written once and never changed or deleted before the layer is erased.
#[async_trait]
pub trait Log: Send + Sync {
    /// Writes `entry` if its slot is free. This is the linearization point of the layer.
    ///
    /// Writing the very same entry again (same attempt) returns `Written`.
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError>;

    /// Returns one slot.
    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError>;

    /// Returns slots from `first` in order, at most `limit`; sees every append that returned before.
    async fn read_from(&self, first: SlotNumber, limit: usize)
    -> Result<Vec<SlotEntry>, PortError>;
}

/// Generation of a register's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

/// Small values changed by compare-and-swap: lease, phase, pointers, cursors.
#[async_trait]
pub trait Registers: Send + Sync {
    /// Returns the value and its version.
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError>;

    /// Stores `value` if the register still has version `expected` (`None`: does not exist).
    ///
    /// # Errors
    /// [`PortError::Conflict`] when it has another version; nothing changed.
    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError>;
}

/// What [`Orders::record`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The order is recorded now and waits.
    New,
    /// The key was recorded before; nothing changed.
    Known(OrderState),
}

/// Some of the orders, and where the next ones are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderPage {
    /// The orders.
    pub records: Vec<OrderRecord>,
    /// What [`Orders::list`] goes on with; nothing at the end.
    pub next: Option<String>,
}

/// Mint orders, kept for the life of the layer: the key is what makes a paid item mint once.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Records an order and its key in one conditional write. Durable when it returns `Ok`.
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError>;

    /// Returns what is [due](OrderRecord::due) of the orders in order of arrival, at most `limit`.
    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError>;

    /// Says what became of what was due of orders. Saying it twice is the same as once.
    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError>;

    /// Stores a record if the one under its key still is `expected` (`None`: there is none). Durable when it returns
    /// `Ok`; what is due of it waits then, also when the record is the same as before.
    ///
    /// # Errors
    /// [`PortError::Conflict`] when there is another one; nothing changed.
    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError>;

    /// Returns about `limit` records, each of them once on the way from the first page, `None`, to the last. Those that
    /// change meanwhile may be returned as they were.
    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError>;

    /// Returns an order.
    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError>;
}

/// Precondition of [`Objects::put`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Only if nothing has this name.
    IfAbsent,
    /// Whatever was there.
    Overwrite,
}

/// What [`Objects::put`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object has this value now.
    Written,
    /// Something had this name already; nothing changed.
    Exists,
}

/// Large immutable values by name.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Stores an object. Durable and whole when it returns `Ok`; readers never see a part.
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError>;

    /// Returns an object.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn get(&self, name: &str) -> Result<Bytes, PortError>;

    /// Returns exactly `length` bytes of an object from `offset` on.
    ///
    /// # Errors
    /// [`PortError::NotFound`]; [`PortError::Corrupt`] when the object ends before the range does: the
    /// reader knows from elsewhere what is there, so a short object is a damaged one.
    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError>;

    /// Returns the names under `prefix`, sorted.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError>;

    /// Deletes objects. Unknown names are no error.
    async fn delete(&self, names: &[String]) -> Result<(), PortError>;
}

/// Everything in the ledger (inbox, log, registers, orders) as a heap of items.
#[async_trait]
pub trait Stored: Send + Sync {
    /// Returns how many items the ledger holds for the layer.
    async fn count(&self) -> Result<u64, PortError>;

    /// Deletes all items of the layer and returns how many there were. Not all at once: who dies in the middle leaves
    /// any of them. Can be repeated.
    async fn erase(&self) -> Result<u64, PortError>;
}
