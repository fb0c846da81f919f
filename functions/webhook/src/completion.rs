//! Tells the organiser's own systems what became of orders, in the Standard Webhooks scheme.

use std::time::{Duration, UNIX_EPOCH};

use alloy_primitives::keccak256;
use futures::future::join_all;
use node_core::{codec::record::OrderRecord, flow::refund, port::PortError};
use reqwest::{Client, redirect::Policy};
use serde_json::json;

use crate::{FetchError, Secret, WebhookState, api::OrderView, provider::STANDARD_WEBHOOKS};

/// How long the receiver may take, as the scheme advises.
const PATIENCE: Duration = Duration::from_secs(20);

/// Seconds until the next try, as the scheme advises; the last of them again and again, as long as the layer lives.
const PAUSES_S: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Orders told of at a time.
const AT_A_TIME: usize = 16;

/// Orders read at a time.
const PAGE: usize = 1_000;

/// Where the organiser is told.
#[derive(Debug, Clone)]
pub struct Completion {
    /// Address that is posted to.
    pub url: String,
    /// Signs, in base64 behind `whsec_`.
    pub secret: Secret,
}

/// Tells what became of orders, at least once of the state that an order stays in. What was told is remembered with the
/// order, and so is what was not taken and when it is tried again: who tells may die at any time, and another goes on.
/// Of a state that an order has left before nothing is told.
///
/// The body is `{type, timestamp, data}`, where the type is `order.` with the state (`minted`, `failed`, `unclaimed`,
/// `void`, `burned`, `voided`) and the data is the order as the API shows it. `webhook-id` is the same for the same order
/// and state.
#[derive(Debug)]
pub struct Courier {
    state: WebhookState,
    client: Client,
}

/// What became of one message.
enum Told {
    Yes,
    No(String),
}

impl Courier {
    /// Makes a courier for an event; it does nothing when the event has nobody to tell.
    ///
    /// # Errors
    /// [`FetchError::Unavailable`] when there is no TLS on this machine.
    pub fn new(state: WebhookState) -> Result<Self, FetchError> {
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build();
        let unavailable =
            |error: reqwest::Error| FetchError::Unavailable { reason: error.to_string() };
        Ok(Self { state, client: client.map_err(unavailable)? })
    }

    /// Tells what is due now and returns of how many orders. A receiver that takes nothing of what is sent to it at once
    /// is left alone until the next round, so that a round ends soon.
    ///
    /// # Errors
    /// The store's errors; receivers that do not answer are asked again in later rounds.
    pub async fn round(&self) -> Result<usize, PortError> {
        let Some(completion) = self.state.event.completion.clone() else { return Ok(0) };
        let now_ms = self.state.clock.now_ms();
        let (mut told, mut from) = (0, None);
        loop {
            let page = self.state.stores.orders.list(from.as_deref(), PAGE).await?;
            let is_due = |record: &OrderRecord| record.untold_by(now_ms).is_some();
            let due: Vec<_> = page.records.into_iter().filter(is_due).collect();
            for due in due.chunks(AT_A_TIME) {
                let taken = self.tell(&completion, due, now_ms).await?;
                told += taken;
                if taken == 0 {
                    return Ok(told);
                }
            }
            from = page.next;
            if from.is_none() {
                return Ok(told);
            }
        }
    }

    /// Tells of these orders at once and returns of how many.
    async fn tell(
        &self,
        completion: &Completion,
        due: &[OrderRecord],
        now_ms: u64,
    ) -> Result<usize, PortError> {
        let posts = due.iter().map(|record| self.post(completion, record, now_ms / 1000));
        let outcomes = join_all(posts).await;
        let mut told = 0;
        for (record, outcome) in due.iter().zip(outcomes) {
            told += usize::from(self.remember(record, outcome, now_ms).await?);
        }
        Ok(told)
    }

    async fn post(&self, completion: &Completion, record: &OrderRecord, now_s: u64) -> Told {
        let state = record.untold().unwrap_or_default();
        let at = UNIX_EPOCH + Duration::from_secs(now_s);
        let body = json!({
            "type": format!("order.{state}"),
            "timestamp": humantime::format_rfc3339_seconds(at).to_string(),
            "data": OrderView::of(&self.state, record),
        });
        let body = body.to_string();
        let id = keccak256(format!("{}/{state}", record.order.key));
        let id = format!("msg_{}", hex::encode(&id[..12]));
        let scheme = STANDARD_WEBHOOKS.scheme().expect("the scheme signs");
        let mut request =
            self.client.post(&completion.url).header("content-type", "application/json");
        for (name, value) in scheme.sign(body.as_bytes(), &completion.secret, &id, now_s) {
            request = request.header(name, value);
        }
        match request.body(body).send().await {
            Ok(answer) if answer.status().is_success() => Told::Yes,
            Ok(answer) => Told::No(answer.status().to_string()),
            Err(error) => Told::No(error.without_url().to_string()),
        }
    }

    /// Returns whether the order was told of.
    async fn remember(
        &self,
        record: &OrderRecord,
        outcome: Told,
        now_ms: u64,
    ) -> Result<bool, PortError> {
        let (orders, key) = (&*self.state.stores.orders, &record.order.key);
        let state = record.untold().unwrap_or_default();
        let Told::No(reason) = outcome else {
            // Of a state that it has left meanwhile it is told, too.
            refund::change(orders, key, |held| held.tell(state)).await?;
            return Ok(true);
        };
        let tries = record.tries(state);
        tracing::warn!(order = key, reason, tries, "completion not taken");
        let next_ms = now_ms.saturating_add(1000 * pause_s(tries));
        refund::change(orders, key, |held| held.put_off(state, tries, next_ms)).await?;
        Ok(false)
    }
}

fn pause_s(tries: u64) -> u64 {
    let last = PAUSES_S.len() - 1;
    PAUSES_S[usize::try_from(tries).map_or(last, |tries| tries.min(last))]
}
