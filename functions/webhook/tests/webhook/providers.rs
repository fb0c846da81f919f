//! A delivery of every provider becomes the orders that are in it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Bytes;
use mayfly_webhook::{
    BODY_LIMIT, Fetch, FetchError, HttpFetch, Inquiry, Provider, Shop, provider::*,
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{BUYER, Office, config, open_layer};

const BASE64_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn shopify() -> Value {
    json!({
        "id": 820_982_911_946_154_508_u64,
        "note_attributes": [{ "name": "gift", "value": "yes" }, { "name": "ticket_to", "value": BUYER }],
        "line_items": [{ "id": 866_550_311_766_439_020_u64, "sku": "GA", "quantity": 2 }],
    })
}

fn standard() -> Value {
    let items = json!([{ "id": "a", "quantity": 1 }, { "id": "b" }]);
    json!({ "type": "order.paid", "timestamp": "2025-10-09T08:53:20Z", "data": { "id": "o1", "ticket_to": BUYER, "items": items } })
}

fn paddle() -> Value {
    json!({ "event_type": "transaction.completed", "data": {
        "id": "txn_1",
        "custom_data": { "ticket_to": BUYER },
        "details": { "line_items": [{ "id": "txnitm_1", "price_id": "pri_1", "quantity": 2 }] },
    } })
}

fn lemonsqueezy() -> Value {
    json!({
        "meta": { "event_name": "order_created", "custom_data": { "ticket_to": BUYER } },
        "data": { "type": "orders", "id": "1", "attributes": {
            "status": "paid",
            "first_order_item": { "id": 7, "quantity": 2, "variant_id": 3 },
        } },
    })
}

fn tickettailor() -> Value {
    json!({ "event": "ISSUED_TICKET.CREATED", "payload": {
        "id": "it_1",
        "status": "valid",
        "custom_questions": [{ "question": "ticket_to", "answer": BUYER }],
    } })
}

fn github() -> Value {
    let payload = json!({ "order": "drop-1", "ticket_to": BUYER, "qty": 2 });
    json!({ "action": "ticket", "client_payload": payload })
}

#[rstest]
#[case::shopify(&SHOPIFY, "hush", &[("X-Shopify-Topic", "orders/paid")], shopify(), &[
    "shopify/820982911946154508/866550311766439020/0", "shopify/820982911946154508/866550311766439020/1",
])]
#[case::standard(&STANDARD_WEBHOOKS, BASE64_SECRET, &[], standard(), &["standard-webhooks/o1/a/0", "standard-webhooks/o1/b/0"])]
#[case::svix(&SVIX, BASE64_SECRET, &[], standard(), &["svix/o1/a/0", "svix/o1/b/0"])]
#[case::paddle(&PADDLE, "pdl", &[], paddle(), &["paddle/txn_1/txnitm_1/0", "paddle/txn_1/txnitm_1/1"])]
#[case::lemonsqueezy(&LEMON_SQUEEZY, "lemon", &[], lemonsqueezy(), &["lemonsqueezy/1/7/0", "lemonsqueezy/1/7/1"])]
#[case::tickettailor(&TICKET_TAILOR, "tt", &[], tickettailor(), &["tickettailor/it_1/ticket/0"])]
#[case::github(&GITHUB, "gh", &[("X-GitHub-Event", "repository_dispatch")], github(), &[
    "github/drop-1/ticket/0", "github/drop-1/ticket/1",
])]
#[tokio::test]
async fn a_paid_delivery_mints_once_however_often_it_comes(
    #[case] provider: &'static Provider,
    #[case] secret: &str,
    #[case] headers: &[(&str, &str)],
    #[case] body: Value,
    #[case] keys: &[&str],
) {
    let config = config();
    let stores = open_layer(&config).await;
    let shop = Shop::new(provider, &[secret]).expect("a secret");
    let office = Office::of_shops(stores, config, vec![shop]).await;
    for _ in 0..3 {
        let answer = office.deliver_as(provider, secret, headers, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(office.keys().await, keys);
    let recipients = office.waiting().await.into_iter().map(|order| order.recipient);
    assert!(recipients.into_iter().all(|recipient| recipient == BUYER));
    let forged = office.deliver_as(provider, BASE64_SECRET_2, headers, &body).await;
    assert_eq!(forged.status, 400, "{forged:?}");
}

/// Good for every scheme, and nobody's.
const BASE64_SECRET_2: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[rstest]
#[case::shopify(&SHOPIFY, "hush", &[("X-Shopify-Topic", "orders/create")], json!({ "id": 1 }), "orders/create")]
#[case::paddle(&PADDLE, "pdl", &[], json!({ "event_type": "adjustment.created", "data": { "action": "refund", "status": "pending_approval" } }), "pending_approval")]
#[case::lemonsqueezy(&LEMON_SQUEEZY, "lemon", &[], json!({ "meta": { "event_name": "order_created" }, "data": { "attributes": { "status": "pending" } } }), "pending")]
#[case::tickettailor(&TICKET_TAILOR, "tt", &[], json!({ "event": "ISSUED_TICKET.UPDATED", "payload": { "status": "valid" } }), "status is valid")]
#[case::github(&GITHUB, "gh", &[("X-GitHub-Event", "ping")], json!({ "zen": "Keep it simple." }), "ping")]
#[case::unmerged(&GITHUB, "gh", &[("X-GitHub-Event", "pull_request")], json!({ "action": "closed", "pull_request": { "merged": false } }), "without being merged")]
#[tokio::test]
async fn what_is_no_payment_yet_is_ignored_and_says_why(
    #[case] provider: &'static Provider,
    #[case] secret: &str,
    #[case] headers: &[(&str, &str)],
    #[case] body: Value,
    #[case] expected: &str,
) {
    let config = config();
    let stores = open_layer(&config).await;
    let shop = Shop::new(provider, &[secret]).expect("a secret");
    let office = Office::of_shops(stores, config, vec![shop]).await;
    let answer = office.deliver_as(provider, secret, headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let reason = answer.json["ignored"].as_str().expect("it says why");
    assert!(reason.contains(expected), "{reason}");
    assert!(office.keys().await.is_empty());
}

/// A provider's API on a loopback port that answers every request the same, and says what it was asked.
async fn api(
    status: impl Into<String>,
    document: Value,
) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
    let (url, status) =
        (format!("http://{}", listener.local_addr().expect("bound")), status.into());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody asks");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.expect("a request"));
        }
        let body = document.to_string();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("it listens");
        String::from_utf8(request).expect("text").to_lowercase()
    });
    (url, server)
}

