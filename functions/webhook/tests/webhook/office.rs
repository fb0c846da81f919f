//! What the organiser asks the box office.

use std::sync::Arc;

use mayfly_webhook::{Event, Fetch, HttpFetch};
use node_core::{codec::record::Outcome, port::Stores};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, BUYER, Office, completed, config, open_layer, session};

const KEY: &str = "a key of sixteen bytes";

pub(crate) async fn office(more: &str) -> Office {
    let config = config();
    let stores = open_layer(&config).await;
    office_on(stores, more).await
}

/// A box office on stores with an open layer in them.
pub(crate) async fn office_on(stores: Stores, more: &str) -> Office {
    let text = format!(
        "[office]\nkey = \"{KEY}\"\n[claims]\nsecret = \"a secret of the organiser\"\npage = \"https://t.test/#\"\n[shops.stripe]\nsecrets = \"whsec_test_secret\"\n{more}"
    );
    let fetch: Arc<dyn Fetch> = Arc::new(HttpFetch::default());
    let event = Event::parse(&text, &|text| Ok(text.to_owned()), &fetch).expect("a configuration");
    Office::of_event(stores, config(), event).await
}

impl Office {
    async fn ask(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let length = body.len().to_string();
        let mut headers = vec![("x-api-key", KEY), ("Content-Length", length.as_str())];
        headers.extend_from_slice(more);
        self.exchange(method, &format!("/office/{path}"), &headers, body.as_bytes()).await
    }

    pub(crate) async fn mark(&self, key: &str, outcome: Outcome) {
        self.stores.orders.mark(&[(key.to_owned(), outcome)]).await.expect("memory answers");
    }
}

pub(crate) fn done() -> Outcome {
    let transaction = alloy_primitives::TxHash::repeat_byte(9);
    Outcome::Done { transaction, token: Some(alloy_primitives::U256::from(4)) }
}

pub(crate) fn sold_out() -> Outcome {
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
    let others = [
        json!({ "user": "ada", "tier": "vip" }),
        json!({ "recipient": BUYER }),
        json!({ "recipient": format!("0x{}", "07".repeat(20)), "tier": "vip", "quantity": 2 }),
    ];
    for other in others {
        let reused = office.ask("POST", "orders", &headers, &other.to_string()).await;
        assert_eq!(reused.status, 409, "{reused:?}");
    }
    assert_eq!(office.ask("GET", "orders", &[("Idempotency-Key", "req-2")], "").await.status, 404);
    assert_eq!(office.ask("POST", "orders", &[], &wanted).await.status, 400);
}

#[rstest]
#[case::several(json!({ "recipient": BUYER, "user": "ada" }), "recipient: expected one of")]
#[case::none(json!({}), "recipient: expected an address")]
#[case::too_many(json!({ "recipient": BUYER, "quantity": 101 }), "quantity: expected a number from 1 to 100")]
#[case::no_address(json!({ "email": "ada" }), "email: expected an e-mail address")]
#[case::white_space(json!({ "email": "ada @example.org" }), "email: expected an e-mail address")]
#[case::unknown(json!({ "recipient": BUYER, "seat": 4 }), "unknown field `seat`")]
#[tokio::test]
async fn an_order_that_cannot_be_made_says_why(#[case] wanted: Value, #[case] expected: &str) {
    let office = office("").await;
    let headers = [("Idempotency-Key", "req-1")];
    let answer = office.ask("POST", "orders", &headers, &wanted.to_string()).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.error().contains(expected), "{answer:?}");
    assert!(office.keys().await.is_empty());
}

#[tokio::test]
async fn without_claims_the_organiser_names_wallets_only() {
    let office = office("").await;
    let event = Event { claims: None, ..Event::clone(&office.state.event) };
    let office = Office::of_event(office.stores, config(), event).await;
    let wanted = json!({ "user": "ada" }).to_string();
    let answer = office.ask("POST", "orders", &[("Idempotency-Key", "req-1")], &wanted).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.error().contains("this event has no claims"), "{answer:?}");
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
    let minted = office.ask("POST", "retries/stripe/cs_3/ticket/0", &[], "").await;
    assert_eq!((minted.status, &minted.json["state"]), (200, &json!("minted")), "it is not again");
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
        let mut session = session(id);
        session["payment_intent"] = json!(id.replace("cs", "pi"));
        office.deliver(&completed(&session)).await;
    }
    let sale = office.ask("GET", "orders/stripe/pi_1", &[], "").await;
    assert_eq!(sale.status, 404, "what was sold together is no order");
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
