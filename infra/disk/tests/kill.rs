//! A process is killed at random moments; what it was told is stored must be there.

#![cfg(unix)]

mod common;

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use alloy_primitives::Bytes;
use common::{LAYER, Random, fence, hash, order, pending, with_stores};
use futures::executor::block_on;
use mayfly_disk::Disk;
use node_core::{
    chain::SlotNumber,
    port::{LogAppend, Put, Stores},
};
use tempfile::tempdir;

const ROUNDS: u64 = 30;
/// Numbers that a round may use.
const STRIDE: u64 = 1 << 20;
const DIR: &str = "MAYFLY_DISK_TEST_DIR";
const FIRST: &str = "MAYFLY_DISK_TEST_FIRST";

/// Verbs whose acknowledgements the parent checks; each child thread takes one.
const VERBS: [&str; 6] = ["inbox", "remove", "log", "register", "order", "object"];

/// Not a test of its own: the child of the test below, which sets the variables.
#[test]
fn child_writes_until_it_is_killed() {
    let (Ok(dir), Ok(first)) = (env::var(DIR), env::var(FIRST)) else { return };
    let first: u64 = first.parse().expect("a number");
    acknowledge("opening", first);
    let stores = Disk::open(Path::new(&dir)).expect("opens after a kill").stores(LAYER);
    thread::scope(|scope| {
        for verb in VERBS {
            let stores = &stores;
            scope.spawn(move || {
                for number in first..first + STRIDE {
                    block_on(write(stores, verb, number));
                    acknowledge(verb, number);
                }
            });
        }
    });
}

/// One line, in one write: the parent sees it whole or not at all.
fn acknowledge(verb: &str, number: u64) {
    let line = format!("\nack {verb} {number} .\n");
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

async fn write(stores: &Stores, verb: &str, number: u64) {
    match verb {
        "inbox" => drop(stores.inbox.append(pending(2 * number)).await.expect("appends")),
        "remove" => {
            let odd = pending(2 * number + 1);
            let hash = odd.hash;
            stores.inbox.append(odd).await.expect("appends");
            stores.inbox.remove(&[hash]).await.expect("removes");
        }
        "log" => {
            let written = stores.log.append(fence(number, u128::from(number))).await;
            assert_eq!(written.expect("appends"), LogAppend::Written);
        }
        "register" => {
            let version = stores.registers.load("r").await.expect("loads").map(|held| held.0);
            let value = Bytes::from(number.to_be_bytes().to_vec());
            stores.registers.store("r", version, value).await.expect("stores");
        }
        "order" => {
            stores.orders.record(order(&number.to_string())).await.expect("records");
        }
        _ => {
            stores.objects.put(&name(number), body(number), Put::IfAbsent).await.expect("puts");
        }
    }
}

fn name(number: u64) -> String {
    format!("layers/{LAYER}/blocks/{number}")
}

fn body(number: u64) -> Bytes {
    Bytes::from(vec![number.to_le_bytes()[0]; 70_000])
}

/// What was acknowledged in all rounds, by verb.
type Acknowledged = std::collections::BTreeMap<String, Vec<u64>>;

#[test]
fn every_acknowledged_write_survives_a_kill() {
    let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0xd15c);
    println!("SEED={seed}");
    let mut random = Random(seed);
    let dir = tempdir().expect("a temporary directory");
    let mut all = Acknowledged::new();
    for round in 0..ROUNDS {
        let lines = match random.below(4) {
            // Within or right after opening.
            0 => 1,
            _ => 1 + random.below(400),
        };
        for (verb, numbers) in run_and_kill(dir.path(), round * STRIDE, lines, random.below(20_000))
        {
            all.entry(verb).or_default().extend(numbers);
        }
        with_stores(dir.path(), async |stores| check(&stores, &all, round).await);
    }
    Disk::verify(dir.path()).expect("whole");
    let counts: Vec<_> = all.iter().map(|(verb, numbers)| (verb, numbers.len())).collect();
    println!("acknowledged: {counts:?}");
    assert!(VERBS.iter().all(|verb| all.contains_key(*verb)), "every verb was tried: {counts:?}");
}

