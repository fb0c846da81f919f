//! What is damaged is `Corrupt`: not a panic, not nothing, not another answer.

use std::{fs, path::Path};

use alloy_primitives::{Address, B256, Bytes};
use futures::executor::block_on;
use node_core::{
    chain::{Epoch, SlotNumber},
    codec::record::{AttemptId, Dropped, MintOrder, Outcome, SlotContent, SlotEntry},
    port::{PortError, Put, Stores},
};
use redb::{Database, ReadableDatabase, ReadableTable};
use tempfile::{TempDir, tempdir};

use super::{LAYER, Random, pending};
use crate::{
    Disk, DiskError,
    ledger::FILE,
    tables::{ARRIVALS, DROPPED, INBOX, LOG, ORDERS, ORDERS_WAITING, REGISTERS, Rows},
};

/// A store with one item of everything.
fn filled() -> TempDir {
    let dir = tempdir().expect("a temporary directory");
    let stores = Disk::open(dir.path()).expect("opens").stores(LAYER);
    block_on(fill(&stores)).expect("fills");
    dir
}

async fn fill(stores: &Stores) -> Result<(), PortError> {
    stores.inbox.append(pending(1)).await?;
    let dropped = Dropped { hash: B256::repeat_byte(2), reason: "x".to_owned(), dropped_ms: 1 };
    stores.inbox.drop_with_reason(&[dropped]).await?;
    stores.log.append(fence(0)).await?;
    stores.registers.store("r", None, Bytes::from_static(b"value")).await?;
    stores.orders.record(order()).await?;
    let object = Bytes::from(vec![5; 200_000]);
    stores.objects.put("p/object", object, Put::IfAbsent).await.map(|_| ())
}

fn fence(slot: u64) -> SlotEntry {
    let content = SlotContent::Fence;
    SlotEntry { slot: SlotNumber(slot), epoch: Epoch(1), attempt: AttemptId(1), content }
}

fn order() -> MintOrder {
    MintOrder { key: "k".to_owned(), recipient: Address::ZERO, received_ms: 1, sold: None }
}

/// Replaces the only row of `table` by what `change` makes of it.
fn change_row(dir: &Path, table: Rows, change: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) {
    let db = Database::open(dir.join(FILE)).expect("opens");
    let txn = db.begin_write().expect("begins");
    {
        let mut table = txn.open_table(table).expect("exists");
        let (mut key, mut value) = {
            let (key, value) = table.first().expect("reads").expect("has a row");
            (key.value().to_vec(), value.value().to_vec())
        };
        table.remove(&*key).expect("removes");
        change(&mut key, &mut value);
        table.insert(&*key, &*value).expect("inserts");
    }
    txn.commit().expect("commits");
}

fn row_length(dir: &Path, table: Rows) -> usize {
    let db = Database::open(dir.join(FILE)).expect("opens");
    let table = db.begin_read().expect("begins").open_table(table).expect("exists");
    table.first().expect("reads").expect("has a row").1.value().len()
}

type Verb = fn(&Stores) -> Result<String, PortError>;

fn text<T: std::fmt::Debug>(result: Result<T, PortError>) -> Result<String, PortError> {
    result.map(|value| format!("{value:?}"))
}

