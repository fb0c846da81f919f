//! Parts that criterion measures, each beside its limit.

use std::{error::Error, fs, time::Duration};

use criterion::{BatchSize, Criterion, SamplingMode};
use mayfly_bench::{Figure, Line, Report, ReportError, Unit, target_directory};
use serde::Deserialize;

use crate::clock::ProcessorTime;

/// What a benchmark returns.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How a time is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown {
    /// As it is.
    Time,
    /// As a rate: so many things were done in it.
    Things(usize),
    /// As a rate: so many bytes went through in it.
    Bytes(usize),
}

impl Shown {
    fn of(self, time: Duration) -> (Unit, f64) {
        let seconds = time.as_secs_f64().max(1e-9);
        match self {
            Self::Time => (Unit::Millis, seconds * 1e3),
            Self::Things(count) => (Unit::PerSecond, count as f64 / seconds),
            Self::Bytes(count) => (Unit::MegabytesPerSecond, count as f64 / seconds / 1e6),
        }
    }
}

/// A part beside its limit.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is measured.
    pub(crate) part: String,
    /// How both times are shown.
    pub(crate) shown: Shown,
    /// Time of the part.
    pub(crate) ours: Duration,
    /// Time of the limit.
    pub(crate) limit: Duration,
    /// What the limit is.
    pub(crate) limit_is: &'static str,
}

/// Criterion, and what it found so far.
pub(crate) struct Bench {
    criterion: Criterion<ProcessorTime>,
    section: &'static str,
    report: Report,
}

impl Bench {
    /// Few samples: a part takes milliseconds to seconds, and is compared with its limit, not followed from run to run.
    pub(crate) fn new() -> Self {
        let criterion = Criterion::default()
            .with_measurement(ProcessorTime)
            .output_directory(&target_directory().join("criterion"))
            .without_plots()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(500));
        Self { criterion, section: "", report: Report::default() }
    }

    /// What is measured from here on belongs to a section.
    pub(crate) const fn begin(&mut self, section: &'static str) {
        self.section = section;
    }

    /// The median time of `part`; what it returns is freed outside of it. `what` is a name in its section, of letters,
    /// digits and blanks: criterion makes a directory of it.
    ///
    /// # Errors
    /// What the part failed with.
    pub(crate) fn time<O>(
        &mut self,
        what: &str,
        mut part: impl FnMut() -> Result<O>,
    ) -> Result<Duration> {
        self.time_on(what, || Ok(()), |()| part())
    }

    /// The median time of `part`, each time on an input of its own, which is made outside of it.
    ///
    /// # Errors
    /// What the part, or making its input, failed with.
    pub(crate) fn time_on<I, O>(
        &mut self,
        what: &str,
        mut input: impl FnMut() -> Result<I>,
        mut part: impl FnMut(I) -> Result<O>,
    ) -> Result<Duration> {
        let mut failed = None;
        let mut group = self.criterion.benchmark_group(self.section);
        group.sampling_mode(SamplingMode::Flat).bench_function(what, |bencher| {
            let timed = |input: Result<I>| match input.and_then(&mut part) {
                Ok(output) => Some(output),
                Err(error) => {
                    failed.get_or_insert(error);
                    None
                }
            };
            bencher.iter_batched(&mut input, timed, BatchSize::PerIteration);
        });
        group.finish();
        failed.map_or_else(|| self.median(what), Err)
    }

    /// Adds a row and shows it at once, for who waits.
    pub(crate) fn add(&mut self, row: Row) {
        let Row { part, shown, ours, limit, limit_is } = row;
        let (unit, ours) = shown.of(ours);
        let (_, limit) = shown.of(limit);
        self.report.add(Line {
            what: format!("{}: {part}", self.section),
            unit,
            ours: Figure::shown(ours),
            peer: Some((limit_is, Figure::shown(limit))),
        });
    }

    /// Prints the table.
    ///
    /// # Errors
    /// As [`Report::finish`].
    pub(crate) fn finish(self) -> std::result::Result<(), ReportError> {
        self.report.finish()
    }

    /// What criterion found and keeps beside its samples, in nanoseconds.
    fn median(&self, what: &str) -> Result<Duration> {
        #[derive(Deserialize)]
        struct Estimates {
            median: Estimate,
        }
        #[derive(Deserialize)]
        struct Estimate {
            point_estimate: f64,
        }
        let kept = target_directory().join("criterion").join(self.section).join(what);
        let estimates = fs::read(kept.join("new/estimates.json"))?;
        let Estimates { median } = serde_json::from_slice(&estimates)?;
        Ok(Duration::from_secs_f64(median.point_estimate / 1e9))
    }
}
