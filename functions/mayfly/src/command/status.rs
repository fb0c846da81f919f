use reqwest::Method;
use serde_json::{Value, json};

use super::up::print_outcome;
use crate::{
    cli,
    client::Client,
    failure::Failure,
    runner::{Answers, Place},
    ui::{Facts, print},
};

/// Says where a layer stands: one that runs, or one that has ended.
pub(crate) async fn run(place: cli::Place, json: bool) -> Result<(), Failure> {
    let here = Place::new(&place.dir);
    if let Some(outcome) = here.outcome()? {
        print_outcome(&outcome, json);
        return Ok(());
    }
    let status = ask(&here).await?;
    if json {
        print(status);
        return Ok(());
    }
    let mut facts = Facts::new(status["name"].as_str().unwrap_or("layer"));
    for (name, field) in [
        ("phase", "phase"),
        ("RPC URL", "rpcUrl"),
        ("chain id", "chainId"),
        ("newest block", "block"),
        ("transactions", "transactions"),
        ("state root", "stateRoot"),
        ("ends at (Unix time)", "endsAt"),
    ] {
        facts.row(name, plain(&status[field]));
    }
    facts.row("L1 contract", plain(&status["l1"]["layer"])).print();
    Ok(())
}

/// Asks the running layer.
pub(super) async fn ask(place: &Place) -> Result<Value, Failure> {
    let answers = running(place)?;
    let client = Client::connect(&answers.url)?;
    let asked = client.operator(Method::GET, "/operator/status", &answers.operator_token).await;
    let mut status = asked.map_err(|_| Failure::NotRunning { dir: place.dir().to_owned() })?;
    status["rpcUrl"] = json!(answers.url);
    status["l1"]["rpcUrl"] = json!(answers.l1_url);
    Ok(status)
}

/// Where the running layer answers.
pub(super) fn running(place: &Place) -> Result<Answers, Failure> {
    place.answers()?.ok_or_else(|| Failure::NotRunning { dir: place.dir().to_owned() })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
