//! What the organiser is told, whoever dies on the way.

use std::sync::{Arc, Mutex};

use alloy_primitives::Address;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::post,
};
use mayfly_webhook::{Courier, provider::STANDARD_WEBHOOKS};
use node_core::{
    codec::record::{MintOrder, OrderRecord},
    port::PortError,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    office::{done, office, office_on},
    support::{NOW_S, Office, completed, config, open_layer, refunded, session},
    writes::Writes,
};

const KEY: &str = "stripe/cs_1/ticket/0";

const SIGNS: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An organiser's endpoint that takes what it is sent once `refusals` are over.
#[derive(Default)]
struct Inbox {
    refusals: Mutex<usize>,
    asked: Mutex<Vec<(HeaderMap, Bytes)>>,
}

impl Inbox {
    fn asked(&self) -> Vec<(HeaderMap, Bytes)> {
        self.asked.lock().expect("not poisoned").clone()
    }

    /// The ids of the messages that came.
    fn ids(&self) -> Vec<String> {
        let id = |headers: &HeaderMap| headers["webhook-id"].to_str().expect("text").to_owned();
        self.asked().iter().map(|(headers, _)| id(headers)).collect()
    }
}

async fn inbox(refusals: usize) -> (Arc<Inbox>, String) {
    let inbox = Arc::new(Inbox { refusals: Mutex::new(refusals), ..Inbox::default() });
    let take = |State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes| async move {
        inbox.asked.lock().expect("not poisoned").push((headers, body));
        let mut refusals = inbox.refusals.lock().expect("not poisoned");
        if *refusals > 0 {
            *refusals -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        StatusCode::NO_CONTENT
    };
    let elsewhere = async || Redirect::temporary("/told");
    let routes = Router::new().route("/told", post(take)).route("/moved", post(elsewhere));
    let routes = routes.with_state(Arc::clone(&inbox));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
    let url = format!("http://{}/told", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let section = format!("[completion]\nurl = \"{url}\"\nsecret = \"{SIGNS}\"\n");
    (inbox, section)
}

/// A round of a courier that knows only what is stored, and is gone after it.
async fn round(office: &Office) -> Result<usize, PortError> {
    Courier::new(office.state.clone()).expect("TLS").round().await
}

async fn told(office: &Office) -> usize {
    round(office).await.expect("memory answers")
}

#[tokio::test]
async fn the_organiser_is_told_once_of_what_became_of_an_order() {
    let (inbox, completion) = inbox(0).await;
    let office = office(&completion).await;
    office.deliver(&completed(&session("cs_1"))).await;
    assert_eq!(told(&office).await, 0, "what waits is not told of");
    office.mark(KEY, done()).await;
    office.clock.set_s(NOW_S + 5);
    for expected in [1, 0, 0] {
        assert_eq!(told(&office).await, expected);
    }
    let asked = inbox.asked();
    let [(headers, body)] = &asked[..] else { panic!("told {} times", asked.len()) };
    let scheme = STANDARD_WEBHOOKS.scheme().expect("it signs");
    let secrets = [scheme.secret(SIGNS).expect("a secret")];
    assert_eq!(scheme.verify(headers, body, &secrets, NOW_S + 5, 300), Ok(()));
    let told: Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!((&told["type"], &told["data"]["token"]), (&json!("order.minted"), &json!("4")));
    assert_eq!(told["timestamp"], "2025-10-09T08:53:25Z");
}

#[tokio::test]
async fn when_to_try_again_outlives_who_tried() {
    let (inbox, completion) = inbox(2).await;
    let office = office(&completion).await;
    office.deliver(&completed(&session("cs_1"))).await;
    office.mark(KEY, done()).await;
    for (after_s, asked, expected) in
        [(0, 1, 0), (4, 1, 0), (5, 2, 0), (304, 2, 0), (305, 3, 1), (306, 3, 0)]
    {
        office.clock.set_s(NOW_S + after_s);
        assert_eq!((told(&office).await, inbox.asked().len()), (expected, asked), "{after_s} s");
    }
}

#[tokio::test]
async fn what_nobody_takes_is_tried_every_day_in_the_end() {
    let (inbox, completion) = inbox(usize::MAX).await;
    let office = office(&completion).await;
    office.deliver(&completed(&session("cs_1"))).await;
    office.mark(KEY, done()).await;
    const DAY_S: u64 = 86_400;
    for day in 0..12 {
        office.clock.set_s(NOW_S + day * DAY_S);
        told(&office).await;
    }
    assert_eq!(inbox.asked().len(), 12);
    office.clock.set_s(NOW_S + 12 * DAY_S - 1);
    told(&office).await;
    assert_eq!(inbox.asked().len(), 12, "a second too early");
}

/// The receiver took the message, and who told died before that was written down.
#[tokio::test]
async fn what_was_told_and_not_written_down_is_told_again_under_the_same_id() {
    let (inbox, completion) = inbox(0).await;
    let mut stores = open_layer(&config()).await;
    // The order is the first write, what was told of it the second.
    stores.orders = Writes::fail_once(stores.orders, 1);
    let office = office_on(stores, &completion).await;
    office.deliver(&completed(&session("cs_1"))).await;
    office.mark(KEY, done()).await;
    assert!(round(&office).await.is_err(), "it died");
    office.clock.set_s(NOW_S + 1);
    assert_eq!(told(&office).await, 1);
    assert_eq!(told(&office).await, 0);
    let ids = inbox.ids();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn another_state_does_not_wait_for_the_try_of_the_one_before() {
    let (inbox, completion) = inbox(1).await;
    let office = office(&completion).await;
    let mut session = session("cs_1");
    session["payment_intent"] = json!("pi_1");
    office.deliver(&completed(&session)).await;
    office.mark(KEY, done()).await;
    assert_eq!(told(&office).await, 0, "it is refused");
    assert_eq!(office.deliver(&refunded("pi_1")).await.status, 200);
    assert_eq!(told(&office).await, 1);
    let ids = inbox.ids();
    assert_ne!(ids[0], ids[1], "of minted and of void");
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_is_left_alone_until_the_next_round() {
    let (inbox, completion) = inbox(16).await;
    let office = office(&completion).await;
    for number in 0..20 {
        office.deliver(&completed(&session(&format!("cs_{number}")))).await;
        office.mark(&format!("stripe/cs_{number}/ticket/0"), done()).await;
    }
    assert_eq!((told(&office).await, inbox.asked().len()), (0, 16));
    assert_eq!((told(&office).await, inbox.asked().len()), (4, 20), "the others");
    office.clock.set_s(NOW_S + 5);
    assert_eq!(told(&office).await, 16);
}

/// What is signed is for the address that the organiser named.
#[tokio::test]
async fn a_receiver_that_sends_us_elsewhere_is_not_followed() {
    let (inbox, completion) = inbox(0).await;
    let office = office(&completion.replace("/told", "/moved")).await;
    office.deliver(&completed(&session("cs_1"))).await;
    office.mark(KEY, done()).await;
    assert_eq!(told(&office).await, 0);
    assert_eq!(inbox.asked(), []);
}

#[test]
fn of_two_who_tried_at_once_or_too_late_the_second_changes_nothing() {
    let key = KEY.to_owned();
    let order = MintOrder { key, recipient: Address::ZERO, received_ms: 1, sold: None };
    let mut record = OrderRecord::unclaimed(order);
    record.put_off("unclaimed", 0, 5_000);
    let once = record.clone();
    record.put_off("unclaimed", 0, 300_000);
    record.put_off("minted", 0, 300_000);
    assert_eq!(record, once);
    assert_eq!((record.untold_by(4_999), record.untold_by(5_000)), (None, Some("unclaimed")));
    assert_eq!((record.tries("unclaimed"), record.tries("minted")), (1, 0));
}