/// Lets a child write until it has printed `lines` acknowledgements and `spins` more moments have
/// passed, kills it, and returns all that it had acknowledged.
fn run_and_kill(dir: &Path, first: u64, lines: u64, spins: u64) -> Acknowledged {
    let mut child = Command::new(env::current_exe().expect("this binary"))
        .args(["--exact", "child_writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut acknowledged = Acknowledged::new();
    let mut seen = 0;
    while seen < lines && read_one(&mut out, &mut acknowledged).expect("the child runs") {
        seen = acknowledged.values().map(Vec::len).sum::<usize>().try_into().expect("small");
    }
    (0..spins).for_each(|_| std::hint::spin_loop());
    child.kill().expect("SIGKILL");
    let status = child.wait().expect("ends");
    assert!(!status.success() && status.code().is_none(), "killed, not failed: {status}");
    // What it said before it died counts as well.
    while read_one(&mut out, &mut acknowledged).expect("a pipe") {}
    acknowledged.remove("opening");
    acknowledged
}

/// Reads a line and notes what it acknowledges; `false` at the end.
fn read_one(out: &mut impl BufRead, acknowledged: &mut Acknowledged) -> std::io::Result<bool> {
    let mut line = String::new();
    if out.read_line(&mut line)? == 0 {
        return Ok(false);
    }
    if let ["ack", verb, number, "."] = line.split_whitespace().collect::<Vec<_>>()[..] {
        let number = number.parse().expect("a number");
        acknowledged.entry(verb.to_owned()).or_default().push(number);
    }
    Ok(true)
}

async fn check(stores: &Stores, all: &Acknowledged, round: u64) {
    let of = |verb: &str| all.get(verb).map_or(&[][..], Vec::as_slice);
    check_inbox(stores, of("inbox"), of("remove"), round).await;
    for slot in of("log") {
        let held = stores.log.read(SlotNumber(*slot)).await.expect("reads");
        assert_eq!(held, Some(fence(*slot, u128::from(*slot))), "round {round}");
    }
    stores.log.read_from(SlotNumber(0), usize::MAX).await.expect("every slot is whole");
    if let Some(last) = of("register").last() {
        let (version, value) = stores.registers.load("r").await.expect("loads").expect("is there");
        let held = u64::from_be_bytes(value[..].try_into().expect("8 bytes"));
        assert!(held >= *last, "round {round}: acknowledged {last}, found {held}");
        let stored = u64::try_from(of("register").len()).expect("small");
        assert!(version.0 >= stored, "each acknowledged store made a version");
    }
    let waiting = stores.orders.waiting(usize::MAX).await.expect("every order is whole");
    let keys: std::collections::BTreeSet<_> = waiting.iter().map(|one| one.key.clone()).collect();
    for number in of("order") {
        assert!(keys.contains(&number.to_string()), "round {round}: order {number} was lost");
        let found = stores.orders.get(&number.to_string()).await.expect("reads");
        assert!(found.is_some(), "round {round}: order {number} was lost");
    }
    check_objects(stores, of("object"), round).await;
}

/// Appended ones wait, removed ones do not, and the indexes say the same as the table.
async fn check_inbox(stores: &Stores, appended: &[u64], removed: &[u64], round: u64) {
    let waiting = stores.inbox.waiting(usize::MAX).await.expect("every row is whole");
    let hashes: std::collections::BTreeSet<_> = waiting.iter().map(|one| one.hash).collect();
    assert_eq!(hashes.len(), waiting.len(), "round {round}: a transaction waits twice");
    for number in appended {
        assert!(hashes.contains(&hash(2 * number)), "round {round}: {number} was lost");
    }
    for number in removed {
        assert!(!hashes.contains(&hash(2 * number + 1)), "round {round}: {number} is back");
    }
    let mut by_sender = Vec::new();
    for sender in 0..8 {
        let sender = alloy_primitives::Address::with_last_byte(sender);
        by_sender.extend(stores.inbox.of_sender(sender).await.expect("the index is whole"));
    }
    by_sender.sort_by_key(|one| one.hash);
    let mut waiting = waiting;
    waiting.sort_by_key(|one| one.hash);
    assert_eq!(by_sender, waiting, "round {round}: the index by sender");
}

async fn check_objects(stores: &Stores, put: &[u64], round: u64) {
    let names = stores.objects.list("").await.expect("lists");
    for number in put {
        assert!(names.contains(&name(*number)), "round {round}: object {number} was lost");
    }
    for one in names {
        let number = one.rsplit('/').next().expect("a part").parse().expect("a number");
        assert_eq!(stores.objects.get(&one).await.expect("whole"), body(number), "round {round}");
    }
}
