use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::signers::local::PrivateKeySigner;
use futures::{StreamExt, TryStreamExt, stream};
use mayfly_webhook::{Secret, provider::STRIPE};
use node_core::{codec::record::OrderState, port::Orders};
use serde_json::json;

use crate::{client::Client, failure::Failure, runner::Runner, ui::Step};

/// Every fifth delivery repeats an earlier one, as shops do.
const REPEAT_EVERY: u32 = 5;

/// Deliveries under way at a time.
const IN_FLIGHT: usize = 16;

/// How long a paid item may take until it is minted.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the shop sold.
#[derive(Debug)]
pub(super) struct Sales {
    /// Deliveries sent, repeated ones counted.
    pub(super) deliveries: usize,
    /// Paid items that were minted.
    pub(super) mints: usize,
}

/// Sends `count` signed deliveries, some of them twice, and waits until each paid item is minted.
pub(super) async fn deliver(
    runner: &Runner,
    client: &Client,
    count: u32,
    step: &Step,
) -> Result<Sales, Failure> {
    let secret = Secret::new(runner.keys.stripe_secret.clone())
        .map_err(|error| Failure::remote("Stripe secret", error))?;
    let repeated = count / REPEAT_EVERY;
    let bodies: Vec<String> = (0..count - repeated).map(body).collect();
    let mut sent: Vec<&String> = bodies.iter().collect();
    sent.extend(bodies.iter().take(usize::try_from(repeated).unwrap_or(usize::MAX)));
    let url = runner.webhook_url();
    let keys: BTreeSet<String> = stream::iter(sent.iter().map(|body| {
        let (secret, url) = (&secret, url.as_str());
        async move { post(client, url, secret, body).await }
    }))
    .buffer_unordered(IN_FLIGHT)
    .inspect_ok(|_| step.tick())
    .try_concat()
    .await?;
    wait_for_mints(&*runner.layer.context.stores.orders, &keys).await?;
    Ok(Sales { deliveries: sent.len(), mints: keys.len() })
}

/// Posts one delivery and returns the keys of its orders.
async fn post(
    client: &Client,
    url: &str,
    secret: &Secret,
    body: &str,
) -> Result<BTreeSet<String>, Failure> {
    let signed = STRIPE.scheme().map(|scheme| scheme.sign(body.as_bytes(), secret, "", now_s()));
    let (header, signature) = signed.into_iter().flatten().next().expect("Stripe signs");
    let (status, answer) = client.post(url, (header, &signature), body.to_owned()).await?;
    if status != 200 {
        return Err(Failure::remote("webhook", format!("expected 200, got {status}: {answer}")));
    }
    let orders = answer["orders"].as_array().into_iter().flatten();
    Ok(orders.filter_map(|order| order["key"].as_str().map(str::to_owned)).collect())
}

async fn wait_for_mints(orders: &dyn Orders, keys: &BTreeSet<String>) -> Result<(), Failure> {
    let waiting = async {
        for key in keys {
            loop {
                match orders.get(key).await?.map(|record| record.state()) {
                    Some(OrderState::Minted { .. }) => break,
                    Some(OrderState::Failed { reason }) => {
                        return Err(Failure::remote(format!("order {key}"), reason));
                    }
                    _ => {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            }
        }
        Ok(())
    };
    let late = |_| Failure::remote("paid items", "not all minted within 10 s");
    tokio::time::timeout(PATIENCE, waiting).await.map_err(late)?
}

/// A paid checkout session of Stripe, for one ticket.
fn body(number: u32) -> String {
    let buyer = PrivateKeySigner::random().address();
    json!({
        "id": format!("evt_demo_{number}"),
        "object": "event",
        "type": "checkout.session.completed",
        "data": { "object": {
            "id": format!("cs_demo_{number}"),
            "object": "checkout.session",
            "payment_status": "paid",
            "metadata": { "ticket_to": buyer.to_string(), "qty": "1" },
        } },
    })
    .to_string()
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
