//! The database: reads of snapshots, writes through the writer thread.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use node_core::port::PortError;
use redb::{Builder, Database, ReadTransaction, ReadableDatabase, TableHandle};

use crate::{
    DiskError,
    error::RowError,
    key::Span,
    queue::Queues,
    tables::{self, Rows, Tables},
    writer::Writer,
};

/// Name of the database's file in the directory.
pub(crate) const FILE: &str = "ledger.redb";

/// 64 MiB: the tip of every table; what is older is in the system's page cache anyway.
pub(crate) const CACHE_BYTES: usize = 64 << 20;

/// An open database. Dropping it waits for the writer and frees the file.
#[derive(Debug)]
pub(crate) struct Ledger {
    // Before `db`: the writer thread holds the database as well, and ends first.
    writer: Writer,
    queues: Arc<Queues>,
    db: Arc<Database>,
}

impl Ledger {
    /// Opens the database in `dir`, or makes it.
    pub(crate) fn open(dir: &Path, cache_bytes: usize) -> Result<Self, DiskError> {
        let path = dir.join(FILE);
        let db =
            guarded_open(|| builder(cache_bytes).create(path)).map_err(DiskError::ledger(dir))?;
        Self::start(db, dir)
    }

    /// Verifies the checksums of all pages of the database in `dir`, and returns it: it is the
    /// lock.
    pub(crate) fn verify(dir: &Path) -> Result<Database, DiskError> {
        let path = dir.join(FILE);
        let mut db =
            guarded_open(|| builder(CACHE_BYTES).open(&path)).map_err(DiskError::ledger(dir))?;
        match guarded_open(|| db.check_integrity()).map_err(DiskError::ledger(dir))? {
            true => Ok(db),
            false => Err(DiskError::Damaged {
                path,
                reason: "its pages did not match their checksums; redb restored an older state"
                    .to_owned(),
            }),
        }
    }

    /// Prepares the tables of `db` and starts its writer; `dir` is for errors.
    pub(crate) fn start(db: Database, dir: &Path) -> Result<Self, DiskError> {
        refuse_unknown_tables(&db, dir)?;
        make_tables(&db).map_err(DiskError::ledger(dir))?;
        let queues = Arc::new(open_queues(&db).map_err(DiskError::ledger(dir))?);
        let db = Arc::new(db);
        let writer = Writer::start(Arc::clone(&db), Arc::clone(&queues))
            .map_err(DiskError::io("start the writer of", &dir.join(FILE)))?;
        Ok(Self { writer, queues, db })
    }

    /// What waits in the inboxes: every write that returned before.
    pub(crate) fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Reads a snapshot that holds every write that returned before.
    pub(crate) fn read<T>(
        &self,
        what: &'static str,
        read: impl FnOnce(&ReadTransaction) -> Result<T, RowError>,
    ) -> Result<T, PortError> {
        guarded(|| read(&self.db.begin_read()?)).map_err(|error| error.into_port(what))
    }

    /// Writes; see [`Writer::run`].
    pub(crate) async fn write<T, F>(&self, what: &'static str, apply: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tables<'_>) -> Result<T, RowError> + Send + 'static,
    {
        self.writer.run(what, apply).await
    }
}

/// Returns how many rows `tables` have in `span`.
pub(crate) fn count_rows(
    txn: &ReadTransaction,
    tables: &[Rows],
    span: Option<&Span>,
) -> Result<u64, RowError> {
    let mut rows = 0;
    for table in tables {
        let table = txn.open_table(*table)?;
        rows += match span {
            Some(span) => {
                table.range::<&[u8]>(span.bounds())?.try_fold(0, |n, row| row.map(|_| n + 1))?
            }
            None => redb::ReadableTableMetadata::len(&table)?,
        };
    }
    Ok(rows)
}

fn builder(cache_bytes: usize) -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(cache_bytes);
    builder
}

/// Turns a panic into an error: redb trusts its pages between the checks of their checksums, and a
/// damaged page must not take the process down.
pub(crate) fn guarded<T>(run: impl FnOnce() -> Result<T, RowError>) -> Result<T, RowError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(RowError::corrupt(FILE, &panic_text(&*panic))))
}

/// As [`guarded`], for what opens or checks the whole file.
pub(crate) fn guarded_open<T>(
    run: impl FnOnce() -> Result<T, redb::DatabaseError>,
) -> Result<T, redb::DatabaseError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(redb::StorageError::Corrupted(panic_text(&*panic)).into()))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("redb cannot read a page: {}", text.unwrap_or("no reason given"))
}

fn refuse_unknown_tables(db: &Database, dir: &Path) -> Result<(), DiskError> {
    let known = tables::ALL.map(|table| table.name().to_owned());
    let txn = db.begin_read().map_err(DiskError::ledger(dir))?;
    let mut found = txn.list_tables().map_err(DiskError::ledger(dir))?;
    match found.find(|table| !known.iter().any(|name| name == table.name())) {
        Some(table) => {
            Err(DiskError::UnknownTable { dir: dir.to_owned(), table: table.name().to_owned() })
        }
        None => Ok(()),
    }
}

/// Makes all tables once, so that readers find them.
fn make_tables(db: &Database) -> Result<(), redb::Error> {
    let txn = db.begin_write()?;
    drop(Tables::open(&txn, &Queues::default())?);
    Ok(txn.commit()?)
}

fn open_queues(db: &Database) -> Result<Queues, redb::Error> {
    Queues::open(&db.begin_read()?)
}
