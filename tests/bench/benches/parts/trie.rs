//! Roots of the account trie.

use std::{collections::BTreeSet, time::Duration};

use alloy_primitives::{B256, Bytes, U256, keccak256};
use mayfly_bench::hash_builder_root;
use node_core::{
    state::{Account, AccountInfo},
    trie::Trie,
};

use crate::harness::{RUNS, Result, Row, Samples, Table, Unit};

/// Runs of a root over everything: each takes seconds.
const FULL_RUNS: usize = 3;

type Leaf = (B256, Account);

pub(crate) fn run(table: &mut Table) -> Result<()> {
    let count = leaf_count();
    let (mut trie, full) = full_root(table, count)?;
    for touched in [1_000, 10_000] {
        let (ours, bound) = touch(&mut trie, count, touched)?;
        let part = format!("trie: {touched} touched of {} k", count / 1_000);
        let row = |part, limit, limit_is| Row { part, unit: Unit::Millis, ours, limit, limit_is };
        table.add(row(part.clone(), bound, "keccak of the changed nodes"));
        table.add(row(format!("{part}, against a full root"), full, "alloy-trie, whole root"));
    }
    Ok(())
}

fn leaf_count() -> u64 {
    if std::env::var_os("MAYFLY_BENCH_SMALL").is_some() { 200_000 } else { 1_000_000 }
}

/// Returns the trie, and the time of alloy-trie.
fn full_root(table: &mut Table, count: u64) -> Result<(Trie<Account>, Duration)> {
    let (mut build, mut hash, mut limit) =
        (Samples::default(), Samples::default(), Samples::default());
    let mut trie = Trie::new();
    for _ in 0..FULL_RUNS {
        let leaves = all_leaves(count);
        let theirs = limit.time(|| hash_builder_root(&leaves));
        trie = build.time(|| Trie::from_sorted(leaves))?;
        assert_eq!(hash.time(|| trie.root()), theirs, "both roots are of the same leaves");
    }
    let limit = limit.median();
    let row = |what, ours: &Samples| Row {
        part: format!("trie: {what} of {} k", count / 1_000),
        unit: Unit::Millis,
        ours: ours.median(),
        limit,
        limit_is: "alloy-trie HashBuilder, root alone",
    };
    table.add(row("sorted build", &build));
    table.add(row("full root", &hash));
    Ok((trie, limit))
}

/// Returns the medians of a batch with its root, and of hashing the nodes that it changed.
fn touch(trie: &mut Trie<Account>, count: u64, touched: u64) -> Result<(Duration, Duration)> {
    let (mut ours, mut limit) = (Samples::default(), Samples::default());
    for run in 0..RUNS as u64 {
        let batch = batch(count, touched, run);
        let keys: Vec<_> = batch.iter().map(|(key, _)| *key).collect();
        // Sequencers keep the parent until the block is committed.
        let parent = trie.clone();
        ours.time(|| trie.apply(batch).map(|()| trie.root()))?;
        drop(parent);
        let changed = changed_nodes(trie, &keys)?;
        limit.time(|| hash_all(&changed));
    }
    Ok((ours.median(), limit.median()))
}

/// Hashes each of `nodes`.
pub(crate) fn hash_all(nodes: &BTreeSet<Bytes>) -> B256 {
    nodes.iter().fold(B256::ZERO, |all, node| all ^ keccak256(node))
}

/// The nodes on the ways to `keys`: what had to be hashed, no more and no less.
fn changed_nodes(trie: &Trie<Account>, keys: &[B256]) -> Result<BTreeSet<Bytes>> {
    let mut nodes = BTreeSet::new();
    for key in keys {
        nodes.extend(trie.prove(key.as_slice())?);
    }
    Ok(nodes)
}

/// Other accounts in every run, in no order that the trie would like.
fn batch(count: u64, touched: u64, run: u64) -> Vec<(B256, Option<Account>)> {
    let index = |j: u64| (j * 7_919 + j * j * 31 + run * 104_729 * 13) % count;
    let mut batch: Vec<_> =
        (0..touched).map(index).map(|i| (key(i), Some(account(i + run + 1)))).collect();
    batch.sort_unstable_by_key(|(key, _)| *key);
    batch.dedup_by_key(|(key, _)| *key);
    batch
}

fn all_leaves(count: u64) -> Vec<Leaf> {
    let mut leaves: Vec<_> = (0..count).map(|i| (key(i), account(i))).collect();
    leaves.sort_unstable_by_key(|(key, _)| *key);
    leaves
}

fn key(i: u64) -> B256 {
    keccak256(i.to_be_bytes())
}

fn account(i: u64) -> Account {
    let balance = U256::from(i) * U256::from(1_000_000_007_u64);
    Account {
        info: AccountInfo { nonce: i % 7, balance, ..AccountInfo::default() },
        ..Account::default()
    }
}