fn eventbrite_order() -> Value {
    let answers = json!([{ "question": "ticket_to", "answer": BUYER }]);
    let attendee = |id: &str| json!({ "id": id, "ticket_class_id": "9", "answers": answers });
    json!({ "id": "77", "status": "placed", "attendees": [attendee("a1"), attendee("a2")] })
}

fn eventbrite_told() -> Value {
    let url = "https://www.eventbriteapi.com/v3/orders/77/";
    json!({ "api_url": url, "config": { "action": "order.placed" } })
}

fn pretix_order() -> Value {
    let answers = json!([{ "question_identifier": "ticket_to", "answer": BUYER }]);
    let position = |id: u64, canceled| json!({ "id": id, "item": 3, "canceled": canceled, "answers": answers });
    json!({ "code": "ABC12", "status": "p", "positions": [position(5, false), position(6, true)] })
}

fn pretix_told() -> Value {
    json!({ "organizer": "acme", "event": "conf", "code": "ABC12", "action": "pretix.event.order.paid" })
}

async fn asking(provider: &'static Provider, api: Option<String>, fetch: Arc<dyn Fetch>) -> Office {
    let config = config();
    let stores = open_layer(&config).await;
    let inquiry = Inquiry { api, token: "tok".to_owned(), fetch };
    let shop = Shop::new(provider, &["key1"]).expect("a key").asking(inquiry);
    Office::of_shops(stores, config, vec![shop]).await
}

fn http() -> Arc<dyn Fetch> {
    Arc::new(HttpFetch::default())
}

