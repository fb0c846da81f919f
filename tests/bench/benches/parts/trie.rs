//! Roots of the account trie.

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use alloy_primitives::{B256, Bytes, U256, keccak256};
use mayfly_bench::hash_builder_root;
use node_core::{
    state::{Account, AccountInfo},
    trie::Trie,
};

use crate::harness::{Bench, Result, Row, Shown};

type Leaf = (B256, Account);

pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let count = leaf_count();
    let full = full_root(bench, count)?;
    for touched in [1_000, 10_000] {
        let (ours, bound) = touch(bench, count, touched)?;
        let part = format!("{touched} touched of {} k", count / 1_000);
        let row = |part, limit, limit_is| Row { part, shown: Shown::Time, ours, limit, limit_is };
        bench.add(row(part.clone(), bound, "keccak of the changed nodes"));
        bench.add(row(format!("{part}, against a full root"), full, "alloy-trie, whole root"));
    }
    Ok(())
}

fn leaf_count() -> u64 {
    if std::env::var_os("MAYFLY_BENCH_SMALL").is_some() { 200_000 } else { 1_000_000 }
}

/// Returns the time of alloy-trie.
fn full_root(bench: &mut Bench, count: u64) -> Result<Duration> {
    let leaves = all_leaves(count);
    let theirs = hash_builder_root(&leaves);
    let trie = || Ok(Trie::from_sorted(leaves.iter().cloned())?);
    let limit = bench.time("HashBuilder", || Ok(hash_builder_root(&leaves)))?;
    let build = bench.time_on(
        "sorted build",
        || Ok(leaves.clone()),
        |leaves| Ok(Trie::from_sorted(leaves)?),
    )?;
    let hash = bench.time_on("full root", trie, |trie| {
        let is_same = trie.root() == theirs;
        if is_same { Ok(trie) } else { Err("the roots are of other leaves".into()) }
    })?;
    let mut add = |what, ours| {
        bench.add(Row {
            part: format!("{what} of {} k", count / 1_000),
            shown: Shown::Time,
            ours,
            limit,
            limit_is: "alloy-trie HashBuilder, root alone",
        });
    };
    add("sorted build", build);
    add("full root", hash);
    Ok(limit)
}

/// Returns the times of a batch with its root, and of hashing the nodes that it changed.
fn touch(bench: &mut Bench, count: u64, touched: u64) -> Result<(Duration, Duration)> {
    let whole = Trie::from_sorted(all_leaves(count))?;
    whole.root();
    let trie = RefCell::new(whole);
    let mut runs = 0..;
    // Sequencers keep the parent until the block is committed.
    let input = || {
        let batch = batch(count, touched, runs.next().unwrap_or_default());
        Ok((batch, trie.borrow().clone()))
    };
    let ours = bench.time_on(&format!("{touched} touched"), input, |(batch, parent)| {
        let mut trie = trie.borrow_mut();
        trie.apply(batch)?;
        trie.root();
        Ok(parent)
    })?;
    let mut trie = trie.into_inner();
    let last = batch(count, touched, u64::MAX >> 32);
    let keys: Vec<_> = last.iter().map(|(key, _)| *key).collect();
    trie.apply(last)?;
    let changed = changed_nodes(&trie, &keys)?;
    let limit = bench.time(&format!("{touched} changed nodes"), || Ok(hash_all(&changed)))?;
    Ok((ours, limit))
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
