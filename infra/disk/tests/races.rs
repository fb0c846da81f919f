//! Many callers at once: one wins, and everybody is told the truth.

mod common;

use std::{sync::Barrier, thread};

use alloy_primitives::Bytes;
use common::{LAYER, fence, order, pending};
use futures::{executor::block_on, future::join_all};
use mayfly_disk::Disk;
use node_core::{
    chain::SlotNumber,
    port::{Appended, LogAppend, PortError, Put, PutOutcome, Recorded, Stores, Version},
};
use tempfile::{TempDir, tempdir};

const THREADS: u64 = 8;
const ROUNDS: u64 = 50;

struct Store {
    stores: Stores,
    dir: TempDir,
}

fn open() -> Store {
    let dir = tempdir().expect("a temporary directory");
    Store { stores: Disk::open(dir.path()).expect("opens").stores(LAYER), dir }
}

/// Runs `act(thread, round)` on all threads, together in every round, and returns what each got.
fn race<T: Send>(act: impl Fn(u64, u64) -> T + Sync) -> Vec<Vec<T>> {
    (0..ROUNDS).map(|round| race_once(|thread| act(thread, round))).collect()
}

fn race_once<T: Send>(act: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::try_from(THREADS).expect("small"));
    let run = |one| {
        barrier.wait();
        act(one)
    };
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..THREADS).map(|one| scope.spawn(move || run(one))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn one_swap_wins_each_version() {
    let Store { stores, dir: _dir } = open();
    let swap = |thread: u64, round: u64| {
        let expected = round.checked_sub(1).map(|_| Version(round));
        let value = Bytes::from(thread.to_be_bytes().to_vec());
        block_on(stores.registers.store("lease", expected, value))
    };
    for (round, results) in race(swap).into_iter().enumerate() {
        let wins: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert_eq!(wins, [&Version(u64::try_from(round).expect("small") + 1)]);
        let conflicts = results.iter().filter(|r| matches!(r, Err(PortError::Conflict { .. })));
        assert_eq!(conflicts.count(), results.len() - 1, "{results:?}");
    }
}

#[test]
fn one_attempt_wins_each_slot_and_the_others_see_it() {
    let Store { stores, dir: _dir } = open();
    let append = |thread: u64, round: u64| {
        block_on(stores.log.append(fence(round, u128::from(thread)))).expect("no error")
    };
    for (slot, results) in (0..).zip(race(append)) {
        let held = block_on(stores.log.read(SlotNumber(slot))).expect("reads").expect("written");
        let written = results.iter().filter(|result| **result == LogAppend::Written);
        assert_eq!(written.count(), 1, "slot {slot}: {results:?}");
        let winner = usize::try_from(held.attempt.0).expect("small");
        assert_eq!(results[winner], LogAppend::Written, "the winner is who the log holds");
        let others = results.iter().filter(|result| **result == LogAppend::Occupied(held.clone()));
        assert_eq!(others.count(), results.len() - 1, "slot {slot}: {results:?}");
    }
}

#[test]
fn one_writer_creates_each_object_and_no_reader_sees_a_part() {
    let Store { stores, dir } = open();
    // Three chunks of one byte each, different for every writer.
    let body = |thread: u64| Bytes::from(vec![thread.to_le_bytes()[0] + 1; 200_000]);
    let put = |thread: u64, round: u64| {
        let name = format!("layers/x/blocks/{round}");
        let outcome = block_on(stores.objects.put(&name, body(thread), Put::IfAbsent));
        (outcome.expect("no error"), block_on(stores.objects.get(&name)).expect("whole"))
    };
    for (round, results) in race(put).into_iter().enumerate() {
        let winner = results.iter().position(|(outcome, _)| *outcome == PutOutcome::Written);
        let winner = u64::try_from(winner.expect("one wins")).expect("small");
        let wins = results.iter().filter(|(outcome, _)| *outcome == PutOutcome::Written);
        assert_eq!(wins.count(), 1, "round {round}");
        assert!(results.iter().all(|(_, seen)| *seen == body(winner)), "round {round}");
    }
    let files = std::fs::read_dir(dir.path().join("objects/layers/x/blocks")).expect("is there");
    assert_eq!(files.count(), usize::try_from(ROUNDS).expect("small"), "no temporary file stays");
}

#[test]
fn an_overwritten_object_is_never_torn() {
    let Store { stores, dir: _dir } = open();
    let act = |thread: u64, round: u64| {
        let body = Bytes::from(vec![(thread * ROUNDS + round).to_le_bytes()[0]; 200_000]);
        block_on(stores.objects.put("latest", body, Put::Overwrite)).expect("no error");
        let seen = block_on(stores.objects.get("latest")).expect("whole");
        seen.len() == 200_000 && seen.iter().all(|byte| *byte == seen[0])
    };
    assert!(race(act).concat().into_iter().all(|whole| whole));
}

#[test]
fn a_directory_is_not_pruned_under_a_writer() {
    let Store { stores, dir: _dir } = open();
    let act = |thread: u64, _| {
        let name = format!("d/e/{thread}");
        block_on(stores.objects.put(&name, Bytes::new(), Put::Overwrite)).expect("puts");
        block_on(stores.objects.delete(&[name])).expect("deletes");
    };
    race(act);
    assert_eq!(block_on(stores.objects.list("")).expect("lists"), Vec::<String>::new());
}

#[test]
fn the_same_append_from_everywhere_is_one_append() {
    let Store { stores, dir: _dir } = open();
    let append = |_, round| block_on(stores.inbox.append(pending(round))).expect("no error");
    for results in race(append) {
        assert_eq!(results.iter().filter(|result| **result == Appended::New).count(), 1);
    }
    let waiting = block_on(stores.inbox.waiting(usize::MAX)).expect("reads");
    assert_eq!(waiting, (0..ROUNDS).map(pending).collect::<Vec<_>>());
}

#[test]
fn the_same_order_from_everywhere_is_recorded_once() {
    let Store { stores, dir: _dir } = open();
    let record = |_, round: u64| {
        block_on(stores.orders.record(order(&round.to_string()))).expect("no error")
    };
    for results in race(record) {
        assert_eq!(results.iter().filter(|result| **result == Recorded::New).count(), 1);
    }
    assert_eq!(block_on(stores.orders.waiting(usize::MAX)).expect("reads").len(), 50);
}

#[test]
fn an_append_is_seen_as_soon_as_it_returned() {
    let Store { stores, dir: _dir } = open();
    let act = |thread: u64, round: u64| {
        let one = pending(thread * ROUNDS + round);
        block_on(stores.inbox.append(one.clone())).expect("appends");
        block_on(stores.inbox.waiting(usize::MAX)).expect("reads").contains(&one)
    };
    assert!(race(act).concat().into_iter().all(|seen| seen));
}

#[test]
fn concurrent_appends_keep_the_order_in_which_they_were_queued() {
    let Store { stores, dir: _dir } = open();
    let appends = (0..1_000).map(|number| stores.inbox.append(pending(number)));
    let results = block_on(join_all(appends));
    assert!(results.into_iter().all(|result| result.expect("no error") == Appended::New));
    let waiting = block_on(stores.inbox.waiting(usize::MAX)).expect("reads");
    assert_eq!(waiting, (0..1_000).map(pending).collect::<Vec<_>>());
}

#[test]
fn an_append_nobody_waits_for_harms_no_other() {
    let Store { stores, dir: _dir } = open();
    let appends = |numbers: std::ops::Range<u64>| numbers.map(|n| stores.inbox.append(pending(n)));
    for mut abandoned in appends(0..50) {
        // Polled once, so that it is queued; mostly its caller has gone when it is committed.
        drop(block_on(async { futures::poll!(&mut abandoned) }));
    }
    for result in block_on(join_all(appends(50..100))) {
        assert_eq!(result.expect("no error"), Appended::New);
    }
    let waiting = block_on(stores.inbox.waiting(usize::MAX)).expect("reads");
    assert_eq!(waiting, (0..100).map(pending).collect::<Vec<_>>(), "what was queued is stored");
}
