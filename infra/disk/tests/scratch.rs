//! The scratch cache: the same bytes as without it, never more of them than allowed, and no trouble
//! from its directory.

mod common;

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use alloy_primitives::{B256, Bytes};
use async_trait::async_trait;
use common::{LAYER, Random};
use futures::executor::block_on;
use mayfly_disk::Scratch;
use node_core::{
    chain::Epoch,
    codec::names,
    port::{Objects, PortError, Put, PutOutcome, conformance, memory::Memory},
};
use tempfile::{TempDir, tempdir};

/// Bytes of a file before the range.
const HEADER_BYTES: u64 = 16;

/// A store that counts the ranges it is asked for.
struct Far {
    objects: Arc<dyn Objects>,
    reads: AtomicU64,
    /// Deleted while a range is being read.
    vanishing: Mutex<Option<Arc<Scratch>>>,
}

impl Far {
    fn new() -> Arc<Self> {
        let objects = Memory::stores().objects;
        Arc::new(Self { objects, reads: AtomicU64::new(0), vanishing: Mutex::default() })
    }

    fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Objects for Far {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        self.objects.put(name, value, put).await
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        self.objects.get(name).await
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let bytes = self.objects.get_range(name, offset, length).await;
        let vanishing = self.vanishing.lock().expect("no panic").take();
        if let Some(scratch) = vanishing {
            scratch.delete(&[name.to_owned()]).await?;
        }
        bytes
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.objects.list(prefix).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        self.objects.delete(names).await
    }
}

/// Gives every object a name of which ranges are kept.
struct AsPacks(Scratch);

const PACKS: &str = "layers/x/packs/";

#[async_trait]
impl Objects for AsPacks {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        self.0.put(&format!("{PACKS}{name}"), value, put).await
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        self.0.get(&format!("{PACKS}{name}")).await
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        self.0.get_range(&format!("{PACKS}{name}"), offset, length).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let names = self.0.list(&format!("{PACKS}{prefix}")).await?;
        Ok(names
            .into_iter()
            .filter_map(|name| Some(name.strip_prefix(PACKS)?.to_owned()))
            .collect())
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        self.0.delete(&names.iter().map(|name| format!("{PACKS}{name}")).collect::<Vec<_>>()).await
    }
}

/// A scratch over a far store that has one pack of 10,000 bytes.
struct Kit {
    dir: TempDir,
    far: Arc<Far>,
    scratch: Arc<Scratch>,
}

fn pack() -> String {
    names::pack(LAYER, 4, Epoch(1))
}

/// Byte `at` of the pack.
const fn byte(at: u64) -> u8 {
    (at % 251).to_le_bytes()[0]
}

impl Kit {
    fn new(most_bytes: u64) -> Self {
        let (dir, far) = (tempdir().expect("a temporary directory"), Far::new());
        let value: Bytes = (0..10_000).map(byte).collect();
        block_on(far.put(&pack(), value, Put::IfAbsent)).expect("puts");
        let scratch = open(&far, dir.path(), most_bytes);
        Self { dir, far, scratch }
    }

    /// Reads 100 bytes and checks them.
    fn read(&self, offset: u64) {
        let got = block_on(self.scratch.get_range(&pack(), offset, 100)).expect("reads");
        assert_eq!(got, (offset..offset + 100).map(byte).collect::<Bytes>(), "from {offset} on");
    }

    /// How often the far store is asked when these are read.
    fn asked(&self, offsets: &[u64]) -> u64 {
        let before = self.far.reads();
        offsets.iter().for_each(|offset| self.read(*offset));
        self.far.reads() - before
    }

    fn on_disk(&self) -> u64 {
        on_disk(self.dir.path())
    }
}

fn open(far: &Arc<Far>, dir: &Path, most_bytes: u64) -> Arc<Scratch> {
    Arc::new(Scratch::new(far.clone(), dir, most_bytes).expect("opens"))
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).expect("is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("reads").path()).collect();
    files.sort();
    files
}

/// Bytes of all files; those that vanish while they are looked at count nothing.
fn on_disk(dir: &Path) -> u64 {
    files(dir).iter().filter_map(|file| fs::metadata(file).ok()).map(|it| it.len()).sum()
}