/// Each table, and the verbs that must notice damage of its value.
const READERS: &[(&str, Rows, &[Verb])] = &[
    (
        "inbox",
        INBOX,
        &[
            |s| text(block_on(s.inbox.waiting(9))),
            |s| text(block_on(s.inbox.of_sender(Address::repeat_byte(1)))),
            |s| text(block_on(s.inbox.append(pending(1)))),
            |s| text(block_on(s.inbox.append(pending(2)))),
            |s| text(block_on(s.inbox.remove(&[pending(1).hash]))),
        ],
    ),
    ("dropped", DROPPED, &[|s| text(block_on(s.inbox.dropped(B256::repeat_byte(2))))]),
    (
        "log",
        LOG,
        &[
            |s| text(block_on(s.log.read(SlotNumber(0)))),
            |s| text(block_on(s.log.read_from(SlotNumber(0), 9))),
            |s| text(block_on(s.log.append(fence(0)))),
        ],
    ),
    (
        "registers",
        REGISTERS,
        &[
            |s| text(block_on(s.registers.load("r"))),
            |s| text(block_on(s.registers.store("r", None, Bytes::new()))),
        ],
    ),
    (
        "orders",
        ORDERS,
        &[
            |s| text(block_on(s.orders.get("k"))),
            |s| text(block_on(s.orders.record(order()))),
            |s| text(block_on(s.orders.waiting(9))),
            |s| {
                text(block_on(
                    s.orders
                        .mark(&[("k".to_owned(), Outcome::Failed { reason: "late".to_owned() })]),
                ))
            },
        ],
    ),
    ("waiting orders", ORDERS_WAITING, &[|s| text(block_on(s.orders.waiting(9)))]),
    ("arrivals", ARRIVALS, &[|s| text(block_on(s.inbox.append(pending(2))))]),
];

fn assert_corrupt(dir: &Path, verbs: &[Verb], case: &str) {
    let stores = Disk::open(dir).expect("opens").stores(LAYER);
    for (at, verb) in verbs.iter().enumerate() {
        let result = verb(&stores);
        assert!(matches!(result, Err(PortError::Corrupt { .. })), "{case}, verb {at}: {result:?}");
    }
    // The others go on.
    block_on(stores.log.append(fence(77))).expect("a good write after a refused one");
}

#[test]
fn a_flipped_byte_of_any_row_is_corrupt() {
    for (name, table, verbs) in READERS {
        let length = row_length(filled().path(), *table);
        for at in [0, length / 2, length - 1] {
            let dir = filled();
            change_row(dir.path(), *table, |_, value| value[at] ^= 0x10);
            assert_corrupt(dir.path(), verbs, &format!("{name}, byte {at}"));
        }
    }
}

#[test]
fn a_cut_row_is_corrupt() {
    for (name, table, verbs) in READERS {
        for length in [0, 5, row_length(filled().path(), *table) - 1] {
            let dir = filled();
            change_row(dir.path(), *table, |_, value| value.truncate(length));
            assert_corrupt(dir.path(), verbs, &format!("{name}, cut to {length}"));
        }
    }
}

#[test]
fn a_whole_record_under_another_key_is_corrupt() {
    let hash = B256::with_last_byte(2);
    let cases: [(Rows, &[u8], &[Verb]); 5] = [
        (DROPPED, &hash[..], &[|s| text(block_on(s.inbox.dropped(B256::with_last_byte(2))))]),
        (LOG, &9_u64.to_be_bytes(), &[|s| text(block_on(s.log.read(SlotNumber(9))))]),
        (REGISTERS, b"q", &[|s| text(block_on(s.registers.load("q")))]),
        (
            ORDERS,
            b"q",
            &[|s| text(block_on(s.orders.get("q"))), |s| text(block_on(s.orders.waiting(9)))],
        ),
        (
            INBOX,
            &200_u64.to_be_bytes(),
            &[
                |s| text(block_on(s.inbox.append(pending(1)))),
                |s| text(block_on(s.inbox.of_sender(Address::repeat_byte(1)))),
            ],
        ),
    ];
    for (table, other, verbs) in cases {
        let dir = filled();
        change_row(dir.path(), table, |key, _| {
            key.splice(16.., other.iter().copied()).for_each(drop)
        });
        assert_corrupt(dir.path(), verbs, &format!("{table}"));
    }
}

#[test]
fn damage_does_not_stop_the_erasing_of_a_layer() {
    for (_, table, _) in READERS {
        let dir = filled();
        change_row(dir.path(), *table, |_, value| value.clear());
        let disk = Disk::open(dir.path()).expect("opens");
        let stores = disk.stores(LAYER);
        assert_eq!(block_on(stores.stored.erase()).expect("erases"), 5);
        assert_eq!(block_on(stores.stored.count()).expect("counts"), 0);
    }
}

