//! Looks after orders while the layer runs: finds the addresses of names, and tells the organiser's systems what became
//! of orders.

use std::time::Duration;

use mayfly_webhook::{Courier, WebhookState, names};
use tokio::task::JoinHandle;

use super::Chain;
use crate::failure::Failure;

/// How long a new state of an order may go untold.
const EVERY: Duration = Duration::from_secs(1);

/// Starts telling; the task ends with the layer.
pub(super) fn start(state: &WebhookState, layer: &Chain) -> Result<JoinHandle<()>, Failure> {
    let mut stop = layer.stop.subscribe();
    if state.event.completion.is_none() && state.event.names.is_none() {
        return Ok(tokio::spawn(async {}));
    }
    let state = state.clone();
    let courier = Courier::new(state.clone());
    let courier = courier.map_err(|error| Failure::remote("completions", error))?;
    Ok(tokio::spawn(async move {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            let stopped = async {
                let _ = stop.wait_for(|stop| *stop).await;
            };
            tokio::select! {
                () = stopped => return,
                _ = ticks.tick() => {
                    if let Err(error) = names::resolve_waiting(&state).await {
                        tracing::warn!(%error, "names");
                    }
                    if let Err(error) = courier.round().await {
                        tracing::warn!(%error, "completions");
                    }
                }
            }
        }
    }))
}
