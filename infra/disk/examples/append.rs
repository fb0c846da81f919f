//! Measures durable appends: how many per second with how many callers at once.
//!
//! `cargo run --release -p mayfly-disk --example append [directory]`. The disk under the directory
//! decides; without one it is the system's temporary directory, which may be in memory.

use std::{error::Error, path::PathBuf, time::Instant};

use alloy_primitives::{Address, B256, Bytes};
use futures::{
    executor::block_on,
    stream::{self, StreamExt, TryStreamExt},
};
use mayfly_disk::Disk;
use node_core::{
    chain::{Epoch, LayerId, SlotNumber},
    codec::record::{AttemptId, Pending, SlotContent, SlotEntry},
    port::{PortError, Stores},
};

fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(base)?;
    let disk = Disk::open(dir.path())?;
    println!("durable writes to {}", dir.path().display());
    println!(
        "{:>8} {:>8} {:>10} {:>12} {:>12}",
        "verb", "callers", "writes", "per second", "us each"
    );
    for (at, (callers, writes)) in (0..).zip([(1, 500), (64, 20_000), (1_024, 100_000)]) {
        let stores = disk.stores(LayerId::new([at; 16]));
        run("inbox", callers, writes, |n| inbox(&stores, n))?;
        run("log", callers, writes, |n| log(&stores, n))?;
    }
    Ok(())
}

fn run<F: Future<Output = Result<(), PortError>>>(
    verb: &str,
    callers: usize,
    writes: u32,
    write: impl Fn(u32) -> F,
) -> Result<(), PortError> {
    let start = Instant::now();
    let all = stream::iter(0..writes).map(write).buffer_unordered(callers);
    block_on(all.try_for_each(|()| async { Ok(()) }))?;
    let seconds = start.elapsed().as_secs_f64();
    let rate = f64::from(writes) / seconds;
    let latency_us = seconds * 1e6 / f64::from(writes);
    println!("{verb:>8} {callers:>8} {writes:>10} {rate:>12.0} {latency_us:>12.1}");
    Ok(())
}

async fn inbox(stores: &Stores, number: u32) -> Result<(), PortError> {
    let mut hash = B256::ZERO;
    // Spread like real hashes, and the body does not compress, like a signed transfer.
    (0..4_u32).for_each(|part| {
        let mixed = number.wrapping_mul(0x9e37_79b9).rotate_left(part * 7) ^ part;
        hash[usize::from(part.to_le_bytes()[0]) * 4..][..4].copy_from_slice(&mixed.to_be_bytes());
    });
    hash[28..].copy_from_slice(&number.to_be_bytes());
    let raw: Vec<u8> =
        hash.iter().cycle().zip(0..110_u8).map(|(a, b)| a.wrapping_mul(b | 1)).collect();
    let pending = Pending {
        hash,
        sender: Address::from_slice(&hash[12..]),
        raw: Bytes::from(raw),
        received_ms: u64::from(number),
        deposit_position: 0,
    };
    stores.inbox.append(pending).await.map(|_| ())
}

async fn log(stores: &Stores, number: u32) -> Result<(), PortError> {
    let entry = SlotEntry {
        slot: SlotNumber(u64::from(number)),
        epoch: Epoch(1),
        attempt: AttemptId(u128::from(number)),
        content: SlotContent::Fence,
    };
    stores.log.append(entry).await.map(|_| ())
}
