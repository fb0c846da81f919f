//! What a person sees: tables, progress, errors.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use comfy_table::{Cell, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Starts the log on stderr: warnings, more with each `-v`; `RUST_LOG` overrides.
pub(crate) fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// Prints a line on stdout. Whoever reads it may have gone; that is no reason to stop serving.
pub(crate) fn print(line: impl core::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a failure with its causes: text for people, one object for machines.
pub(crate) fn fail(failure: &Failure, json: bool) {
    let causes = causes(failure);
    if json {
        let error = serde_json::json!({
            "code": failure.code(), "message": failure.to_string(), "causes": causes,
        });
        print(serde_json::json!({ "error": error }));
        return;
    }
    eprintln!("error: {failure}");
    for cause in causes {
        eprintln!("  because: {cause}");
    }
}

fn causes(failure: &Failure) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(failure);
    while let Some(error) = next {
        causes.push(error.to_string());
        next = error.source();
    }
    causes.dedup();
    causes
}

/// A table of names and values.
#[derive(Debug)]
pub(crate) struct Facts(Table);

impl Facts {
    /// Makes an empty table under a title.
    pub(crate) fn new(title: &str) -> Self {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(vec![Cell::new(title), Cell::new("")]);
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.0.add_row(vec![name.to_owned(), value.to_string()]);
        self
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        print(&self.0);
    }
}

/// Progress of one step after the other, on stderr; silent when nobody looks.
#[derive(Debug, Clone)]
pub(crate) struct Steps {
    shown: bool,
}

impl Steps {
    /// Shows progress unless the output is for a machine.
    pub(crate) const fn new(json: bool) -> Self {
        Self { shown: !json }
    }

    /// Starts a step of `length` parts; 0 when the length is not known.
    pub(crate) fn start(&self, what: &str, length: usize) -> Step {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let bar = if self.shown { ProgressBar::new(length) } else { ProgressBar::hidden() };
        let template = match length {
            0 => "{spinner} {msg}",
            _ => "{spinner} {msg:36} {bar:30} {pos}/{len}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Step { bar, shown: self.shown, what: what.to_owned() }
    }

    /// Says something that is worth a line.
    pub(crate) fn say(&self, text: &str) {
        if self.shown {
            eprintln!("{text}");
        }
    }
}

/// A step that goes on.
#[derive(Debug)]
pub(crate) struct Step {
    bar: ProgressBar,
    shown: bool,
    what: String,
}

impl Step {
    /// One more part is done.
    pub(crate) fn tick(&self) {
        self.bar.inc(1);
    }

    /// Many more parts are done.
    pub(crate) fn advance(&self, parts: usize) {
        self.bar.inc(u64::try_from(parts).unwrap_or(u64::MAX));
    }

    /// Says what goes on just now.
    pub(crate) fn note(&self, text: &str) {
        self.bar.set_message(format!("{}: {text}", self.what));
    }

    /// Ends the step with what came out.
    pub(crate) fn done(self, result: &str) {
        self.bar.finish_and_clear();
        if self.shown {
            eprintln!("  \u{2713} {:<34} {result}", self.what);
        }
    }
}
