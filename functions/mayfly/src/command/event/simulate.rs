use std::time::{SystemTime, UNIX_EPOCH};

use alloy::signers::local::PrivateKeySigner;
use mayfly_webhook::{Shop, provider::Sample};
use serde_json::{Value, json};

use super::read;
use crate::{cli::Simulate, command::status, failure::Failure, runner::Place, ui::print};

/// Sends what the provider of a shop would send, and says what was answered.
pub(super) async fn run(simulate: Simulate, json: bool) -> Result<(), Failure> {
    let event = read(&simulate.file)?;
    let shop = shop(&event.shops, simulate.shop.as_deref())?;
    let answers = status::running(&Place::new(&simulate.place.dir))?;
    let url = format!("{}/webhooks/{}", answers.url, shop.name());
    let client = reqwest::Client::new();
    let mut told = Vec::new();
    for number in simulate.from..simulate.from.saturating_add(simulate.sales) {
        let somebody = || PrivateKeySigner::random().address();
        let sample = Sample {
            number,
            recipient: simulate.to.unwrap_or_else(somebody).to_string(),
            tickets: simulate.tickets,
            is_refund: simulate.refund,
        };
        for _ in 0..simulate.times {
            let (status, answer) = post(&client, &url, shop, &sample).await?;
            if !json {
                print(format!("sale {number}: {status} {answer}"));
            }
            told.push(json!({ "sale": number, "status": status, "answer": answer }));
        }
    }
    if json {
        print(json!({ "url": url, "deliveries": told }));
    }
    Ok(())
}

fn shop<'a>(shops: &'a [Shop], name: Option<&str>) -> Result<&'a Shop, Failure> {
    let found = shops.iter().find(|shop| name.is_none_or(|name| shop.name() == name));
    found.ok_or_else(|| {
        let names: Vec<_> = shops.iter().map(Shop::name).collect();
        let got = name.unwrap_or("nothing");
        let reason = format!("expected one of {}, got {got}", names.join(", "));
        Failure::Option { option: "--shop", reason }
    })
}

async fn post(
    client: &reqwest::Client,
    url: &str,
    shop: &Shop,
    sample: &Sample,
) -> Result<(u16, Value), Failure> {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let secret = shop.secret().ok_or_else(|| Failure::remote(shop.name(), "it has no secret"))?;
    let name = shop.provider().name;
    let posted = shop.provider().post(sample, secret, now_s).ok_or_else(|| {
        let reason = if sample.is_refund && shop.provider().scheme().is_some() {
            format!("expected a provider that tells of refunds, got {name}")
        } else {
            format!("expected a provider that signs, got {name}: what it posts would be asked for")
        };
        Failure::Option { option: "--shop", reason }
    })?;
    let mut request = client.post(url).header("content-type", "application/json").body(posted.body);
    for (header, value) in posted.headers {
        request = request.header(header, value);
    }
    let failed = |error| Failure::remote("webhook", error);
    let answer = request.send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await.unwrap_or(Value::Null)))
}
