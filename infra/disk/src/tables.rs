//! The tables of the ledger; the crate's documentation shows their keys and values.

use node_core::chain::LayerId;
use redb::{ReadableTable, Table, TableDefinition, TableError, WriteTransaction};

use crate::{
    error::RowError,
    key::{number, row, seal, unseal},
};

/// A table of bytes by bytes: the codec is ours, so damage is our error and not redb's panic.
pub(crate) type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// An open table in a write transaction.
pub(crate) type Open<'txn> = Table<'txn, &'static [u8], &'static [u8]>;

pub(crate) const INBOX: Rows = TableDefinition::new("inbox.v1");
pub(crate) const INBOX_BY_HASH: Rows = TableDefinition::new("inbox_by_hash.v1");
pub(crate) const INBOX_BY_SENDER: Rows = TableDefinition::new("inbox_by_sender.v1");
pub(crate) const DROPPED: Rows = TableDefinition::new("dropped.v1");
pub(crate) const LOG: Rows = TableDefinition::new("log.v1");
pub(crate) const REGISTERS: Rows = TableDefinition::new("registers.v1");
pub(crate) const ORDERS: Rows = TableDefinition::new("orders.v1");
pub(crate) const ORDERS_WAITING: Rows = TableDefinition::new("orders_waiting.v1");
pub(crate) const ARRIVALS: Rows = TableDefinition::new("arrivals.v1");

/// Tables that hold the items; each item is in one of them, once.
pub(crate) const PRIMARY: [Rows; 5] = [INBOX, DROPPED, LOG, REGISTERS, ORDERS];

/// All tables.
pub(crate) const ALL: [Rows; 9] = [
    INBOX,
    INBOX_BY_HASH,
    INBOX_BY_SENDER,
    DROPPED,
    LOG,
    REGISTERS,
    ORDERS,
    ORDERS_WAITING,
    ARRIVALS,
];

/// All tables, open in one write transaction.
pub(crate) struct Tables<'txn> {
    pub(crate) inbox: Open<'txn>,
    pub(crate) inbox_by_hash: Open<'txn>,
    pub(crate) inbox_by_sender: Open<'txn>,
    pub(crate) dropped: Open<'txn>,
    pub(crate) log: Open<'txn>,
    pub(crate) registers: Open<'txn>,
    pub(crate) orders: Open<'txn>,
    pub(crate) orders_waiting: Open<'txn>,
    pub(crate) arrivals: Open<'txn>,
}

impl<'txn> Tables<'txn> {
    /// Opens all tables and makes those that do not exist.
    pub(crate) fn open(txn: &'txn WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            inbox: txn.open_table(INBOX)?,
            inbox_by_hash: txn.open_table(INBOX_BY_HASH)?,
            inbox_by_sender: txn.open_table(INBOX_BY_SENDER)?,
            dropped: txn.open_table(DROPPED)?,
            log: txn.open_table(LOG)?,
            registers: txn.open_table(REGISTERS)?,
            orders: txn.open_table(ORDERS)?,
            orders_waiting: txn.open_table(ORDERS_WAITING)?,
            arrivals: txn.open_table(ARRIVALS)?,
        })
    }

    /// Gives out the next arrival of the layer.
    pub(crate) fn arrive(&mut self, layer: LayerId) -> Result<u64, RowError> {
        const NAME: &str = "counter of arrivals";
        let key = row(layer, &[]);
        let last = match self.arrivals.get(&*key)? {
            Some(value) => number(NAME, unseal(NAME, &key, value.value())?)?,
            None => 0,
        };
        let next = last.checked_add(1).ok_or_else(|| RowError::corrupt(NAME, "it is full"))?;
        self.arrivals.insert(&*key, &*seal(&key, &[&next.to_be_bytes()]))?;
        Ok(next)
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
