//! The disk is a store like every other, also when it is closed and opened in between.

mod common;

use alloy_primitives::Bytes;
use common::{LAYER, fence, hash, order, pending, with_stores};
use futures::executor::block_on;
use mayfly_disk::{Disk, DiskError, Removal};
use node_core::{
    chain::{LayerId, SlotNumber},
    codec::record::{Dropped, OrderState},
    port::{Appended, LogAppend, PortError, Put, PutOutcome, Recorded, conformance},
};
use tempfile::tempdir;

#[test]
fn the_disk_conforms() {
    let dir = tempdir().expect("a temporary directory");
    with_stores(dir.path(), async |stores| conformance::all(&stores).await).expect("no error");
}

#[test]
fn the_disk_conforms_again_after_reopening() {
    let dir = tempdir().expect("a temporary directory");
    for _ in 0..3 {
        with_stores(dir.path(), async |stores| conformance::all(&stores).await).expect("no error");
    }
}

#[test]
fn layers_in_one_directory_do_not_see_each_other() {
    let dir = tempdir().expect("a temporary directory");
    let disk = Disk::open(dir.path()).expect("opens");
    let (one, other) = (disk.stores(LAYER), disk.stores(LayerId::new([8; 16])));
    block_on(async {
        other.inbox.append(pending(1)).await.expect("appends");
        other.registers.store("r", None, Bytes::new()).await.expect("stores");
        conformance::all(&one).await.expect("the first layer is empty and stays alone");
        assert_eq!(other.stored.count().await.expect("counts"), 2);
        assert_eq!(other.inbox.waiting(9).await.expect("reads"), [pending(1)]);
    });
}

#[test]
fn reopening_keeps_everything() {
    let dir = tempdir().expect("a temporary directory");
    let dropped = Dropped { hash: hash(2), reason: "nonce".to_owned(), dropped_ms: 1 };
    with_stores(dir.path(), async |stores| {
        for number in [3, 1, 2] {
            stores.inbox.append(pending(number)).await.expect("appends");
        }
        stores.inbox.drop_with_reason(std::slice::from_ref(&dropped)).await.expect("drops");
        stores.log.append(fence(0, 1)).await.expect("appends");
        stores.orders.record(order("b")).await.expect("records");
        stores.orders.record(order("a")).await.expect("records");
        let value = Bytes::from_static(b"object");
        stores.objects.put("layers/x/one", value, Put::IfAbsent).await.expect("puts");
    });
    let version = with_stores(dir.path(), async |stores| {
        stores.registers.store("r", None, Bytes::from_static(b"v")).await.expect("stores")
    });
    with_stores(dir.path(), async |stores| {
        assert_eq!(stores.inbox.waiting(9).await.expect("reads"), [pending(3), pending(1)]);
        assert_eq!(stores.inbox.dropped(hash(2)).await.expect("reads"), Some(dropped));
        assert_eq!(stores.inbox.append(pending(3)).await.expect("appends"), Appended::Known);
        assert_eq!(stores.inbox.append(pending(4)).await.expect("appends"), Appended::New);
        let last = stores.inbox.waiting(9).await.expect("reads").pop();
        assert_eq!(last, Some(pending(4)), "arrivals go on where they ended");
        let other = stores.log.append(fence(0, 2)).await.expect("appends");
        assert_eq!(other, LogAppend::Occupied(fence(0, 1)));
        assert_eq!(stores.log.read(SlotNumber(0)).await.expect("reads"), Some(fence(0, 1)));
        let held = stores.registers.load("r").await.expect("loads");
        assert_eq!(held, Some((version, Bytes::from_static(b"v"))));
        assert_eq!(stores.orders.waiting(9).await.expect("reads"), [order("b"), order("a")]);
        let known = stores.orders.record(order("a")).await.expect("records");
        assert_eq!(known, Recorded::Known(OrderState::Waiting));
        let object = stores.objects.get("layers/x/one").await.expect("gets");
        assert_eq!(object, Bytes::from_static(b"object"));
        assert_eq!(stores.stored.count().await.expect("counts"), 8);
    });
    Disk::verify(dir.path()).expect("whole");
}

#[test]
fn a_second_owner_is_told_what_to_do() {
    let dir = tempdir().expect("a temporary directory");
    let disk = Disk::open(dir.path()).expect("opens");
    let second = Disk::open(dir.path());
    let text = second.as_ref().map(|_| ()).expect_err("the first one holds it").to_string();
    assert!(matches!(second, Err(DiskError::InUse { .. })), "{text}");
    assert!(text.contains(&dir.path().display().to_string()), "names the directory: {text}");
    assert!(text.contains("stop the other one"), "says what to do: {text}");
    drop(disk);
    Disk::open(dir.path()).expect("free again as soon as the first one is dropped");
}

#[test]
fn stores_keep_the_directory_open() {
    let dir = tempdir().expect("a temporary directory");
    let stores = Disk::open(dir.path()).expect("opens").stores(LAYER);
    assert!(matches!(Disk::open(dir.path()), Err(DiskError::InUse { .. })));
    block_on(stores.inbox.append(pending(1))).expect("still appends");
}