#[test]
fn a_flipped_byte_of_an_object_is_corrupt() {
    let dir = filled();
    let path = dir.path().join("objects/p/object");
    let good = fs::read(&path).expect("reads");
    let stores = Disk::open(dir.path()).expect("opens").stores(LAYER);
    let object = || block_on(stores.objects.get("p/object"));
    let middle = || block_on(stores.objects.get_range("p/object", 70_000, 10));
    for at in (0..good.len()).step_by(9_973).chain(200_000..good.len()) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, bad).expect("writes");
        let got = object();
        assert!(matches!(got, Err(PortError::Corrupt { .. })), "byte {at}: {got:?}");
        let got = middle();
        if (65_536..81_920).contains(&at) {
            assert!(matches!(got, Err(PortError::Corrupt { .. })), "byte {at}: {got:?}");
        } else {
            assert_right_or_corrupt(&got, &good[70_000..70_010]);
        }
    }
    for length in [0, 10, 24, 65_536, good.len() - 1] {
        fs::write(&path, &good[..length]).expect("writes");
        assert!(matches!(object(), Err(PortError::Corrupt { .. })), "cut to {length}");
        assert_right_or_corrupt(&middle(), &good[70_000..70_010]);
    }
}

/// The trailer of a file that is open already was verified then, and may be damaged since.
fn assert_right_or_corrupt(got: &Result<Bytes, PortError>, expected: &[u8]) {
    match got {
        Ok(bytes) => assert_eq!(bytes[..], *expected),
        Err(PortError::Corrupt { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_object_under_another_name_is_corrupt() {
    let dir = filled();
    let object = |name: &str| dir.path().join("objects/p").join(name);
    fs::rename(object("object"), object("other")).expect("renames");
    let stores = Disk::open(dir.path()).expect("opens").stores(LAYER);
    let got = block_on(stores.objects.get("p/other"));
    assert!(matches!(got, Err(PortError::Corrupt { .. })), "{got:?}");
    drop(stores);
    let found = Disk::verify(dir.path());
    assert!(matches!(found, Err(DiskError::Damaged { .. })), "{found:?}");
}

#[test]
fn a_ledger_of_another_version_is_refused() {
    let dir = filled();
    let db = Database::open(dir.path().join(FILE)).expect("opens");
    let txn = db.begin_write().expect("begins");
    txn.open_table(Rows::new("inbox.v1")).expect("makes");
    txn.commit().expect("commits");
    drop(db);
    let refused = Disk::open(dir.path()).expect_err("an unknown table");
    assert!(refused.to_string().contains("inbox.v1"), "{refused}");
}

/// Bytes flipped anywhere in the database's file: verifying finds them, or they are in no live
/// page.
#[test]
fn a_flipped_byte_of_a_page_is_found_or_harmless() {
    let seed = 20_261_121;
    println!("seed {seed}");
    let mut random = Random(seed);
    let dir = filled();
    let path = dir.path().join(FILE);
    let good = fs::read(&path).expect("reads");
    let answers = |stores: &Stores| -> Vec<Result<String, PortError>> {
        let readers = READERS.iter().flat_map(|(_, _, verbs)| verbs.iter());
        readers.map(|verb| verb(stores)).collect()
    };
    let expected = {
        let copy = filled();
        let stores = Disk::open(copy.path()).expect("opens").stores(LAYER);
        answers(&stores).into_iter().map(|one| format!("{one:?}")).collect::<Vec<_>>()
    };
    // Where the file has bytes at all: most of a fresh database is zero.
    let places: Vec<usize> = (0..good.len()).filter(|at| good[*at] != 0).collect();
    let mut found = 0;
    for _ in 0..100 {
        let at = places[random.below(places.len())];
        let mut bad = good.clone();
        bad[at] ^= 1 << random.below(8);
        fs::write(&path, &bad).expect("writes");
        if Disk::verify(dir.path()).is_err() {
            found += 1;
            continue;
        }
        let stores = Disk::open(dir.path()).expect("verified").stores(LAYER);
        let got: Vec<_> = answers(&stores).into_iter().map(|one| format!("{one:?}")).collect();
        assert_eq!(got, expected, "byte {at}");
    }
    println!("found {found} of 100");
    assert!(found > 0, "some byte must matter");
}