#[rstest]
#[case::eventbrite(&EVENTBRITE, eventbrite_told(), eventbrite_order(), "get /orders/77/?expand=attendees ", "bearer tok", &["eventbrite/77/a1/0", "eventbrite/77/a2/0"])]
#[case::pretix(&PRETIX, pretix_told(), pretix_order(), "get /organizers/acme/events/conf/orders/abc12/ ", "token tok", &["pretix/ABC12/5/0"])]
#[tokio::test]
async fn a_provider_that_does_not_sign_is_asked(
    #[case] provider: &'static Provider,
    #[case] told: Value,
    #[case] order: Value,
    #[case] request: &str,
    #[case] authorization: &str,
    #[case] keys: &[&str],
) {
    let (url, server) = api("200 OK", order).await;
    let office = asking(provider, Some(url), http()).await;
    let path = format!("/webhooks/{}?key=key1", provider.name);
    let answer = office.post_to(&path, &[], told.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(office.keys().await, keys);
    let asked = server.await.expect("it was asked");
    assert!(asked.starts_with(request), "{asked}");
    assert!(asked.contains(&format!("authorization: {authorization}\r\n")), "{asked}");
}

#[rstest]
#[case::gone("404 Not Found", 400)]
#[case::token("401 Unauthorized", 500)]
#[case::broken("502 Bad Gateway", 503)]
#[case::elsewhere("302 Found", 503)]
#[tokio::test]
async fn what_the_provider_does_not_confirm_is_not_minted(
    #[case] theirs: &'static str,
    #[case] ours: u16,
) {
    let (url, _server) = api(theirs, pretix_order()).await;
    let office = asking(&PRETIX, Some(url), http()).await;
    let answer = office.post_to("/webhooks/pretix?key=key1", &[], pretix_told().to_string()).await;
    assert_eq!(answer.status, ours, "{answer:?}");
    assert!(office.keys().await.is_empty());
}

#[tokio::test]
async fn a_provider_that_sends_us_elsewhere_is_not_followed() {
    let (elsewhere, _server) = api("200 OK", pretix_order()).await;
    let (url, _moved) = api(format!("302 Found\r\nLocation: {elsewhere}/"), pretix_order()).await;
    let office = asking(&PRETIX, Some(url), http()).await;
    let answer = office.post_to("/webhooks/pretix?key=key1", &[], pretix_told().to_string()).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(office.keys().await.is_empty());
}

#[tokio::test]
async fn an_endpoint_without_a_key_asks_nobody_and_says_that_it_is_ours_to_mend() {
    let config = config();
    let stores = open_layer(&config).await;
    let inquiry = Inquiry { api: None, token: "tok".to_owned(), fetch: Arc::new(Silent) };
    let shop = Shop::new(&PRETIX, &[] as &[&str]).expect("no key").asking(inquiry);
    let office = Office::of_shops(stores, config, vec![shop]).await;
    let answer = office.post_to("/webhooks/pretix?key=", &[], pretix_told().to_string()).await;
    assert_eq!((answer.status, &answer.json["field"]), (500, &json!("key")), "{answer:?}");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read() {
    let mut order = pretix_order();
    order["comment"] = json!("x".repeat(BODY_LIMIT));
    let (url, _server) = api("200 OK", order).await;
    let office = asking(&PRETIX, Some(url), http()).await;
    let answer = office.post_to("/webhooks/pretix?key=key1", &[], pretix_told().to_string()).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.error().contains("expected at most 1048576 bytes"), "{answer:?}");
}

/// Nobody may be asked.
struct Silent;

#[async_trait]
impl Fetch for Silent {
    async fn get(&self, url: &str, _: &str) -> Result<Bytes, FetchError> {
        panic!("asked for {url}");
    }
}

#[rstest]
#[case::no_key("/webhooks/eventbrite", eventbrite_told(), 401)]
#[case::other_key("/webhooks/eventbrite?key=key2", eventbrite_told(), 401)]
#[case::elsewhere("/webhooks/eventbrite?key=key1", json!({ "api_url": "https://evil.test/v3/orders/77/" }), 400)]
#[case::up("/webhooks/eventbrite?key=key1", json!({ "api_url": "https://www.eventbriteapi.com/v3/orders/../users/me" }), 400)]
#[tokio::test]
async fn nobody_is_asked_for_strangers(
    #[case] path: &str,
    #[case] told: Value,
    #[case] status: u16,
) {
    let office = asking(&EVENTBRITE, None, Arc::new(Silent)).await;
    let answer = office.post_to(path, &[], told.to_string()).await;
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(office.keys().await.is_empty());
}

#[tokio::test]
async fn a_field_of_a_line_item_is_named_with_its_place() {
    let mut body = standard();
    body["data"]["items"][1]["quantity"] = json!("many");
    let config = config();
    let stores = open_layer(&config).await;
    let shop = Shop::new(&STANDARD_WEBHOOKS, &[BASE64_SECRET]).expect("a secret");
    let office = Office::of_shops(stores, config, vec![shop]).await;
    let answer = office.deliver_as(&STANDARD_WEBHOOKS, BASE64_SECRET, &[], &body).await;
    let error = "data.items[1].quantity: expected a whole number, got \"many\"";
    assert_eq!((answer.status, answer.error()), (400, error));
}
