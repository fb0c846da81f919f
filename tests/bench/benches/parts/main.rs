//! How fast the parts are, each beside a limit that is measured in the same run.
//!
//! ```text
//! make bench                                       # everything
//! cargo bench --package mayfly-bench -- trie codec # sections whose name contains a word
//! MAYFLY_BENCH_SMALL=1 make bench                  # a trie of 200 k leaves, not of 1 M
//! ```
//!
//! `x better` compares the part with its limit: 1.0x is as fast as the limit, 0.5x half as fast. All in memory,
//! measured by criterion in processor time of all threads, as if there were one core; medians are
//! compared, and criterion's own reports stay in `target/criterion`. Nothing is asserted about times: what a number
//! means is for the reader to say.
//!
//! | row | the part | its limit | the aim |
//! |---|---|---|---|
//! | trie: sorted build | nodes in memory for all accounts, nothing hashed | as below | none: it is done once, at a start |
//! | trie: full root | hashing all of them | alloy-trie's `HashBuilder` on the same leaves | 510 ms for 1 M is `HashBuilder`'s, 208 ms that of lanes of keccak |
//! | trie: touched | a batch on a state whose parent is kept, and its root | keccak of exactly the nodes that changed | 2.3 ms for 1 k, 21 ms for 10 k of 1 M |
//! | trie: touched, against a full root | the same | `HashBuilder` over everything, what a trie that forgets has to do | far above 1x |
//! | senders: decode | a raw transaction to its fields and hash | keccak of the raw bytes | 2.2 M/s |
//! | senders: recover | the sender of a decoded transaction | bare recovery from a known hash | 31 k/s: the ceiling of any node that recovers itself |
//! | blocks: build | `execute::Builder` from start to sealed block, on 100 k accounts | the same without `finish`: no delta, no roots, no blooms | transfers 1.5 M/s and mints 250-280 k/s are the EVM's alone |
//! | blocks: recover and build | the same with recovery | recovery alone | close to 1x: all else is cheap |
//! | seal: state | the block's delta on the state before it, and the root | keccak of exactly the nodes that changed | 6 us a mint |
//! | seal: transactions | the root that is in the header | alloy-consensus on the same | below 0.45 us a mint |
//! | seal: receipts | the same, with each bloom | alloy-consensus on the same | below 3 us a mint |
//! | codec: frame | RLP bytes of a block record in and out of a frame | xxh3 of the same bytes | zstd-1 compresses at 0.9-1.6 GB/s, decompresses at 2.3-3.5 GB/s where bytes are columns |
//! | codec: record | the block record in and out of a frame | the frame alone | close to 1x |
//! | path: append, step, commit | accepted transactions to committed blocks, `flow::sequence` on memory | `Builder` alone on the same transactions | close to 1x |
//! | path: submit | raw bytes to acknowledged transactions: decode, recover, check, append | recovery alone | close to 1x |
//! | path: submit, step, commit | raw bytes to committed blocks | recovery alone | 50 us a mint with HTTP, 29-32 of them recovery |
//! | sealing: leaves | the sealer's sweeps at a layer's end, 400 holders a call, in the EVM and with the blocks around them | the exit tree in Rust | 333 k/s: 3 us a leaf |
//!
//! A *mint* is `buy()` of the `OpenZeppelin` ERC-721 in `infra/contracts`, each by another buyer.

mod blocks;
mod clock;
mod codec;
mod harness;
mod layer;
mod path;
mod seal;
mod senders;
mod trie;

use harness::{Bench, Result};

/// The allocator of the `mayfly` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A section of the table.
type Section = (&'static str, fn(&mut Bench) -> Result<()>);

const SECTIONS: [Section; 6] = [
    ("trie", trie::run),
    ("senders", senders::run),
    ("blocks", blocks::run),
    ("codec", codec::run),
    ("path", path::run),
    ("sealing", seal::run),
];

fn main() -> Result<()> {
    // Cargo adds flags of its own, such as `--bench`.
    let wanted: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let mut bench = Bench::new();
    for (name, run) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            eprintln!("measuring {name} ..");
            bench.begin(name);
            run(&mut bench)?;
        }
    }
    Ok(bench.finish()?)
}
