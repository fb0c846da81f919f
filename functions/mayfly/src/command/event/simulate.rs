use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::signers::local::PrivateKeySigner;
use axum::{Router, extract::State};
use mayfly_webhook::{
    Shop,
    provider::{Sample, Trust},
};
use serde_json::{Value, json};

use super::read;
use crate::{cli::Simulate, command::status, failure::Failure, runner::Place, ui::print};

/// Sends what the provider of a shop would send, and says what was answered.
pub(super) async fn run(simulate: Simulate, json: bool) -> Result<(), Failure> {
    let event = read(&simulate.file)?;
    let shop = shop(&event.shops, simulate.shop.as_deref())?;
    let answers = status::running(&Place::new(&simulate.place.dir))?;
    let url = format!("{}/webhooks/{}", answers.url, shop.name());
    let api = match shop.provider().trust {
        Trust::Signed(_) => None,
        Trust::Asked(_) => Some(Api::start(shop).await?),
    };
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
            let (status, answer) =
                post((&client, url.as_str()), shop, api.as_ref(), &sample).await?;
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

/// Answers for a provider that does not sign when the layer asks it.
struct Api(Arc<Mutex<String>>);

impl Api {
    /// Listens where the configuration says that the provider's API is, until this command ends.
    async fn start(shop: &Shop) -> Result<Self, Failure> {
        let base = shop.inquiry().and_then(|inquiry| inquiry.api.clone()).unwrap_or_default();
        let address =
            base.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split('/').next());
        let port: u16 = address.and_then(|port| port.parse().ok()).ok_or_else(|| {
            let reason = format!(
                "{0} does not sign, so this command answers in its place: expected `api.base` of [shops.{0}] to be a port of this machine, such as http://127.0.0.1:8790, got {base}",
                shop.name()
            );
            Failure::Option { option: "--shop", reason }
        })?;
        let answer = Arc::new(Mutex::new(String::new()));
        let say = |State(answer): State<Arc<Mutex<String>>>| async move {
            answer.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        let routes = Router::new().fallback(say).with_state(Arc::clone(&answer));
        let bound = tokio::net::TcpListener::bind(("127.0.0.1", port)).await;
        let option = "api.base";
        let listener = bound.map_err(|source| Failure::Port { option, port, source })?;
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self(answer))
    }

    fn answer(&self, order: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = order;
    }
}

async fn post(
    (client, url): (&reqwest::Client, &str),
    shop: &Shop,
    api: Option<&Api>,
    sample: &Sample,
) -> Result<(u16, Value), Failure> {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let secret = shop.secret().ok_or_else(|| Failure::remote(shop.name(), "it has no secret"))?;
    let name = shop.provider().name;
    let posted = shop.provider().post(sample, secret, now_s).ok_or_else(|| {
        let reason = format!("expected a provider that tells of refunds, got {name}");
        Failure::Option { option: "--shop", reason }
    })?;
    let mut url = url.to_owned();
    if let (Some(api), Some(answer)) = (api, posted.answer) {
        api.answer(answer);
        url.push_str(&format!("?key={}", secret.reveal().unwrap_or_default()));
    }
    let mut request = client.post(url).header("content-type", "application/json").body(posted.body);
    for (header, value) in posted.headers {
        request = request.header(header, value);
    }
    let failed = |error| Failure::remote("webhook", error);
    let answer = request.send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await.unwrap_or(Value::Null)))
}
