//! The process that opens a state of which it knows nothing.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use mayfly_bench::NOW_MS;
use mayfly_disk::Disk;
use node_core::{
    flow::sequence::{Context, Sequencer, Step, TakeOver, Timing},
    port::Stores,
};
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    crowd::{self, PEOPLE},
    slow::Slow,
};

/// Where a child finds its task.
const TASK: &str = "MAYFLY_BENCH_TASK";

/// Transactions of the first block.
const FIRST: u64 = 100;

/// What a child does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) dir: PathBuf,
    pub(crate) accounts: u64,
    pub(crate) latency_ms: u64,
    /// Blocks of a thousand transfers after the first.
    pub(crate) blocks: u64,
}

/// What it measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// Until the first block was committed.
    pub(crate) millis: f64,
    /// Read from the object store until then.
    pub(crate) bytes: u64,
    pub(crate) requests: u64,
    pub(crate) peak_rss_mib: f64,
}

/// Runs a task in a process of its own.
pub(crate) fn spawn(task: &Task) -> Result<Opened> {
    let output =
        Command::new(env::current_exe()?).env(TASK, serde_json::to_string(task)?).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("the child process failed: {said}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The task, if this process is a child.
pub(crate) fn task() -> Option<Result<Task>> {
    let task = env::var(TASK).ok()?;
    Some(serde_json::from_str(&task).map_err(Into::into))
}

/// Does it and prints what was measured.
pub(crate) fn run(task: Task) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let opened = runtime.block_on(open(&task))?;
    println!("{}", serde_json::to_string(&opened)?);
    Ok(())
}

async fn open(task: &Task) -> Result<Opened> {
    let disk = Disk::open(Path::new(&task.dir))?;
    let (stores, slow) = slowed(disk.stores(crowd::LAYER), task.latency_ms);
    for i in 0..FIRST {
        // Primes, so that all of it lies all over the state.
        let to = (i * 982_451_653 + 17) % task.accounts;
        stores.inbox.append(crowd::transfer(i, 0, to)?).await?;
    }
    let started = Instant::now();
    let context = Context::load(stores.clone(), None).await?;
    let TakeOver::Won(mut sequencer) = Sequencer::take_over(context, "bench", NOW_MS).await? else {
        return Err("somebody holds the lease".into());
    };
    commit(&mut sequencer, FIRST).await?;
    let millis = started.elapsed().as_secs_f64() * 1e3;
    let (bytes, requests) = slow.counted();
    for block in 0..task.blocks {
        for from in 0..PEOPLE {
            let to = (block * PEOPLE + from) * 982_451_653 % task.accounts;
            let nonce = block + u64::from(from < FIRST);
            stores.inbox.append(crowd::transfer(from, nonce, to)?).await?;
        }
        commit(&mut sequencer, PEOPLE).await?;
    }
    let peak_rss_mib = mayfly_bench::peak_rss_mib(std::process::id()).unwrap_or_default();
    sequencer.leave().await?;
    Ok(Opened { millis, bytes, requests, peak_rss_mib })
}

fn slowed(stores: Stores, latency_ms: u64) -> (Stores, Arc<Slow>) {
    let slow = Arc::new(Slow::new(stores.objects.clone(), Duration::from_millis(latency_ms)));
    (Stores { objects: slow.clone(), ..stores }, slow)
}

async fn commit(sequencer: &mut Sequencer, expected: u64) -> Result<()> {
    let timing = Timing { now_ms: NOW_MS, last_call: false };
    let Step::Committed(block) = sequencer.step(timing).await? else {
        return Err("nothing was committed".into());
    };
    let got = block.record.block.transactions.len() as u64;
    if got != expected {
        return Err(format!("expected a block of {expected} transactions, got {got}").into());
    }
    Ok(())
}
