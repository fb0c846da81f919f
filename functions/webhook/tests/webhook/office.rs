//! What the organiser asks the box office, and is told.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use mayfly_webhook::{Courier, Event, Fetch, HttpFetch, provider::STANDARD_WEBHOOKS};
use node_core::codec::record::Outcome;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Mutex;
use tokio::net::TcpListener;

use crate::support::{Answer, BUYER, NOW_S, Office, completed, config, open_layer, session};

const KEY: &str = "a key of sixteen bytes";

async fn office(more: &str) -> Office {
    let text = format!(
        "[office]\nkey = \"{KEY}\"\n[claims]\nsecret = \"a secret of the organiser\"\npage = \"https://t.test/#\"\n[shops.stripe]\nsecrets = \"whsec_test_secret\"\n{more}"
    );
    let fetch: Arc<dyn Fetch> = Arc::new(HttpFetch::new().expect("TLS"));
    let event = Event::parse(&text, &|text| Ok(text.to_owned()), &fetch).expect("a configuration");
    let config = config();
    let stores = open_layer(&config).await;
    Office::of_event(stores, config, event).await
}

impl Office {
    async fn ask(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let length = body.len().to_string();
        let mut headers = vec![("x-api-key", KEY), ("Content-Length", length.as_str())];
        headers.extend_from_slice(more);
        self.exchange(method, &format!("/office/{path}"), &headers, body.as_bytes()).await
    }

    async fn mark(&self, key: &str, outcome: Outcome) {
        self.stores.orders.mark(&[(key.to_owned(), outcome)]).await.expect("memory answers");
    }
}

fn done() -> Outcome {
    let transaction = alloy_primitives::TxHash::repeat_byte(9);
    Outcome::Done { transaction, token: Some(alloy_primitives::U256::from(4)) }
}

fn sold_out() -> Outcome {
    Outcome::Failed { reason: "sold out".to_owned() }
}

#[rstest]
#[case::none(&[])]
#[case::wrong(&[("x-api-key", "a key of sixteen bytez")])]
#[case::not_bearer(&[("Authorization", "Basic a key of sixteen bytes")])]
#[tokio::test]
async fn without_the_key_nothing_is_answered(#[case] headers: &[(&str, &str)]) {
    let office = office("").await;
    for path in ["/office/orders/a", "/office/exports/orders"] {
        assert_eq!(office.exchange("GET", path, headers, b"").await.status, 401, "{path}");
    }
    let retried = office.post_to("/office/retries", headers, "").await;
    assert_eq!(retried.status, 401);
}

#[tokio::test]
async fn an_order_is_made_once_for_each_idempotency_key() {
    let office = office("").await;
    let wanted = json!({ "recipient": BUYER, "tier": "vip", "quantity": 2 }).to_string();
    let headers = [("Idempotency-Key", "req-1")];
    for _ in 0..2 {
        let answer = office.ask("POST", "orders", &headers, &wanted).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json["orders"][1]["key"], "office/req-1/ticket/1");
    }
    assert_eq!(office.keys().await, ["office/req-1/ticket/0", "office/req-1/ticket/1"]);
    let known = office.ask("GET", "orders", &headers, "").await;
    assert_eq!(known.json["orders"].as_array().map(Vec::len), Some(2), "{known:?}");
    assert_eq!(known.json["orders"][0]["tier"], "vip");
    let other = json!({ "user": "ada", "tier": "vip" }).to_string();
    let reused = office.ask("POST", "orders", &headers, &other).await;
    assert_eq!(reused.status, 409, "{reused:?}");
    assert_eq!(office.ask("GET", "orders", &[("Idempotency-Key", "req-2")], "").await.status, 404);
    assert_eq!(office.ask("POST", "orders", &[], &wanted).await.status, 400);
}

#[tokio::test]
async fn an_order_shows_its_state_and_its_link() {
    let office = office("").await;
    let mut session = session("cs_1");
    session["metadata"] = json!({});
    session["customer_details"] = json!({ "email": "ada@example.org" });
    office.deliver(&completed(&session)).await;
    let shown = office.ask("GET", "orders/stripe/cs_1/ticket/0", &[], "").await;
    assert_eq!((shown.status, &shown.json["state"]), (200, &json!("unclaimed")));
    assert_eq!(shown.json["buyer"], "ada@example.org");
    let link = shown.json["link"].as_str().expect("a link");
    let token = link.strip_prefix("https://t.test/#").expect("the page");
    let body = json!({ "address": BUYER }).to_string();
    let headers = [("Content-Type", "application/json")];
    let claimed = office.post_to(&format!("/claims/{token}"), &headers, body).await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
    office.mark("stripe/cs_1/ticket/0", done()).await;
    let shown = office.ask("GET", "orders/stripe/cs_1/ticket/0", &[], "").await;
    assert_eq!((&shown.json["state"], &shown.json["token"]), (&json!("minted"), &json!("4")));
    assert_eq!(shown.json.get("link"), None);
    assert_eq!(office.ask("GET", "orders/stripe/cs_2/ticket/0", &[], "").await.status, 404);
}

#[tokio::test]
async fn what_failed_is_tried_again_when_asked() {
    let office = office("").await;
    for id in ["cs_1", "cs_2", "cs_3"] {
        office.deliver(&completed(&session(id))).await;
    }
    office.mark("stripe/cs_1/ticket/0", sold_out()).await;
    office.mark("stripe/cs_2/ticket/0", sold_out()).await;
    office.mark("stripe/cs_3/ticket/0", done()).await;
    assert!(office.keys().await.is_empty());
    let one = office.ask("POST", "retries/stripe/cs_1/ticket/0", &[], "").await;
    assert_eq!((one.status, &one.json["state"]), (200, &json!("waiting")));
    assert_eq!(office.keys().await, ["stripe/cs_1/ticket/0"]);
    let all = office.ask("POST", "retries", &[], "").await;
    assert_eq!(all.json["orders"].as_array().map(Vec::len), Some(1), "{all:?}");
    assert_eq!(office.keys().await, ["stripe/cs_1/ticket/0", "stripe/cs_2/ticket/0"]);
}