#[test]
fn an_erased_layer_leaves_nothing_on_the_disk() {
    let parent = tempdir().expect("a temporary directory");
    let dir = parent.path().join("a/layer");
    with_stores(&dir, async |stores| {
        stores.inbox.append(pending(1)).await.expect("appends");
        let put = stores.objects.put("layers/x/y/z", Bytes::new(), Put::IfAbsent).await;
        assert_eq!(put.expect("puts"), PutOutcome::Written);
    });
    let disk = Disk::open(&dir).expect("opens");
    let kept = disk.remove_if_empty().expect("looks");
    // One transaction: its row and the counter of arrivals.
    assert_eq!(kept, Removal::Kept { rows: 2, objects: 1 });
    with_stores(&dir, async |stores| {
        assert_eq!(stores.stored.erase().await.expect("erases"), 1);
        stores.objects.delete(&["layers/x/y/z".to_owned()]).await.expect("deletes");
    });
    assert_eq!(
        std::fs::read_dir(dir.join("objects")).expect("is there").count(),
        0,
        "no empty directory"
    );
    let disk = Disk::open(&dir).expect("opens");
    assert_eq!(disk.remove_if_empty().expect("removes"), Removal::Removed);
    assert!(!dir.exists(), "nothing is left");
}

#[test]
fn a_directory_in_use_is_not_removed() {
    let dir = tempdir().expect("a temporary directory");
    let disk = Disk::open(dir.path()).expect("opens");
    let stores = disk.stores(LAYER);
    assert!(matches!(disk.remove_if_empty(), Err(DiskError::StoresAlive { .. })));
    block_on(stores.inbox.append(pending(1))).expect("still appends");
}

#[test]
fn removal_leaves_files_of_others_alone() {
    let dir = tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("notes.txt"), "mine").expect("writes");
    let disk = Disk::open(dir.path()).expect("opens");
    assert_eq!(disk.remove_if_empty().expect("removes"), Removal::Removed);
    let left: Vec<_> = std::fs::read_dir(dir.path()).expect("is there").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_crash_leaves_no_temporary_file() {
    let dir = tempdir().expect("a temporary directory");
    with_stores(dir.path(), async |stores| {
        stores.objects.put("p/a", Bytes::new(), Put::IfAbsent).await.expect("puts");
    });
    let left_over = dir.path().join("objects/p/.tmp-0");
    std::fs::write(&left_over, "half an obj").expect("writes");
    with_stores(dir.path(), async |stores| {
        assert!(!left_over.exists());
        assert_eq!(stores.objects.list("").await.expect("lists"), ["p/a"]);
    });
}

#[test]
fn a_name_cannot_leave_the_directory() {
    let parent = tempdir().expect("a temporary directory");
    with_stores(&parent.path().join("store"), async |stores| {
        for name in ["../escaped", "/tmp/escaped", "a/../../../escaped", "", "a//b", ".tmp-0"] {
            let put = stores.objects.put(name, Bytes::new(), Put::Overwrite).await;
            assert!(matches!(put, Err(PortError::Refused { .. })), "{name:?}: {put:?}");
            let got = stores.objects.get(name).await;
            assert!(matches!(got, Err(PortError::Refused { .. })), "{name:?}: {got:?}");
            let deleted = stores.objects.delete(&[name.to_owned()]).await;
            assert!(matches!(deleted, Err(PortError::Refused { .. })), "{name:?}: {deleted:?}");
        }
        assert_eq!(stores.objects.list("../").await.expect("lists"), Vec::<String>::new());
        assert_eq!(stores.objects.list("/etc").await.expect("lists"), Vec::<String>::new());
    });
    assert_eq!(std::fs::read_dir(parent.path()).expect("is there").count(), 1, "only the store");
}

#[test]
fn an_object_and_a_directory_cannot_share_a_name() {
    let dir = tempdir().expect("a temporary directory");
    with_stores(dir.path(), async |stores| {
        let objects = &stores.objects;
        objects.put("a/b", Bytes::from_static(b"1"), Put::IfAbsent).await.expect("puts");
        for (name, put) in [("a", Put::IfAbsent), ("a", Put::Overwrite), ("a/b/c", Put::IfAbsent)] {
            let refused = objects.put(name, Bytes::new(), put).await;
            assert!(
                matches!(refused, Err(PortError::Refused { .. })),
                "{name} {put:?}: {refused:?}"
            );
        }
        for name in ["a", "a/b/c"] {
            let missing = objects.get(name).await;
            assert!(matches!(missing, Err(PortError::NotFound { .. })), "{name}: {missing:?}");
        }
        objects.delete(&["a".to_owned(), "a/b/c".to_owned()]).await.expect("unknown names");
        assert_eq!(objects.list("").await.expect("lists"), ["a/b"]);
    });
}

#[test]
fn ranges_of_large_objects_are_exact() {
    let dir = tempdir().expect("a temporary directory");
    let whole: Bytes = (0..300_000_u32).map(|n| (n % 251).to_le_bytes()[0]).collect();
    with_stores(dir.path(), async |stores| {
        for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000] {
            let object = whole.slice(..length);
            stores.objects.put("o", object.clone(), Put::Overwrite).await.expect("puts");
            assert_eq!(stores.objects.get("o").await.expect("gets"), object);
            for at in [0, 1, 65_535, 65_536, 65_537, 131_071, 299_999, 400_000] {
                for size in [0, 1, 65_536, 200_000] {
                    let offset = u64::try_from(at).expect("small");
                    let got = stores.objects.get_range("o", offset, size).await;
                    if at + size <= length {
                        let expected = object.slice(at..at + size);
                        assert_eq!(got.expect("gets"), expected, "{length} {at} {size}");
                    } else {
                        assert!(matches!(got, Err(PortError::Corrupt { .. })), "{got:?}");
                    }
                }
            }
        }
    });
}
