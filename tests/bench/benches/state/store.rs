//! Bytes at rest.

use alloy_primitives::{Address, U256};
use futures::executor::block_on;
use mayfly_bench::{Figure, Line, Report, Unit};
use node_core::{
    chain::Epoch,
    flow::pages::{Layout, PageCache, Pages},
    port::{Objects, memory::Memory},
    state::{AccountDelta, Delta, Need},
};

use crate::{Result, crowd};

const ACCOUNTS: u64 = 1_000_000;

/// Accounts that change between two checkpoints.
const CHANGED: u64 = 10_000;

/// Accounts that a first block touches.
const TOUCHED: u64 = 200;

/// What one layout costs.
struct Cost {
    /// Of an account in packs.
    stored: f64,
    /// Of a checkpoint for each changed account.
    changed: f64,
    /// Read for accounts here and there.
    read: f64,
}

pub(crate) fn run(report: &mut Report) -> Result<()> {
    let cost = cost(Layout::default())?;
    let (columns, changed_columns) = (columns(0..ACCOUNTS)?, columns(changed())?);
    let peer = "zstd -3 of sorted columns";
    report.add(Line {
        what: "store: an account of 1 M, in packs".to_owned(),
        unit: Unit::Bytes,
        ours: Figure::kept("stored_bytes_per_account", cost.stored),
        peer: Some((peer, Figure::kept("columns_bytes_per_account", columns))),
    });
    report.add(Line {
        what: "store: a checkpoint, each of 10 k changed of 1 M".to_owned(),
        unit: Unit::Bytes,
        ours: Figure::kept("checkpoint_bytes_per_changed_account", cost.changed),
        peer: Some((peer, Figure::shown(changed_columns))),
    });
    Ok(())
}

/// What another size of page would mean.
pub(crate) fn run_pages(report: &mut Report) -> Result<()> {
    for kib in [4, 8, 16, 32, 64, 128] {
        let layout = Layout { page_bytes: kib * 1024, ..Layout::default() };
        let cost = cost(layout)?;
        let mut line = |what: &str, value| {
            report.add(Line {
                what: format!("pages up to {kib} KiB: {what}"),
                unit: Unit::Bytes,
                ours: Figure::shown(value),
                peer: None,
            });
        };
        line("stored for an account", cost.stored);
        line("checkpoint for a changed account", cost.changed);
        line("read for 200 accounts", cost.read);
    }
    Ok(())
}

fn changed() -> impl Iterator<Item = u64> {
    (0..CHANGED).map(|i| i * 982_451_653 % ACCOUNTS)
}

fn cost(layout: Layout) -> Result<Cost> {
    let objects = Memory::stores().objects;
    let top = crowd::write(&*objects, layout, ACCOUNTS)?;
    let bytes = total(&*objects)?;
    let cache = PageCache::new(1 << 30);
    let pages = Pages::of(objects.clone(), crowd::LAYER, layout, cache, top);
    let mut world = pages.world()?;
    let touched = (0..TOUCHED).map(|i| i * 179_424_673 % ACCOUNTS);
    let needs = touched.map(|i| Ok(Need::account(&crowd::address(i)?)));
    block_on(pages.load(&mut world, &needs.collect::<Result<Vec<_>>>()?))?;
    let (_, read) = pages.fetched();

    let mut delta = Delta::default();
    for i in changed() {
        let mut info = crowd::info(i);
        info.balance += U256::ONE;
        delta.accounts.insert(crowd::address(i)?, AccountDelta::updated(info));
    }
    block_on(pages.load(&mut world, &delta.needs()))?;
    world.advance(&delta)?;
    let written = block_on(pages.write(&world, 1, Epoch(1)))?;
    Ok(Cost {
        stored: bytes as f64 / ACCOUNTS as f64,
        changed: written.pack.len() as f64 / delta.accounts.len() as f64,
        read: read as f64,
    })
}

fn total(objects: &dyn Objects) -> Result<usize> {
    let mut bytes = 0;
    for name in block_on(objects.list(""))? {
        bytes += block_on(objects.get(&name))?.len();
    }
    Ok(bytes)
}

/// Bytes of an account when all addresses, all nonces and all balances are compressed as one, in order of
/// address.
fn columns(accounts: impl Iterator<Item = u64>) -> Result<f64> {
    let mut rows: Vec<(Address, u64, U256)> = accounts
        .map(|i| Ok((crowd::address(i)?, crowd::info(i).nonce, crowd::info(i).balance)))
        .collect::<Result<_>>()?;
    rows.sort_unstable();
    let mut raw: Vec<u8> = rows.iter().flat_map(|(address, ..)| address.0).collect();
    raw.extend(rows.iter().map(|(_, nonce, _)| u8::try_from(*nonce).unwrap_or(u8::MAX)));
    raw.extend(rows.iter().flat_map(|(.., balance)| balance.to_be_bytes_trimmed_vec()));
    Ok(zstd::bulk::compress(&raw, 3)?.len() as f64 / rows.len() as f64)
}
