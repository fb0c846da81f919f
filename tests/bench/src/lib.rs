//! What all of Mayfly's benchmarks share: the report, and the one file that it leaves.

mod report;

pub use report::{FILE, Figure, Line, Report, ReportError, Unit, peak_rss_mib};
