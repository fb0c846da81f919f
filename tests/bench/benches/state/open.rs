//! Opening at every size, and the memory of a writer.

use mayfly_bench::{Figure, Line, Report, Unit};

use crate::{
    Result,
    child::{self, Opened, Task},
    crowd, is_small,
};

/// Openings of each kind; the quickest counts, the others met a busy machine.
const RUNS: usize = 3;

/// A size, its word, and the keys of what is asked for there.
struct Size {
    accounts: u64,
    word: &'static str,
    millis: Option<&'static str>,
    millis_at_20: Option<&'static str>,
    bytes: Option<&'static str>,
}

const SIZES: [Size; 4] = [
    Size {
        accounts: 10_000,
        word: "10 k",
        millis: Some("open_ms_10k"),
        millis_at_20: None,
        bytes: Some("open_bytes_10k"),
    },
    Size { accounts: 100_000, word: "100 k", millis: None, millis_at_20: None, bytes: None },
    Size {
        accounts: 1_000_000,
        word: "1 M",
        millis: Some("open_ms_1m"),
        millis_at_20: Some("open_ms_1m_at_20ms"),
        bytes: Some("open_bytes_1m"),
    },
    Size {
        accounts: 10_000_000,
        word: "10 M",
        millis: Some("open_ms_10m"),
        millis_at_20: Some("open_ms_10m_at_20ms"),
        bytes: Some("open_bytes_10m"),
    },
];

fn sizes() -> &'static [Size] {
    if is_small() { &SIZES[..3] } else { &SIZES }
}

pub(crate) fn run(report: &mut Report) -> Result<()> {
    let mut smallest = None;
    for size in sizes() {
        let Size { word, .. } = size;
        let now = opened(size.accounts, 0)?;
        let base = *smallest.get_or_insert(now.millis);
        let figure = |key: Option<&'static str>, value| Figure { key, value };
        report.add(Line {
            what: format!("open {word} accounts, first block of 100"),
            unit: Unit::Millis,
            ours: figure(size.millis, now.millis),
            peer: Some(("the smallest state", Figure::shown(base))),
        });
        report.add(Line {
            what: format!("open {word}: bytes read in {} requests", now.requests),
            unit: Unit::Bytes,
            ours: figure(size.bytes, now.bytes as f64),
            peer: None,
        });
        let far = opened(size.accounts, 20)?;
        report.add(Line {
            what: format!("open {word}, 20 ms for each object"),
            unit: Unit::Millis,
            ours: figure(size.millis_at_20, far.millis),
            peer: None,
        });
    }
    Ok(())
}

/// Opens a fresh layer of this size in a process of its own.
fn opened(accounts: u64, latency_ms: u64) -> Result<Opened> {
    let made = tempfile::tempdir()?;
    crowd::open_layer(made.path(), accounts)?;
    let mut best: Option<Opened> = None;
    for _ in 0..RUNS {
        let copy = tempfile::tempdir()?;
        copy_all(made.path(), copy.path())?;
        let task = Task { dir: copy.path().to_owned(), accounts, latency_ms, blocks: 0 };
        let run = child::spawn(&task)?;
        if best.as_ref().is_none_or(|best| run.millis < best.millis) {
            best = Some(run);
        }
    }
    best.ok_or_else(|| "no run".into())
}

/// Objects are never changed, so a link to each is a copy.
fn copy_all(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy_all(&entry.path(), &target)?;
        } else if entry.path().components().any(|part| part.as_os_str() == "objects") {
            std::fs::hard_link(entry.path(), target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A writer that touches 100 k accounts.
pub(crate) fn run_memory(report: &mut Report) -> Result<()> {
    let size = &sizes()[sizes().len() - 1];
    let dir = tempfile::tempdir()?;
    crowd::open_layer(dir.path(), size.accounts)?;
    let task =
        Task { dir: dir.path().to_owned(), accounts: size.accounts, latency_ms: 0, blocks: 100 };
    let run = child::spawn(&task)?;
    let key = if is_small() { "peak_rss_mib_1m" } else { "peak_rss_mib_10m" };
    report.add(Line {
        what: format!("memory: writer at {}, 100 k accounts touched", size.word),
        unit: Unit::Mebibytes,
        ours: Figure::kept(key, run.peak_rss_mib),
        peer: None,
    });
    Ok(())
}
