//! Power cuts: what was acknowledged is on the disk, whatever the disk did with what was not
//! synced.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use alloy_primitives::Bytes;
use futures::{executor::block_on, future::join_all};
use node_core::{codec::record::Pending, port::Put};
use redb::{Database, ReadableTableMetadata, StorageBackend};
use tempfile::tempdir;

use super::{LAYER, Random, pending};
use crate::{
    inbox::append_all,
    key::row,
    ledger::Ledger,
    objects::{Step, Tree, recorded},
    queue::SEGMENT,
    tables::{LOG, insert_new},
};

/// A disk with a cache: what was written since the last sync may be lost, in any part and order.
#[derive(Debug, Clone, Default)]
struct Platter(Arc<Mutex<Cached>>);

#[derive(Debug, Default)]
struct Cached {
    synced: Vec<u8>,
    live: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
    syncs: usize,
    broken: bool,
}

impl Platter {
    fn with<T>(&self, act: impl FnOnce(&mut Cached) -> T) -> T {
        act(&mut self.0.lock().expect("no panic under this lock"))
    }

    /// What the disk holds when the power is cut now.
    fn cut(&self, random: &mut Random) -> Self {
        self.with(|cached| {
            let mut image = cached.synced.clone();
            image.resize(cached.live.len().max(image.len()), 0);
            for (offset, bytes) in &cached.unsynced {
                // Lost, whole, or torn at a sector.
                let kept = match random.below(3) {
                    0 => 0,
                    1 => bytes.len(),
                    _ => random.below(bytes.len() / 512 + 1) * 512,
                };
                let kept = kept.min(image.len().saturating_sub(*offset));
                image[*offset..*offset + kept].copy_from_slice(&bytes[..kept]);
            }
            let live = image.clone();
            let cut = Cached { synced: image, live, ..Cached::default() };
            Self(Arc::new(Mutex::new(cut)))
        })
    }

