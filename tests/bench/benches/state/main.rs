//! What state costs that lies in an object store: opening it, storing it, its root, its memory.
//!
//! ```text
//! make bench                                            # everything
//! cargo bench --package mayfly-bench --bench state -- open
//! MAYFLY_BENCH_SMALL=1 make bench                       # up to 1 M accounts, not 10 M
//! ```
//!
//! | section | what |
//! |---|---|
//! | root | the root of 1 M and 10 M accounts from nothing, beside alloy-trie's `HashBuilder` on the same leaves |
//! | open | a process that knows nothing: claim the lease, open the checkpoint, seal a block of 100 transfers between accounts all over the state; objects on disk, with 0 and 20 ms for each request |
//! | store | bytes of an account in packs, and of a checkpoint for each changed account, beside `zstd -3` of the same accounts as sorted columns |
//! | pages | the same for other sizes of page: why the default is what it is |
//! | memory | most memory of a writer that touches 100 k accounts of 10 M |
//!
//! Opening and memory are measured in a child process each, so that nothing is warm but the kernel's files.

mod child;
mod crowd;
mod open;
mod root;
mod slow;
mod store;

use mayfly_bench::Report;

/// What a benchmark returns.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The allocator of the `mayfly` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A section of the report.
type Section = (&'static str, fn(&mut Report) -> Result<()>);

const SECTIONS: [Section; 5] = [
    ("root", root::run),
    ("open", open::run),
    ("store", store::run),
    ("pages", store::run_pages),
    ("memory", open::run_memory),
];

fn main() -> Result<()> {
    if let Some(task) = child::task() {
        return child::run(task?);
    }
    // Cargo adds flags of its own, such as `--bench`.
    let wanted: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let mut report = Report::default();
    for (name, run) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            eprintln!("measuring {name} ..");
            run(&mut report)?;
        }
    }
    Ok(report.finish()?)
}

/// Whether to stop at a million accounts.
fn is_small() -> bool {
    std::env::var_os("MAYFLY_BENCH_SMALL").is_some()
}
