//! Roots from nothing, in processor time: what they take on one core.

use std::time::Duration;

use alloy_primitives::{B256, keccak256};
use mayfly_bench::{Figure, Line, Report, Unit, hash_builder_root, processor_time};
use node_core::{state::Account, trie::Trie};

use crate::{Result, crowd, is_small};

/// Roots of each kind; the quickest counts.
const RUNS: usize = 3;

pub(crate) fn run(report: &mut Report) -> Result<()> {
    measure(report, 1_000_000, "1 M", ["root_1m_ms", "hashbuilder_1m_ms"])?;
    if !is_small() {
        measure(report, 10_000_000, "10 M", ["root_10m_ms", "hashbuilder_10m_ms"])?;
    }
    Ok(())
}

fn measure(report: &mut Report, count: u64, word: &str, keys: [&'static str; 2]) -> Result<()> {
    let leaves = leaves(count);
    let (mut build, mut ours, mut theirs) = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        let copy = leaves.clone();
        let started = processor_time();
        let trie = Trie::from_sorted(copy)?;
        let built = millis(started);
        let root = trie.root();
        (build, ours) = (build.min(built), ours.min(millis(started) - built));
        let started = processor_time();
        let expected = hash_builder_root(&leaves);
        theirs = theirs.min(millis(started));
        if root != expected {
            return Err(format!("expected root {expected}, got {root}").into());
        }
    }
    let peer = "alloy-trie's HashBuilder";
    report.add(Line {
        what: format!("root of {word} accounts, sorted and in memory"),
        unit: Unit::Millis,
        ours: Figure::kept(keys[0], ours),
        peer: Some((peer, Figure::kept(keys[1], theirs))),
    });
    report.add(Line {
        what: format!("root of {word}, with making the nodes"),
        unit: Unit::Millis,
        ours: Figure::shown(build + ours),
        peer: Some((peer, Figure::shown(theirs))),
    });
    Ok(())
}

fn leaves(count: u64) -> Vec<(B256, Account)> {
    let leaf = |i: u64| {
        let account = Account { info: crowd::info(i), ..Account::default() };
        (keccak256(i.to_be_bytes()), account)
    };
    let mut leaves: Vec<_> = (0..count).map(leaf).collect();
    leaves.sort_unstable_by_key(|(key, _)| *key);
    leaves
}

fn millis(since: Duration) -> f64 {
    processor_time().saturating_sub(since).as_secs_f64() * 1e3
}
