use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

/// Name of the file that every benchmark adds its figures to, in cargo's target directory.
pub const FILE: &str = "mayfly-bench.json";

/// What a figure counts, and which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things done in a second; more is better.
    PerSecond,
    /// Megabytes that went through in a second; more is better.
    MegabytesPerSecond,
    /// Milliseconds; fewer is better.
    Millis,
    /// Bytes; fewer is better.
    Bytes,
    /// Mebibytes; fewer is better.
    Mebibytes,
}

impl Unit {
    const fn more_is_better(self) -> bool {
        matches!(self, Self::PerSecond | Self::MegabytesPerSecond)
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{value:.0} /s"),
            Self::MegabytesPerSecond => format!("{value:.0} MB/s"),
            Self::Millis => format!("{value:.2} ms"),
            Self::Bytes => format!("{value:.1} B"),
            Self::Mebibytes => format!("{value:.1} MiB"),
        }
    }
}

/// A measured value, and its key in the file if it is kept there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Key in the file.
    pub key: Option<&'static str>,
    /// Value in the unit of its line.
    pub value: f64,
}

impl Figure {
    /// A figure that is kept in the file as `key`.
    pub const fn kept(key: &'static str, value: f64) -> Self {
        Self { key: Some(key), value }
    }

    /// A figure that is shown only.
    pub const fn shown(value: f64) -> Self {
        Self { key: None, value }
    }
}

/// Our figure beside that of a peer or a limit, measured in the same run.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is measured.
    pub what: String,
    /// Unit of both figures.
    pub unit: Unit,
    /// Ours.
    pub ours: Figure,
    /// The peer's, with its name.
    pub peer: Option<(&'static str, Figure)>,
}

impl Line {
    /// How many times as good as the peer we are, whichever way is better.
    pub fn ratio(&self) -> Option<f64> {
        let (_, peer) = self.peer?;
        let (good, bad) = match self.unit.more_is_better() {
            true => (self.ours.value, peer.value),
            false => (peer.value, self.ours.value),
        };
        Some(good / bad.max(f64::MIN_POSITIVE))
    }

    fn figures(&self) -> impl Iterator<Item = Figure> {
        [Some(self.ours), self.peer.map(|(_, figure)| figure)].into_iter().flatten()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.unit.show(self.ours.value);
        write!(f, "{:<46} {ours:>14}", self.what)?;
        match (self.peer, self.ratio()) {
            (Some((name, peer)), Some(ratio)) => {
                write!(f, " {:>14} {ratio:>8.2}x  {name}", self.unit.show(peer.value))
            }
            _ => Ok(()),
        }
    }
}

/// All lines of a run.
#[derive(Debug, Default)]
pub struct Report(Vec<Line>);

impl Report {
    /// Adds a line and shows it at once, for who waits.
    pub fn add(&mut self, line: Line) {
        eprintln!("  {line}");
        self.0.push(line);
    }

    /// Prints the table and adds the figures to the file; what other runs left there stays.
    ///
    /// # Errors
    /// [`ReportError`] when the file cannot be read or written.
    pub fn finish(self) -> Result<(), ReportError> {
        print!("{self}");
        let path = target_directory().join(FILE);
        self.merge_into(&path)?;
        println!("figures: {}", path.display());
        Ok(())
    }

    fn merge_into(&self, path: &Path) -> Result<(), ReportError> {
        let failed = |source| ReportError::File { path: path.to_owned(), source };
        let mut all: Map<String, Value> = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| ReportError::Json { path: path.to_owned(), source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(failed(error)),
        };
        for figure in self.0.iter().flat_map(Line::figures) {
            if let Some(key) = figure.key {
                all.insert(key.to_owned(), rounded(figure.value).into());
            }
        }
        let text = format!("{:#}\n", Value::Object(all));
        fs::write(path, text).map_err(failed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, ours, peer, ratio) = ("what", "ours", "peer", "x better");
        writeln!(f, "{what:<46} {ours:>14} {peer:>14} {ratio:>9}  the peer is")?;
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The file of figures cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file system refused.
    #[error("cannot read or write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not an object of figures.
    #[error("`{}` holds no figures: delete it", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
}

/// Most memory that a process ever had, as Linux counts it; `None` elsewhere.
pub fn peak_rss_mib(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Three digits after the point are more than any run repeats.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Where cargo builds.
pub fn target_directory() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    env::var_os("CARGO_TARGET_DIR").map_or_else(default, PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(unit: Unit, ours: f64, peer: f64) -> Line {
        let peer = Some(("peer", Figure::kept("peer", peer)));
        Line { what: "a thing".to_owned(), unit, ours: Figure::kept("ours", ours), peer }
    }

    #[test]
    fn a_ratio_above_one_is_better_than_the_peer() {
        assert_eq!(line(Unit::PerSecond, 30.0, 10.0).ratio(), Some(3.0));
        assert_eq!(line(Unit::Millis, 2.0, 4.0).ratio(), Some(2.0));
    }

    #[test]
    fn runs_add_to_what_others_left() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(FILE);
        fs::write(&path, r#"{"other": 1.5, "ours": 7}"#).expect("writes");
        Report(vec![line(Unit::Millis, 2.00049, 4.0)]).merge_into(&path).expect("merges");
        let found: Value = serde_json::from_slice(&fs::read(&path).expect("reads")).expect("JSON");
        assert_eq!(found, serde_json::json!({ "other": 1.5, "ours": 2.0, "peer": 4.0 }));
        fs::write(&path, "[]").expect("writes");
        assert!(matches!(Report::default().merge_into(&path), Err(ReportError::Json { .. })));
    }
}
