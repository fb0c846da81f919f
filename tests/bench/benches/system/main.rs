//! How fast a whole layer is: the `mayfly` binary and anvil under the same load, over HTTP on loopback.
//!
//! ```text
//! make bench                                                   # everything
//! cargo bench --package mayfly --bench system -- batch sync    # sections whose name contains a word
//! MAYFLY_BENCH_SMALL=1 make bench                              # a tenth of the transactions
//! ```
//!
//! | row | what is measured | anvil's mode |
//! |---|---|---|
//! | batch | ETH transfers in JSON-RPC batches of 100 over 8 connections, until all are in blocks | blocks of 1 s |
//! | mints | tickets of an `OpenZeppelin` ERC-721 bought in the same way | blocks of 1 s |
//! | single | the same, a request per transaction over 64 connections | blocks of 1 s |
//! | sync | one connection, one transaction at a time, until its receipt was read | a block per transaction |
//! | webhooks | signed deliveries of a shop over 32 connections, until they are answered | none: beside the HMAC alone |
//!
//! Both get the very same bytes, signed beforehand, and are asked for the same blocks. Runs are in
//! turns and medians compared. The generator is one thread on the same cores, so both pay for it. Mayfly
//! acknowledges what is on the disk; anvil keeps all in memory. For a layer whose directory should be on another
//! disk than the system's temporary one, set `TMPDIR`.
//!
//! One figure is taken once per run and not a time that repeats, so criterion's statistics would add nothing
//! here; the ratios within a run are what counts.

mod client;
mod latency;
mod nodes;
mod people;
mod throughput;
mod webhooks;

use mayfly_bench::Report;

/// What a benchmark returns.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Runs of each part. Odd, so that the median is one of them.
const RUNS: usize = 3;

/// The allocator of the `mayfly` binary, so that the generator is as cheap as it can be.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Cargo adds flags of its own, such as `--bench`.
    let wanted: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    let mut report = Report::default();
    if is_wanted("batch") {
        eprintln!("measuring batch ..");
        throughput::run(&mut report, &throughput::BATCH).await?;
    }
    if is_wanted("mints") {
        eprintln!("measuring mints ..");
        throughput::run(&mut report, &throughput::MINTS).await?;
    }
    if is_wanted("single") {
        eprintln!("measuring single ..");
        throughput::run(&mut report, &throughput::SINGLE).await?;
    }
    if is_wanted("sync") {
        eprintln!("measuring sync ..");
        latency::run(&mut report).await?;
    }
    if is_wanted("webhooks") {
        eprintln!("measuring webhooks ..");
        webhooks::run(&mut report).await?;
    }
    Ok(report.finish()?)
}

/// How much of the load is sent: all, or a tenth.
fn scaled(count: usize) -> usize {
    if std::env::var_os("MAYFLY_BENCH_SMALL").is_some() { count / 10 } else { count }
}

/// The value that `share` of the sorted values do not exceed.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank between zero and the length"
    )]
    let at = (rank as usize).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 0.5)
}
