use std::time::Duration;

use reqwest::Method;

use super::{
    status::{ask, running},
    up::print_outcome,
};
use crate::{cli, client::Client, failure::Failure, runner::Place, ui::Steps};

/// Ends a running layer now and waits until nothing of it is stored.
pub(crate) async fn run(place: cli::Place, json: bool) -> Result<(), Failure> {
    let here = Place::new(&place.dir);
    if let Some(outcome) = here.outcome()? {
        print_outcome(&outcome, json);
        return Ok(());
    }
    let answers = running(&here)?;
    let client = Client::connect(&answers.url)?;
    let asked = client.operator(Method::POST, "/operator/close", &answers.operator_token).await;
    asked.map_err(|_| Failure::NotRunning { dir: place.dir.clone() })?;
    let step = Steps::new(json).start("ending the layer", 0);
    let outcome = loop {
        let said = ask(&here).await;
        // Looked for after the answer: who has ended does not answer any more.
        if let Some(outcome) = here.outcome()? {
            break outcome;
        }
        if let Some(phase) = said?["phase"].as_str() {
            step.note(phase);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    step.done("settled, published, erased");
    print_outcome(&outcome, json);
    Ok(())
}
