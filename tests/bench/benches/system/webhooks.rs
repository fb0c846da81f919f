//! How many paid deliveries are accepted, and how long the shop waits for its answer.

use std::{
    hint::black_box,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use futures::future::try_join_all;
use mayfly_bench::{Figure, Line, Report, Unit};
use mayfly_webhook::{
    Secret,
    provider::{Posted, STRIPE, Sample},
};

use crate::{
    Result,
    client::{Connection, Request},
    nodes::{Mayfly, Node},
    percentile, scaled,
};

/// Deliveries, each of another sale.
const COUNT: usize = 10_000;

/// Connections that are open at a time.
const CONNECTIONS: usize = 32;

/// Measures signed deliveries until their 200, which comes after the order is on the disk, beside verifying the same
/// signatures and nothing else.
pub(crate) async fn run(report: &mut Report) -> Result<()> {
    let Node::Mayfly(layer) = Node::mayfly()? else { return Err("a layer was started".into()) };
    let secret = Secret::new(layer.stripe_secret())?;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let sample = |number| Sample {
        number,
        recipient: format!("0x{number:040x}"),
        tickets: 1,
        is_refund: false,
    };
    let posted = |number| STRIPE.post(&sample(number), &secret, now_s).ok_or("Stripe signs");
    let count = u64::try_from(scaled(COUNT))?;
    let posted = (1..=count).map(posted).collect::<std::result::Result<Vec<_>, _>>()?;
    let limit = verified_per_second(&posted, &secret, now_s)?;
    let (per_second, took_ms) = deliver(&layer, &posted).await?;
    report.add(Line {
        what: "webhooks: accepted deliveries".to_owned(),
        unit: Unit::PerSecond,
        ours: Figure::kept("webhooks_per_s", per_second),
        peer: Some((
            "verifying the HMAC alone, one core",
            Figure::kept("webhook_hmac_per_s", limit),
        )),
    });
    for (name, share, key) in [("p50", 0.50, "webhook_p50_ms"), ("p99", 0.99, "webhook_p99_ms")] {
        report.add(Line {
            what: format!("webhooks: delivery to answer, {CONNECTIONS} at a time, {name}"),
            unit: Unit::Millis,
            ours: Figure::kept(key, percentile(&took_ms, share)),
            peer: None,
        });
    }
    Ok(())
}

/// How many of these signatures are verified in a second.
fn verified_per_second(posted: &[Posted], secret: &Secret, now_s: u64) -> Result<f64> {
    let scheme = STRIPE.scheme().ok_or("Stripe signs")?;
    let secrets = [secret.clone()];
    let mut headers = Vec::with_capacity(posted.len());
    for one in posted {
        let mut map = axum::http::HeaderMap::new();
        for (name, value) in &one.headers {
            map.insert(*name, value.parse()?);
        }
        headers.push(map);
    }
    let start = Instant::now();
    for (headers, one) in headers.iter().zip(posted) {
        black_box(scheme.verify(headers, one.body.as_bytes(), &secrets, now_s, 300))?;
    }
    Ok(posted.len() as f64 / start.elapsed().as_secs_f64())
}

/// Returns deliveries in a second, and the milliseconds that each took, sorted.
async fn deliver(layer: &Mayfly, posted: &[Posted]) -> Result<(f64, Vec<f64>)> {
    let requests: Vec<_> = posted
        .iter()
        .map(|one| Request::post_to("/webhooks/stripe", &one.headers, &one.body))
        .collect();
    let start = Instant::now();
    let connections = (0..CONNECTIONS).map(|first| {
        let requests = requests.iter().skip(first).step_by(CONNECTIONS);
        async move {
            let mut connection = Connection::open(&layer.address()).await?;
            let mut took_ms = Vec::new();
            for request in requests {
                let start = Instant::now();
                connection.send(request).await?;
                took_ms.push(start.elapsed().as_secs_f64() * 1e3);
            }
            Result::Ok(took_ms)
        }
    });
    let took = try_join_all(connections).await?;
    let per_second = posted.len() as f64 / start.elapsed().as_secs_f64();
    let mut took_ms = took.concat();
    took_ms.sort_by(f64::total_cmp);
    Ok((per_second, took_ms))
}
