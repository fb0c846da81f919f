//! The tables of the ledger; the crate's documentation shows their keys and values.

use node_core::chain::LayerId;
use redb::{ReadableTable, Table, TableDefinition, TableError, WriteTransaction};

use crate::{
    error::RowError,
    key::{number, row, seal, unseal},
    queue::{Queues, Staged},
};

/// A table of bytes by bytes: the codec is ours, so damage is our error and not redb's panic.
pub(crate) type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// An open table in a write transaction.
pub(crate) type Open<'txn> = Table<'txn, &'static [u8], &'static [u8]>;

pub(crate) const INBOX: Rows = TableDefinition::new("inbox.v2");
pub(crate) const DROPPED: Rows = TableDefinition::new("dropped.v1");
pub(crate) const LOG: Rows = TableDefinition::new("log.v1");
pub(crate) const REGISTERS: Rows = TableDefinition::new("registers.v1");
pub(crate) const ORDERS: Rows = TableDefinition::new("orders.v1");
pub(crate) const ORDERS_WAITING: Rows = TableDefinition::new("orders_waiting.v1");
pub(crate) const ARRIVALS: Rows = TableDefinition::new("arrivals.v1");

/// Tables with a row for each item. The inbox has rows of many.
pub(crate) const PRIMARY: [Rows; 4] = [DROPPED, LOG, REGISTERS, ORDERS];

/// All tables.
pub(crate) const ALL: [Rows; 7] =
    [INBOX, DROPPED, LOG, REGISTERS, ORDERS, ORDERS_WAITING, ARRIVALS];

/// All tables, open in one write transaction.
pub(crate) struct Tables<'txn> {
    /// What waited before this transaction.
    pub(crate) queues: &'txn Queues,
    /// What this transaction changes of it, written at its end.
    pub(crate) staged: Staged,
    pub(crate) inbox: Open<'txn>,
    pub(crate) dropped: Open<'txn>,
    pub(crate) log: Open<'txn>,
    pub(crate) registers: Open<'txn>,
    pub(crate) orders: Open<'txn>,
    pub(crate) orders_waiting: Open<'txn>,
    pub(crate) arrivals: Open<'txn>,
}

impl<'txn> Tables<'txn> {
    /// Opens all tables and makes those that do not exist.
    pub(crate) fn open(
        txn: &'txn WriteTransaction,
        queues: &'txn Queues,
    ) -> Result<Self, TableError> {
        Ok(Self {
            queues,
            staged: Staged::default(),
            inbox: txn.open_table(INBOX)?,
            dropped: txn.open_table(DROPPED)?,
            log: txn.open_table(LOG)?,
            registers: txn.open_table(REGISTERS)?,
            orders: txn.open_table(ORDERS)?,
            orders_waiting: txn.open_table(ORDERS_WAITING)?,
            arrivals: txn.open_table(ARRIVALS)?,
        })
    }

    /// Writes what was staged, and returns it for who reads.
    pub(crate) fn finish(mut self) -> Result<Staged, RowError> {
        self.staged.write(self.queues, &mut self.inbox)?;
        Ok(self.staged)
    }

    /// Gives out the next `count` arrivals of the layer; returns the first of them.
    pub(crate) fn arrive(&mut self, layer: LayerId, count: usize) -> Result<u64, RowError> {
        const NAME: &str = "counter of arrivals";
        let key = row(layer, &[]);
        let last = match self.arrivals.get(&*key)? {
            Some(value) => number(NAME, unseal(NAME, &key, value.value())?)?,
            None => 0,
        };
        let newest = u64::try_from(count).ok().and_then(|count| last.checked_add(count));
        let newest = newest.ok_or_else(|| RowError::corrupt(NAME, "it is full"))?;
        self.arrivals.insert(&*key, &*seal(&key, &[&newest.to_be_bytes()]))?;
        Ok(last + 1)
    }
}

/// Inserts a row whose key is new; finding one there is damage, and it is not written over.
pub(crate) fn insert_new(
    table: &mut Open<'_>,
    name: &str,
    key: &[u8],
    value: &[u8],
) -> Result<(), RowError> {
    match table.insert(key, value)? {
        Some(_) => Err(RowError::corrupt(name, "its place is taken")),
        None => Ok(()),
    }
}
