//! Lives many lives, or one again.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use mayfly_sim::{Failure, Fault, Lived, Setting, Variant, catch, live, live_all};

/// Lives are made of many small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lives between two lines of progress.
const LINE: u64 = 250;

/// Lives whole lives of flash layers in simulated time, with faults by seed.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lives for so many seconds, and stops at the first failure
    Soak {
        /// How long
        seconds: u64,
        /// The first seed; one that nobody has tried yet unless given
        #[arg(long)]
        first: Option<u64>,
    },
    /// Lives once more, and says what happened
    Replay {
        /// Decides everything
        seed: u64,
        /// A fault that does not happen; can be given again
        #[arg(long)]
        without: Vec<Fault>,
        /// What is broken on purpose
        #[arg(long)]
        variant: Option<Variant>,
        /// Show everything that happened
        #[arg(long)]
        whole: bool,
    },
    /// Breaks the protocol in one place at a time, and says how many lives it takes to notice
    Variants,
}

fn main() -> ExitCode {
    let is_right = match Arguments::parse().command {
        Command::Soak { seconds, first } => soak(Duration::from_secs(seconds), first),
        Command::Replay { seed, without, variant, whole } => {
            replay(&Setting { seed, without, variant, told: whole })
        }
        Command::Variants => variants(),
    };
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn soak(length: Duration, first: Option<u64>) -> bool {
    let first = first.unwrap_or_else(fresh);
    let started = Instant::now();
    let mut all = Lived::default();
    while started.elapsed() < length {
        let next = first.wrapping_add(all.lives);
        match live_all(next..next.saturating_add(LINE)) {
            Ok(Lived { lives, blocks, seconds, .. }) => {
                all.lives += lives;
                all.blocks += blocks;
                all.seconds += seconds;
            }
            Err(failure) => {
                println!("{failure}");
                return false;
            }
        }
        let Lived { lives, blocks, seconds, .. } = all;
        let passed = started.elapsed();
        let each_minute = u128::from(lives) * 60_000 / passed.as_millis().max(1);
        let days = seconds / 86_400;
        println!(
            "{:>5} s  {lives} lives from seed {first}, {each_minute} a minute; {blocks} blocks, \
             {days} simulated days",
            passed.as_secs()
        );
    }
    true
}

/// A seed by the clock, so that no two runs try the same.
fn fresh() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs()) * 1_000_000
}

fn replay(setting: &Setting) -> bool {
    if setting.told {
        live(setting).events.iter().for_each(|event| println!("{event}"));
    }
    let failure = Failure::of(setting);
    match &failure {
        Some(failure) => println!("{failure}"),
        None => println!("seed {}: everything holds", setting.seed),
    }
    failure.is_none()
}

fn variants() -> bool {
    let mut is_all = true;
    for variant in Variant::ALL {
        match catch(variant) {
            Some(caught) => println!("{:>5}  {variant:?}: {}", caught.lives, caught.property),
            None => {
                println!(" none  {variant:?} is not noticed");
                is_all = false;
            }
        }
    }
    is_all
}