#[test]
fn the_scratch_conforms() {
    let dir = tempdir().expect("a temporary directory");
    for most_bytes in [0, 30, 1 << 20] {
        let mut stores = Memory::stores();
        let scratch = Scratch::new(stores.objects.clone(), dir.path(), most_bytes).expect("opens");
        stores.objects = Arc::new(AsPacks(scratch));
        block_on(conformance::all(&stores)).expect("no error");
    }
}

#[test]
fn a_range_is_read_from_far_once() {
    let kit = Kit::new(1 << 20);
    assert_eq!(kit.asked(&[0, 50, 0, 50, 0]), 2);
    assert_eq!(kit.on_disk(), 2 * (100 + HEADER_BYTES));
    assert_eq!(kit.scratch.bytes(), kit.on_disk());
}

#[test]
fn packs_and_indexes_are_kept_and_nothing_else() {
    let kit = Kit::new(1 << 20);
    let hash = B256::repeat_byte(1);
    let cases = [
        (names::pack(LAYER, 5, Epoch(1)), 1),
        (names::run(LAYER, 1, 5, Epoch(1)), 1),
        (names::manifest(LAYER, 5, Epoch(1)), 2),
        (names::block(LAYER, 5, hash), 2),
        ("packs/other".to_owned(), 2),
    ];
    for (name, expected) in cases {
        let value = Bytes::from_static(b"some bytes");
        block_on(kit.scratch.put(&name, value, Put::IfAbsent)).expect("puts");
        let before = kit.far.reads();
        for _ in 0..2 {
            let got = block_on(kit.scratch.get_range(&name, 5, 5)).expect("reads");
            assert_eq!(got, Bytes::from_static(b"bytes"));
        }
        assert_eq!(kit.far.reads() - before, expected, "{name}");
    }
}

#[test]
fn what_was_used_longest_ago_goes_first() {
    let kit = Kit::new(3 * (100 + HEADER_BYTES));
    kit.asked(&[0, 1, 2]);
    assert_eq!(kit.asked(&[0]), 0, "used again");
    assert_eq!(kit.asked(&[3]), 1, "instead of 1");
    assert_eq!(kit.asked(&[0, 2, 3]), 0);
    assert_eq!(kit.asked(&[1]), 1);
    assert_eq!(kit.on_disk(), 3 * (100 + HEADER_BYTES));
}

#[test]
fn what_is_larger_than_the_limit_is_not_kept() {
    let kit = Kit::new(99 + HEADER_BYTES);
    assert_eq!(kit.asked(&[0, 0]), 2);
    assert_eq!((kit.on_disk(), kit.scratch.bytes()), (0, 0));
}

#[test]
fn a_damaged_file_is_read_from_far_again() {
    let kit = Kit::new(1 << 20);
    kit.read(7);
    let file = files(kit.dir.path()).pop().expect("one file");
    let good = fs::read(&file).expect("reads");
    let flipped = (0..good.len()).map(|at| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        bad
    });
    let cut = (0..good.len()).map(|length| good[..length].to_vec());
    let longer = [&good[..], b"more"].concat();
    for bad in flipped.chain(cut).chain([longer]) {
        fs::write(&file, &bad).expect("writes");
        assert_eq!(kit.asked(&[7, 7]), 1, "{} bytes", bad.len());
        assert_eq!(fs::read(&file).expect("is there again"), good);
    }
    fs::remove_file(&file).expect("removes");
    assert_eq!(kit.asked(&[7, 7]), 1, "a file that is gone");
    assert_eq!(kit.scratch.bytes(), kit.on_disk());
}

#[test]
fn the_file_of_another_range_is_damage() {
    let kit = Kit::new(1 << 20);
    // Byte for byte of the same size, and whole.
    kit.asked(&[0, 1]);
    let [one, other] = &files(kit.dir.path())[..] else { panic!("two files") };
    fs::copy(one, other).expect("copies");
    assert_eq!(kit.asked(&[0, 1]), 1);
}