#[tokio::test]
async fn a_list_says_of_each_row_what_became_of_it() {
    let office = office("").await;
    let list = format!(
        "id,recipient,email,tier,quantity\ng1,{BUYER},,,2\ng2,,ada@example.org,vip,\ng3,0x12,,,\n\"g 4\",{BUYER},,,\ng5,{BUYER},,,0\n"
    );
    for _ in 0..2 {
        let answer = office.ask("POST", "imports", &[("Content-Type", "text/csv")], &list).await;
        let rows = answer.json.as_array().expect("rows");
        let results: Vec<_> = rows.iter().map(|row| (&row["line"], &row["result"])).collect();
        let expected = [(2, "ok"), (3, "ok"), (4, "refused"), (5, "refused"), (6, "refused")];
        let expected = expected.map(|(line, result)| (json!(line), json!(result)));
        assert_eq!(
            results,
            expected.iter().map(|(line, result)| (line, result)).collect::<Vec<_>>()
        );
        assert_eq!(rows[0]["orders"], "import/g1/ticket/0 import/g1/ticket/1");
        let error = rows[2]["error"].as_str().expect("why");
        assert!(error.starts_with("recipient: expected an address"), "{error}");
    }
    assert_eq!(office.keys().await, ["import/g1/ticket/0", "import/g1/ticket/1"]);
    let no_id = office.ask("POST", "imports", &[], "recipient\n0x12\n").await;
    assert_eq!(no_id.status, 400);
}

#[tokio::test]
async fn exports_have_a_row_for_each_order_of_their_kind() {
    let office = office("").await;
    for id in ["cs_1", "cs_2", "cs_3"] {
        office.deliver(&completed(&session(id))).await;
    }
    office.mark("stripe/cs_1/ticket/0", done()).await;
    office.mark("stripe/cs_2/ticket/0", sold_out()).await;
    for (which, rows) in [("orders", 3), ("tickets", 1), ("failures", 1), ("unclaimed", 0)] {
        let answer = office.ask("GET", &format!("exports/{which}"), &[], "").await;
        let lines: Vec<_> = answer.text.lines().collect();
        assert_eq!(
            (answer.status, lines.len().saturating_sub(1)),
            (200, rows),
            "{which}: {lines:?}"
        );
    }
    let tickets = office.ask("GET", "exports/tickets", &[], "").await.text;
    assert!(tickets.starts_with("order,state,recipient,buyer,tier,token,"), "{tickets}");
    assert!(
        tickets.contains(&format!("stripe/cs_1/ticket/0,minted,{BUYER},,,4,0x0909")),
        "{tickets}"
    );
    assert_eq!(office.ask("GET", "exports/all", &[], "").await.status, 400);
}

/// An organiser's endpoint that takes what it is sent once `refusals` are over.
#[derive(Default)]
struct Inbox {
    refusals: Mutex<usize>,
    taken: Mutex<Vec<(HeaderMap, Bytes)>>,
}

async fn inbox(refusals: usize) -> (Arc<Inbox>, String) {
    let inbox = Arc::new(Inbox { refusals: Mutex::new(refusals), ..Inbox::default() });
    let take = |State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes| async move {
        let mut refusals = inbox.refusals.lock().expect("not poisoned");
        if *refusals > 0 {
            *refusals -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        inbox.taken.lock().expect("not poisoned").push((headers, body));
        StatusCode::NO_CONTENT
    };
    let routes = Router::new().route("/told", post(take)).with_state(Arc::clone(&inbox));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
    let url = format!("http://{}/told", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (inbox, url)
}

const SIGNS: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
async fn the_organiser_is_told_once_of_each_state_and_again_after_a_refusal() {
    let (inbox, url) = inbox(1).await;
    let office = office(&format!("[completion]\nurl = \"{url}\"\nsecret = \"{SIGNS}\"\n")).await;
    let mut courier = Courier::new(office.state.clone()).expect("TLS");
    office.deliver(&completed(&session("cs_1"))).await;
    assert_eq!(courier.round().await.expect("memory answers"), 0, "what waits is not told of");
    office.mark("stripe/cs_1/ticket/0", done()).await;
    assert_eq!(courier.round().await.expect("memory answers"), 0, "it is refused");
    assert_eq!(courier.round().await.expect("memory answers"), 0, "5 s have not gone by");
    office.clock.set_s(NOW_S + 5);
    assert_eq!(courier.round().await.expect("memory answers"), 1);
    assert_eq!(courier.round().await.expect("memory answers"), 0);
    let mut restarted = Courier::new(office.state.clone()).expect("TLS");
    assert_eq!(restarted.round().await.expect("memory answers"), 0, "it is remembered");
    let taken = inbox.taken.lock().expect("not poisoned").clone();
    let [(headers, body)] = &taken[..] else { panic!("told {} times", taken.len()) };
    let scheme = STANDARD_WEBHOOKS.scheme().expect("it signs");
    let secrets = [scheme.secret(SIGNS).expect("a secret")];
    assert_eq!(scheme.verify(headers, body, &secrets, NOW_S + 5, 300), Ok(()));
    let told: Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!((&told["type"], &told["data"]["token"]), (&json!("order.minted"), &json!("4")));
    assert_eq!(told["timestamp"], "2025-10-09T08:53:25Z");
}