    fn ledger(&self) -> Ledger {
        let db = Database::builder().create_with_backend(self.clone()).expect("opens after a cut");
        Ledger::start(db, Path::new("platter")).expect("starts")
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("small")
}

impl StorageBackend for Platter {
    fn len(&self) -> io::Result<u64> {
        self.with(|cached| Ok(u64::try_from(cached.live.len()).expect("small")))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = index(offset);
        self.with(|cached| {
            let found = cached.live.get(at..at + out.len());
            out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|cached| cached.live.resize(index(len), 0));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(|cached| {
            if cached.broken {
                return Err(io::Error::other("the disk is broken"));
            }
            cached.synced.clone_from(&cached.live);
            cached.unsynced.clear();
            cached.syncs += 1;
            Ok(())
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let at = index(offset);
        self.with(|cached| {
            cached.live[at..at + data.len()].copy_from_slice(data);
            cached.unsynced.push((at, data.to_vec()));
        });
        Ok(())
    }
}

async fn append(ledger: &Ledger, number: u64) -> Result<(), node_core::port::PortError> {
    let (key, value) = (row(LAYER, &[&number.to_be_bytes()]), pending(number).raw);
    ledger.write("test", move |tables| insert_new(&mut tables.log, "test", &key, &value)).await
}

fn rows(ledger: &Ledger) -> u64 {
    ledger.read("test", |txn| Ok(txn.open_table(LOG)?.len()?)).expect("reads")
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let seed = 7;
    println!("seed {seed}");
    let mut random = Random(seed);
    let platter = Platter::default();
    let ledger = platter.ledger();
    for number in 1..=100 {
        block_on(append(&ledger, number)).expect("appends");
        let after = platter.cut(&mut random).ledger();
        assert_eq!(rows(&after), number, "acknowledged, then lost");
    }
}

#[test]
fn a_cut_within_a_commit_leaves_the_ledger_whole() {
    let seed = 11;
    println!("seed {seed}");
    let mut random = Random(seed);
    let platter = Platter::default();
    let ledger = platter.ledger();
    std::thread::scope(|scope| {
        let writer =
            scope.spawn(|| (0..300).try_for_each(|number| block_on(append(&ledger, number))));
        while !writer.is_finished() {
            let before = rows(&ledger);
            let after = platter.cut(&mut random);
            assert!(rows(&after.ledger()) >= before, "what was visible is durable");
            let mut db = Database::builder().create_with_backend(after).expect("opens");
            assert!(db.check_integrity().expect("whole"));
        }
        writer.join().expect("no panic").expect("appends");
    });
}

/// Transactions come in groups and go one by one, in no order: after every cut the inbox holds what was
/// acknowledged and not removed, in order of arrival.
#[test]
fn an_inbox_survives_a_power_cut() {
    let seed = 13;
    println!("seed {seed}");
    let mut random = Random(seed);
    let platter = Platter::default();
    let ledger = platter.ledger();
    let mut waiting: Vec<Pending> = Vec::new();
    let mut next = 0;
    for _ in 0..60 {
        let many = u64::try_from(random.below(2 * SEGMENT)).expect("small");
        let group: Vec<_> = (next..next + many).map(pending).collect();
        next += many;
        waiting.extend(group.iter().cloned());
        let append = ledger.write("test", move |tables| append_all(tables, LAYER, &group));
        block_on(append).expect("appends");
        let gone: Vec<_> = (0..random.below(waiting.len() + 1))
            .map(|_| waiting[random.below(waiting.len())].hash)
            .collect();
        waiting.retain(|one| !gone.contains(&one.hash));
        let remove = ledger.write("test", move |tables| {
            gone.iter().try_for_each(|hash| tables.staged.take(tables.queues, LAYER, hash))
        });
        block_on(remove).expect("removes");
        let after = platter.cut(&mut random).ledger();
        for ledger in [&ledger, &after] {
            let held = ledger.queues().read(LAYER, |queue| queue.first(usize::MAX));
            assert_eq!(held.expect("whole"), waiting, "{next} appended");
        }
    }
}

#[test]
fn many_appends_at_once_share_their_syncs() {
    let platter = Platter::default();
    let ledger = platter.ledger();
    let before = platter.with(|cached| cached.syncs);
    let results = block_on(join_all((0..1_000).map(|number| append(&ledger, number))));
    assert!(results.iter().all(Result::is_ok));
    let syncs = platter.with(|cached| cached.syncs) - before;
    println!("1000 appends, {syncs} syncs");
    assert!(syncs <= 100, "{syncs} syncs for 1000 appends");
}

#[test]
fn a_failed_sync_acknowledges_nothing() {
    let platter = Platter::default();
    let ledger = platter.ledger();
    block_on(append(&ledger, 1)).expect("appends");
    platter.with(|cached| cached.broken = true);
    let results = block_on(join_all((2..20).map(|number| append(&ledger, number))));
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.is_retryable())));
    platter.with(|cached| cached.broken = false);
    let later = block_on(append(&ledger, 20));
    assert!(later.is_err_and(|error| error.is_retryable()), "the directory must be opened again");
    let reopened = platter.cut(&mut Random(1)).ledger();
    block_on(append(&reopened, 99)).expect("appends again");
}

#[test]
fn an_object_is_synced_before_it_has_a_name_and_its_name_before_the_answer() {
    use Step::{DirectorySynced, FileSynced, Named};
    let dir = tempdir().expect("a temporary directory");
    let tree = Tree::open(dir.path().join("objects")).expect("opens");
    let value = Bytes::from_static(b"value");
    let put = |name: &str, put| {
        recorded(|| {
            tree.publish(name, &value, put).expect("publishes");
        })
    };
    assert_eq!(put("a", Put::IfAbsent), [FileSynced, Named, DirectorySynced]);
    assert_eq!(put("a", Put::Overwrite), [FileSynced, Named, DirectorySynced]);
    assert_eq!(put("a", Put::IfAbsent).last(), Some(&DirectorySynced), "also when it exists");
    let below = put("d/e", Put::IfAbsent);
    assert_eq!(below, [DirectorySynced, FileSynced, Named, DirectorySynced], "and its directory");
}

#[test]
fn an_operation_that_fails_takes_no_other_with_it() {
    let platter = Platter::default();
    let ledger = platter.ledger();
    block_on(append(&ledger, 5)).expect("appends");
    let results = block_on(join_all((0..10).map(|number| append(&ledger, number))));
    let failed: Vec<_> = (0..).zip(&results).filter(|(_, result)| result.is_err()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, 5, "its place was taken");
    assert_eq!(rows(&ledger), 10);
}

#[test]
fn an_operation_that_fails_half_way_writes_nothing() {
    let platter = Platter::default();
    let ledger = platter.ledger();
    let half = ledger.write("test", |tables| {
        insert_new(&mut tables.orders, "test", b"a", b"1")?;
        insert_new(&mut tables.orders, "test", b"a", b"2")
    });
    let (half, good) = block_on(async { futures::join!(half, append(&ledger, 1)) });
    assert!(half.is_err());
    good.expect("appends");
    let orders = ledger.read("test", |txn| Ok(txn.open_table(crate::tables::ORDERS)?.len()?));
    assert_eq!(orders.expect("reads"), 0);
}

#[test]
fn a_panic_in_the_ledger_is_an_error_of_one_operation() {
    let platter = Platter::default();
    let ledger = platter.ledger();
    let boom = ledger.write("test", |_| -> Result<(), _> { panic!("a damaged page") });
    let (boom, good) = block_on(async { futures::join!(boom, append(&ledger, 1)) });
    let error = boom.expect_err("it panicked").to_string();
    assert!(error.contains("a damaged page"), "{error}");
    good.expect("the writer goes on");
}
