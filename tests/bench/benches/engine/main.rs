//! How fast the writer is: blocks of 1,000 on a state of a million accounts, committed to the embedded ledger.
//!
//! ```text
//! make bench                                           # everything
//! cargo bench --package mayfly-bench --bench engine -- mints
//! MAYFLY_BENCH_SMALL=1 make bench                      # a tenth of the state
//! ```
//!
//! A row is one `Sequencer::step` of a busy writer, whose inbox is full: a block of 1,000 transactions, senders
//! known, is encoded, committed with an fsync and forgotten, while the next one is read, executed and sealed, with all
//! roots, blooms and receipts. Each transaction has another sender. The peer is bare revm on the same accounts and
//! slots in flat hash maps: no roots, no receipts, nothing stored.
//!
//! | row | clock |
//! |---|---|
//! | per second | the wall's: waits for the disk count |
//! | per second of one core | the process's processor time, all threads together: what is left when waits overlap |
//!
//! A *mint* is `buy()` of the `OpenZeppelin` ERC-721 in `infra/contracts` with a million tokens; an ERC-20 transfer
//! goes to another holder of the million.

mod bare;
mod load;
mod portions;
mod sealed;
mod state;

use std::time::{Duration, Instant};

use mayfly_bench::{Figure, Line, Report, Unit, peak_rss_mib, processor_time};

use load::Load;
use state::State;

/// What a benchmark returns.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Blocks that are measured. Odd, so that the median is one of them.
const RUNS: usize = 51;

/// Blocks in all: the first warms up, while the last one is committed no other is built.
const BLOCKS: usize = RUNS + 2;

/// Transactions in a block.
const BLOCK: usize = 1_000;

/// The allocator of the `mayfly` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    // Cargo adds flags of its own, such as `--bench`.
    let wanted: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let is_wanted = |load: &&Load| {
        wanted.is_empty() || wanted.iter().any(|word| load.name().contains(word.as_str()))
    };
    let loads: Vec<_> = Load::ALL.iter().filter(is_wanted).collect();
    let mut report = Report::default();
    if !loads.is_empty() {
        let state = State::new()?;
        for load in loads {
            eprintln!("measuring {} ..", load.name());
            measure(&mut report, &state, *load)?;
        }
        if let Some(peak) = peak_rss_mib(std::process::id()) {
            let ours = Figure::kept("engine_peak_rss_mib", peak);
            let what = "engine: peak memory, peer included".to_owned();
            report.add(Line { what, unit: Unit::Mebibytes, ours, peer: None });
        }
    }
    Ok(report.finish()?)
}

fn measure(report: &mut Report, state: &State, load: Load) -> Result<()> {
    let blocks = load::sign(load)?;
    let mut sealed = sealed::Layer::open(state)?;
    let mut bare = bare::Evm::new(state);
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    sealed.send(&blocks)?;
    for block in &blocks {
        ours.push(sealed.run(block)?);
    }
    // Not in turns: what is built ahead would run beside it.
    for block in &blocks {
        peers.push(bare.run(block)?);
    }
    let rate = |took: &[Took], clock: fn(&Took) -> Duration| {
        let mut sorted: Vec<_> = took[1..=RUNS].iter().map(clock).collect();
        sorted.sort_unstable();
        BLOCK as f64 / sorted[sorted.len() / 2].as_secs_f64()
    };
    let keys = load.keys();
    let (name, peer_is) = (load.name(), "bare revm, flat state, no roots");
    report.add(Line {
        what: format!("engine: {name} sealed per second"),
        unit: Unit::PerSecond,
        ours: Figure::kept(keys.wall, rate(&ours, |took| took.wall)),
        peer: Some((peer_is, Figure::kept(keys.peer, rate(&peers, |took| took.wall)))),
    });
    report.add(Line {
        what: format!("engine: {name}, per second of one core"),
        unit: Unit::PerSecond,
        ours: Figure::kept(keys.core, rate(&ours, |took| took.cpu)),
        peer: Some((peer_is, Figure::shown(rate(&peers, |took| took.cpu)))),
    });
    Ok(())
}

/// What a block took.
#[derive(Debug, Clone, Copy)]
struct Took {
    wall: Duration,
    /// Of all threads of the process.
    cpu: Duration,
}

fn time<T>(run: impl FnOnce() -> T) -> (T, Took) {
    let (wall, cpu) = (Instant::now(), processor_time());
    let result = std::hint::black_box(run());
    (result, Took { wall: wall.elapsed(), cpu: processor_time().saturating_sub(cpu) })
}
