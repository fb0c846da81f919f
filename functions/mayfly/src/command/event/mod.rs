//! The configuration of an event's box office: written, checked, tried out.

mod init;
mod simulate;

use std::{path::Path, sync::Arc};

use mayfly_webhook::{Event, Fetch, HttpFetch};
use serde_json::json;

use crate::{cli, failure::Failure, ui::print};

/// Runs one of the commands.
pub(crate) async fn run(event: cli::Event, json: bool) -> Result<(), Failure> {
    match event {
        cli::Event::Init(init) => init::run(init, json),
        cli::Event::Check(file) => check(&file.file, json),
        cli::Event::Simulate(simulate) => simulate::run(simulate, json).await,
    }
}

fn check(path: &Path, json: bool) -> Result<(), Failure> {
    let event = read(path)?;
    let shops: Vec<_> = event.shops.iter().map(mayfly_webhook::Shop::name).collect();
    if json {
        print(json!({ "file": path, "shops": shops, "claims": event.claims.is_some() }));
    } else {
        print(format!("{}: good, for {}", path.display(), shops.join(", ")));
    }
    Ok(())
}

/// Reads a configuration, with the secrets that it names.
pub(crate) fn read(path: &Path) -> Result<Event, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let fetch: Arc<dyn Fetch> = Arc::new(HttpFetch::default());
    Event::parse(&text, &find, &fetch)
        .map_err(|error| Failure::Event { path: path.to_owned(), error })
}

/// Finds what stands for a secret: `env:NAME`, `file:PATH` or the secret itself.
fn find(text: &str) -> Result<String, String> {
    if let Some(name) = text.strip_prefix("env:") {
        return std::env::var(name)
            .map_err(|_| format!("expected the environment variable {name}, got nothing"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        let read = std::fs::read_to_string(path);
        let read = read.map_err(|error| format!("expected the file {path}, got {error}"))?;
        return Ok(read.trim_end_matches(['\n', '\r']).to_owned());
    }
    Ok(text.to_owned())
}
