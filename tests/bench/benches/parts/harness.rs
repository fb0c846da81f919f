//! Clock, medians, table.

use std::{error::Error, fmt, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// What a benchmark returns.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs of each part. Odd, so that the median is one of them.
pub(crate) const RUNS: usize = 7;

/// Processor time that this thread has used.
fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Times of the runs of one part.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Runs `part` once and takes its time; what it returns is freed by the caller, outside of it.
    pub(crate) fn time<T>(&mut self, part: impl FnOnce() -> T) -> T {
        let start = now();
        let result = std::hint::black_box(part());
        self.0.push(now().saturating_sub(start));
        result
    }

    /// The median; zero when nothing was run.
    pub(crate) fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// How a time is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// As it is, in milliseconds.
    Millis,
    /// As a rate: so many things were done in it.
    PerSecond(usize),
    /// As a rate: so many bytes went through in it.
    BytesPerSecond(usize),
}

impl Unit {
    fn show(self, time: Duration) -> String {
        let seconds = time.as_secs_f64().max(1e-9);
        match self {
            Self::Millis => format!("{:.2} ms", seconds * 1e3),
            Self::PerSecond(count) => format!("{:.1} k/s", count as f64 / seconds / 1e3),
            Self::BytesPerSecond(count) => format!("{:.0} MB/s", count as f64 / seconds / 1e6),
        }
    }
}

/// A part beside its limit.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is measured.
    pub(crate) part: String,
    /// How both times are shown.
    pub(crate) unit: Unit,
    /// Time of the part.
    pub(crate) ours: Duration,
    /// Time of the limit.
    pub(crate) limit: Duration,
    /// What the limit is.
    pub(crate) limit_is: &'static str,
}

/// All rows of a run.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a row and shows it at once, for who waits.
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("  {}: {}", row.part, row.unit.show(row.ours));
        self.0.push(row);
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ours.as_secs_f64() / self.limit.as_secs_f64().max(1e-9)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, unit, ours, limit, limit_is } = self;
        let (ours, limit) = (unit.show(*ours), unit.show(*limit));
        write!(f, "{part:<52} {ours:>13} {limit:>13} {:>8.2}x  {limit_is}", self.ratio())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, ours, limit, ratio) = ("part", "ours", "limit", "x limit");
        writeln!(f, "{part:<52} {ours:>13} {limit:>13} {ratio:>9}  the limit is")?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}
