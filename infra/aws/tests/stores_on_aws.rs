//! The adapters, and with them the emulators, against the suite of the ports.

use alloy_primitives::{Address, Bytes, TxHash};
use futures::future::{join_all, try_join_all};
use mayfly_aws::{Cloud, Settings};
use mayfly_cloud::{Ground, Trouble, Troubled};
use node_core::{
    chain::{Epoch, LayerId, SlotNumber},
    codec::record::{AttemptId, MintOrder, Pending, SlotContent, SlotEntry},
    port::{LogAppend, PortError, Put, PutOutcome, Recorded, Stores, Version, conformance},
};

const LAYER: LayerId = LayerId::new([7; 16]);

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_on_aws_conform() {
    let ground = Ground::start().await;
    conformance::all(&ground.cloud().await.stores(LAYER)).await.expect("the emulators do not fail");
}

/// A write whose answer is lost is sent again, and finds itself: that is no lost race.
#[tokio::test(flavor = "multi_thread")]
async fn the_stores_conform_when_the_first_answer_to_every_write_is_lost() {
    conform_in(Trouble::AnswerLost).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_conform_when_every_request_is_throttled_once() {
    conform_in(Trouble::Busy).await;
}

async fn conform_in(trouble: Trouble) {
    let ground = Ground::start().await;
    let mut settings = ground.settings();
    let endpoint = |url: &Option<String>| url.clone().expect("an emulator");
    let tables = Troubled::new(&endpoint(&settings.endpoints.dynamodb), trouble).await;
    let objects = Troubled::new(&endpoint(&settings.endpoints.s3), trouble).await;
    settings.endpoints.dynamodb = Some(tables.url());
    settings.endpoints.s3 = Some(objects.url());
    let stores = Cloud::new(settings).stores(LAYER);
    conformance::all(&stores).await.expect("what is refused or lost is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writers_one_wins_each_slot_register_order_and_object() {
    let ground = Ground::start().await;
    let writers: Vec<Stores> =
        join_all((0..8).map(|_| async { ground.cloud().await.stores(LAYER) })).await;
    for slot in 0..8 {
        assert_eq!(
            winners(&writers, |stores, n| takes_slot(stores, slot, n)).await,
            1,
            "slot {slot}"
        );
    }
    let mut last = None;
    for _ in 0..8 {
        let won = winners(&writers, |stores, n| swaps(stores, last, n)).await;
        assert_eq!(won, 1, "register after {last:?}");
        last = writers[0].registers.load("r").await.expect("readable").map(|(version, _)| version);
    }
    for key in ["a", "b"] {
        assert_eq!(winners(&writers, |stores, _| records(stores, key)).await, 1, "order {key}");
    }
    assert_eq!(writers[0].orders.waiting(10).await.expect("readable").len(), 2);
    for name in ["a", "b"] {
        assert_eq!(
            winners(&writers, |stores, n| creates(stores, name, n)).await,
            1,
            "object {name}"
        );
    }
}

async fn winners<'a, F: Future<Output = bool>>(
    writers: &'a [Stores],
    tries: impl Fn(&'a Stores, u8) -> F,
) -> usize {
    let all = (0..).zip(writers).map(|(n, stores)| tries(stores, n));
    join_all(all).await.into_iter().filter(|won| *won).count()
}

async fn takes_slot(stores: &Stores, slot: u64, writer: u8) -> bool {
    let (slot, attempt) = (SlotNumber(slot), AttemptId(u128::from(writer)));
    let entry = SlotEntry { slot, epoch: Epoch(1), attempt, content: SlotContent::Fence };
    stores.log.append(entry).await.expect("the log answers") == LogAppend::Written
}

async fn swaps(stores: &Stores, last: Option<Version>, writer: u8) -> bool {
    match stores.registers.store("r", last, Bytes::copy_from_slice(&[writer])).await {
        Ok(_) => true,
        Err(PortError::Conflict { .. }) => false,
        Err(error) => panic!("the register does not answer: {error}"),
    }
}

async fn records(stores: &Stores, key: &str) -> bool {
    let order =
        MintOrder { key: key.to_owned(), recipient: Address::ZERO, received_ms: 1, sold: None };
    stores.orders.record(order).await.expect("orders answer") == Recorded::New
}

async fn creates(stores: &Stores, name: &str, writer: u8) -> bool {
    let value = Bytes::copy_from_slice(&[writer]);
    let put = stores.objects.put(name, value, Put::IfAbsent).await;
    put.expect("the bucket answers") == PutOutcome::Written
}

fn pending(seed: u16, bytes: usize) -> Pending {
    let hash = TxHash::right_padding_from(&seed.to_be_bytes());
    let sender = Address::repeat_byte(seed.to_be_bytes()[1]);
    // Does not compress.
    let raw: Vec<u8> = (0..bytes).map(|_| rand::random()).collect();
    Pending { hash, sender, raw: raw.into(), received_ms: 1, deposit_position: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_many_pages_is_read_in_order_and_drained_by_parts() {
    let ground = Ground::start().await;
    let (cloud, writer) = (ground.cloud().await, ground.cloud().await);
    let (inbox, drains) = (cloud.stores(LAYER).inbox, writer.stores(LAYER).inbox);
    // 3 MB in one shard and some in others: a page of a query is 1 MB.
    let mut all: Vec<Pending> = (0..30).map(|n| pending(n << 8, 100_000)).collect();
    all.extend((1..20).map(|n| pending(n, 100)));
    inbox.append_all(all.clone()).await.expect("appended");
    let mut drained = Vec::new();
    while let [first, ..] = &drains.waiting(8).await.expect("readable")[..] {
        drained.push(first.hash);
        drains.remove(&[first.hash]).await.expect("removed");
    }
    assert_eq!(drained, all.iter().map(|one| one.hash).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_writer_worked_through_a_backlog_is_seen() {
    let ground = Ground::start().await;
    let (cloud, writer) = (ground.cloud().await, ground.cloud().await);
    let (inbox, drains) = (cloud.stores(LAYER).inbox, writer.stores(LAYER).inbox);
    let all: Vec<Pending> = (0..6).map(|n| pending(n, 10)).collect();
    inbox.append_all(all[..4].to_vec()).await.expect("appended");
    assert_eq!(drains.waiting(2).await.expect("readable"), all[..2]);
    inbox.append_all(all[4..].to_vec()).await.expect("appended");
    drains.remove(&[all[0].hash, all[1].hash, all[2].hash]).await.expect("removed");
    assert_eq!(drains.waiting(10).await.expect("readable"), all[3..]);
    // One that this process never read goes as well.
    inbox.remove(&[all[5].hash]).await.expect("removed");
    assert_eq!(drains.waiting(10).await.expect("readable"), all[3..5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_one_layer_takes_all_of_it_and_nothing_of_another() {
    let ground = Ground::start().await;
    let cloud = ground.cloud().await;
    let (one, other) = (cloud.stores(LAYER), cloud.stores(LayerId::new([8; 16])));
    // More than a page of the table, more than a batch of deletes, more than a page of the bucket.
    for stores in [&one, &other] {
        let all = (0..60).map(|n| pending(n, 50_000)).collect();
        stores.inbox.append_all(all).await.expect("appended");
        takes_slot(stores, 0, 1).await;
        // As a writer leaves it that slept through the end.
        takes_slot(stores, 900, 1).await;
    }
    let names: Vec<String> = (0..1_005).map(|n| format!("layers/{LAYER}/packs/{n}")).collect();
    for names in names.chunks(50) {
        join_all(names.iter().map(|name| creates(&one, name, 1))).await;
    }
    creates(&other, "layers/08/packs/0", 1).await;

    assert_eq!(one.stored.count().await.expect("counted"), 62);
    assert_eq!(one.stored.erase().await.expect("erased"), 62);
    assert_eq!(one.stored.count().await.expect("counted"), 0);
    assert_eq!(other.stored.count().await.expect("counted"), 62);
    let listed = one.objects.list(&format!("layers/{LAYER}/")).await.expect("listed");
    assert_eq!(listed.len(), names.len());
    one.objects.delete(&listed).await.expect("deleted");
    assert_eq!(one.objects.list("").await.expect("listed"), ["layers/08/packs/0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_or_bucket_that_is_missing_is_named_when_the_function_starts() {
    let ground = Ground::start().await;
    let good = ground.settings();
    let no_table = Settings { table: "other-table".to_owned(), ..good.clone() };
    let no_bucket = Settings { bucket: "other-bucket".to_owned(), ..good };
    for (settings, name) in [(no_table, "table other-table"), (no_bucket, "bucket other-bucket")] {
        let error = Cloud::new(settings).reach().await.expect_err("it is missing").to_string();
        assert_eq!(error, format!("not found: {name}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_past_many_slots() {
    let ground = Ground::start().await;
    let log = ground.cloud().await.stores(LAYER).log;
    let entry = |slot| SlotEntry {
        slot: SlotNumber(slot),
        epoch: Epoch(1),
        attempt: AttemptId(u128::from(slot)),
        content: SlotContent::Fence,
    };
    let written = try_join_all((0..100).map(|slot| log.append(entry(slot)))).await;
    assert!(written.expect("appended").iter().all(|one| *one == LogAppend::Written));
    let read = |first, limit| log.read_from(SlotNumber(first), limit);
    for (first, limit, last) in [(0, 1_000, 100), (0, 37, 37), (99, 5, 100), (100, 5, 100)] {
        let expected: Vec<_> = (first..last).map(entry).collect();
        assert_eq!(read(first, limit).await.expect("readable"), expected);
    }
}