#[test]
fn a_restart_finds_what_was_kept() {
    let kit = Kit::new(1 << 20);
    kit.asked(&[0, 1, 2]);
    let kit = Kit { scratch: open(&kit.far, kit.dir.path(), 1 << 20), ..kit };
    assert_eq!(kit.scratch.bytes(), 3 * (100 + HEADER_BYTES));
    assert_eq!(kit.asked(&[0, 1, 2]), 0);
    // With less room only as much stays.
    let kit = Kit { scratch: open(&kit.far, kit.dir.path(), 200 + HEADER_BYTES), ..kit };
    assert_eq!(kit.scratch.bytes(), 100 + HEADER_BYTES);
    assert_eq!(kit.on_disk(), 100 + HEADER_BYTES);
}

#[test]
fn a_restart_removes_what_was_being_written_and_nothing_of_others() {
    let kit = Kit::new(1 << 20);
    kit.read(0);
    let mut expected = files(kit.dir.path());
    fs::write(kit.dir.path().join("7.range-tmp"), "half a ran").expect("writes");
    for other in ["notes.txt", "x.range-tmp", "a-b-c.range", "1-2-3.range"] {
        fs::write(kit.dir.path().join(other), "mine").expect("writes");
        expected.push(kit.dir.path().join(other));
    }
    expected.sort();
    let kit = Kit { scratch: open(&kit.far, kit.dir.path(), 100 + HEADER_BYTES), ..kit };
    assert_eq!(files(kit.dir.path()), expected);
    assert_eq!(kit.asked(&[0]), 0, "they are not counted");
}

#[test]
fn a_deletion_drops_what_is_kept() {
    let kit = Kit::new(1 << 20);
    let other = names::pack(LAYER, 5, Epoch(1));
    block_on(kit.scratch.put(&other, Bytes::from_static(b"other"), Put::IfAbsent)).expect("puts");
    block_on(kit.scratch.get_range(&other, 0, 5)).expect("reads");
    kit.asked(&[0, 1]);
    block_on(kit.scratch.delete(&[pack()])).expect("deletes");
    assert_eq!(kit.on_disk(), 5 + HEADER_BYTES, "the other pack stays");
    let gone = block_on(kit.scratch.get_range(&pack(), 0, 100));
    assert!(matches!(gone, Err(PortError::NotFound { .. })), "{gone:?}");
    block_on(kit.scratch.delete(&[other])).expect("deletes");
    assert_eq!((kit.on_disk(), kit.scratch.bytes()), (0, 0));
}

#[test]
fn what_is_deleted_while_it_is_read_is_not_kept() {
    let kit = Kit::new(1 << 20);
    *kit.far.vanishing.lock().expect("no panic") = Some(kit.scratch.clone());
    kit.read(0);
    assert_eq!((kit.on_disk(), kit.scratch.bytes()), (0, 0));
}

#[test]
fn without_its_directory_everything_is_read_from_far() {
    let kit = Kit::new(1 << 20);
    kit.read(0);
    fs::remove_dir_all(kit.dir.path()).expect("removes");
    assert_eq!(kit.asked(&[0, 0, 1]), 3);
    assert_eq!(kit.scratch.bytes(), 0);
}

#[test]
fn many_readers_get_the_right_bytes_and_keep_within_the_limit() {
    let most_bytes = 10 * (100 + HEADER_BYTES);
    let kit = Kit::new(most_bytes);
    thread::scope(|scope| {
        for seed in 0..8 {
            let kit = &kit;
            scope.spawn(move || {
                let mut random = Random(seed);
                for round in 0..500 {
                    kit.read(random.below(30));
                    if round % 50 == 0 {
                        let damaged = files(kit.dir.path());
                        // It may be gone by now, or half written over: both are damage.
                        let _ = damaged.first().map(|file| fs::write(file, "not a range"));
                    }
                    let bytes = kit.scratch.bytes();
                    assert!(bytes <= most_bytes, "{bytes} bytes of {most_bytes}");
                }
            });
        }
    });
    // What the test itself wrote over or put there is forgotten when it is met.
    (0..30).for_each(|offset| kit.read(offset));
    assert!(kit.on_disk() <= most_bytes, "{} bytes on the disk", kit.on_disk());
}
