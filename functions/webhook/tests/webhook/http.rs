use alloy_primitives::TxHash;
use futures::{executor::block_on, future::join_all};
use mayfly_webhook::BODY_LIMIT;
use node_core::{
    chain::Phase,
    codec::record::{MintOrder, Outcome},
    flow::phase,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    office::{office, office_on},
    support::{
        BUYER, HEADER, NOW_S, Office, SECRET, by_email, completed, config, event, open_layer,
        secret, session, sign,
    },
    writes::Writes,
};

#[tokio::test]
async fn a_paid_delivery_is_recorded_and_rings() {
    let office = Office::open().await;
    let answer = office.deliver(&completed(&session("cs_1"))).await;
    let key = "stripe/cs_1/ticket/0";
    let expected = json!({ "received": true, "orders": [{ "key": key, "state": "waiting" }] });
    assert_eq!((answer.status, answer.json), (200, expected));
    let order =
        MintOrder { key: key.to_owned(), recipient: BUYER, received_ms: NOW_S * 1000, sold: None };
    assert_eq!(office.waiting().await, [order]);
    assert_eq!(office.doorbell.rings(), 1);
}

#[tokio::test]
async fn the_same_session_mints_once_whatever_the_event() {
    let office = Office::open().await;
    let session = session("cs_1");
    let first = completed(&session);
    let other_id = first.replace("evt_1", "evt_2");
    let later = event("checkout.session.async_payment_succeeded", &session);
    for body in [&first, &first, &other_id, &later] {
        let answer = office.deliver(body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["orders"][0]["state"], "waiting");
    }
    assert_eq!(office.keys().await, ["stripe/cs_1/ticket/0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_deliveries_at_once_mint_once() {
    let office = Office::open().await;
    let mut session = session("cs_1");
    session["metadata"]["qty"] = json!("3");
    let body = completed(&session);
    let answers = join_all((0..20).map(|_| office.deliver(&body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let expected = ["stripe/cs_1/ticket/0", "stripe/cs_1/ticket/1", "stripe/cs_1/ticket/2"];
    assert_eq!(office.keys().await, expected);
}

#[tokio::test]
async fn a_delivery_that_comes_again_says_what_became_of_it() {
    let office = Office::open().await;
    let mut session = session("cs_1");
    session["metadata"]["qty"] = json!("2");
    office.deliver(&completed(&session)).await;
    let transaction = TxHash::repeat_byte(9);
    let outcomes = [
        ("stripe/cs_1/ticket/0".to_owned(), Outcome::Done { transaction, token: None }),
        ("stripe/cs_1/ticket/1".to_owned(), Outcome::Failed { reason: "sold out".to_owned() }),
    ];
    office.stores.orders.mark(&outcomes).await.expect("memory answers");
    let answer = office.deliver(&completed(&session)).await;
    let expected = json!([
        { "key": "stripe/cs_1/ticket/0", "state": "minted", "transaction": transaction },
        { "key": "stripe/cs_1/ticket/1", "state": "failed", "reason": "sold out" },
    ]);
    assert_eq!((answer.status, &answer.json["orders"]), (200, &expected));
}

#[tokio::test]
async fn what_is_no_payment_is_acknowledged_and_records_nothing() {
    let office = Office::open().await;
    let answer = office.deliver(&event("customer.created", &json!({ "id": "cus_1" }))).await;
    let reason = "nothing is paid by an event of type customer.created";
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json, json!({ "received": true, "orders": [], "ignored": reason }));
    assert!(office.keys().await.is_empty());
}

#[tokio::test]
async fn a_bad_signature_records_nothing() {
    let office = Office::open().await;
    let body = completed(&session("cs_1"));
    let forged = sign(body.as_bytes(), &secret("whsec_guess"), NOW_S);
    let good = sign(body.as_bytes(), &secret(SECRET), NOW_S);
    let name = HEADER;
    let attempts: [&[(&str, &str)]; 5] = [
        &[],
        &[(name, "")],
        &[(name, "t=now")],
        &[(name, &forged)],
        &[(name, &good), (name, &good)],
    ];
    for headers in attempts {
        let answer = office.post(headers, &body).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!("Stripe-Signature")));
        assert!(answer.error().starts_with("Stripe-Signature: "), "{answer:?}");
    }
    let changed = body.replace("cs_1", "cs_2");
    assert_eq!(office.post(&[(name, &good)], changed).await.status, 400);
    assert!(office.keys().await.is_empty());
    assert_eq!(office.doorbell.rings(), 0);
}

#[tokio::test]
async fn a_replayed_delivery_is_refused_after_300_seconds() {
    let office = Office::open().await;
    office.clock.set_s(NOW_S + 301);
    let answer = office.deliver(&completed(&session("cs_1"))).await;
    let error = "Stripe-Signature: expected an age of at most 300 s, got 301 s";
    assert_eq!((answer.status, answer.error()), (400, error));
    assert!(office.keys().await.is_empty());
    office.clock.set_s(NOW_S + 300);
    assert_eq!(office.deliver(&completed(&session("cs_1"))).await.status, 200);
}

#[tokio::test]
async fn both_secrets_work_while_one_is_replaced() {
    let config = config();
    let stores = open_layer(&config).await;
    let office = Office::serve(stores, config, &["whsec_old", "whsec_new"]).await;
    for (id, signer, status) in
        [("cs_1", "whsec_old", 200), ("cs_2", "whsec_new", 200), ("cs_3", "whsec_gone", 400)]
    {
        let body = completed(&session(id));
        let header = sign(body.as_bytes(), &secret(signer), NOW_S);
        assert_eq!(office.post(&[(HEADER, &header)], &body).await.status, status, "{id}");
    }
    assert_eq!(office.keys().await, ["stripe/cs_1/ticket/0", "stripe/cs_2/ticket/0"]);
}

#[rstest]
#[case::lower("stripe-signature")]
#[case::upper("STRIPE-SIGNATURE")]
#[tokio::test]
async fn the_case_of_the_header_name_does_not_matter(#[case] name: &str) {
    let office = Office::open().await;
    let body = completed(&session("cs_1"));
    let header = sign(body.as_bytes(), &secret(SECRET), NOW_S);
    assert_eq!(office.post(&[(name, &header)], &body).await.status, 200);
}

#[tokio::test]
async fn a_paid_session_without_recipient_is_refused_by_name() {
    let office = Office::open().await;
    let mut session = session("cs_1");
    session["metadata"] = json!({});
    let answer = office.deliver(&completed(&session)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json["field"], "data.object.metadata.ticket_to");
    assert!(office.keys().await.is_empty());
}

#[rstest]
#[case::not_json(b"ticket please".as_slice())]
#[case::not_text(b"{\"type\":\"\xff\"}")]
#[case::empty(b"")]
#[tokio::test]
async fn a_body_that_is_not_json_is_refused(#[case] body: &[u8]) {
    let office = Office::open().await;
    let header = sign(body, &secret(SECRET), NOW_S);
    let answer = office.post(&[(HEADER, &header)], body).await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &json!("body")));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let office = Office::open().await;
    let answer = office.deliver(&" ".repeat(BODY_LIMIT + 1)).await;
    assert_eq!((answer.status, &answer.json["field"]), (413, &json!("body")));
}

#[tokio::test]
async fn a_body_of_the_limit_is_taken() {
    let office = Office::open().await;
    let mut body = completed(&session("cs_1"));
    body.push_str(&" ".repeat(BODY_LIMIT - body.len()));
    assert_eq!(office.deliver(&body).await.status, 200);
}

#[tokio::test]
async fn only_post_is_served() {
    let office = Office::open().await;
    assert_eq!(office.exchange("GET", "/webhooks/stripe", &[], b"").await.status, 405);
}

#[tokio::test]
async fn a_closed_layer_vouches_only_for_what_it_minted() {
    let office = Office::open().await;
    let mut minted = session("cs_minted");
    minted["payment_intent"] = json!("pi_minted");
    let bodies = [minted, session("cs_waits"), session("cs_late")];
    let bodies = bodies.map(|session| completed(&session));
    office.deliver(&bodies[0]).await;
    office.deliver(&bodies[1]).await;
    let minted = Outcome::Done { transaction: TxHash::repeat_byte(9), token: None };
    let outcome = ("stripe/cs_minted/ticket/0".to_owned(), minted);
    office.stores.orders.mark(&[outcome]).await.expect("memory answers");
    phase::advance(&*office.stores.registers, Phase::Open).await.expect("the layer drains");
    assert_eq!(office.deliver(&bodies[0]).await.status, 200);
    for (body, key) in [(&bodies[1], "cs_waits"), (&bodies[2], "cs_late")] {
        let answer = office.deliver(body).await;
        let why = "not accepted: the layer is closed for mints: phase draining";
        let error = format!("stripe/{key}/ticket/0: {why}");
        assert_eq!((answer.status, answer.error()), (400, error.as_str()));
    }
    assert_eq!(office.keys().await, ["stripe/cs_waits/ticket/0"]);
}

#[tokio::test]
async fn a_delivery_that_comes_again_rings_until_it_is_minted() {
    let office = Office::open().await;
    let body = completed(&session("cs_1"));
    office.deliver(&body).await;
    office.deliver(&body).await;
    assert_eq!(office.doorbell.rings(), 2);
    let minted = Outcome::Done { transaction: TxHash::repeat_byte(9), token: None };
    let outcome = ("stripe/cs_1/ticket/0".to_owned(), minted);
    office.stores.orders.mark(&[outcome]).await.expect("memory answers");
    office.deliver(&body).await;
    assert_eq!(office.doorbell.rings(), 2);
}

#[tokio::test]
async fn a_layer_without_a_minter_refuses() {
    let config = node_core::chain::LayerConfig { mint: None, ..config() };
    let stores = open_layer(&config).await;
    let office = Office::serve(stores, config, &[SECRET]).await;
    let mut session = session("cs_1");
    session["payment_intent"] = json!("pi_1");
    let answer = office.deliver(&completed(&session)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains("no minter"), "{answer:?}");
    let page = office.stores.orders.list(None, 10).await.expect("memory answers");
    assert_eq!(page.records, []);
}

#[tokio::test]
async fn without_a_secret_the_provider_is_asked_to_come_again() {
    let config = config();
    let stores = open_layer(&config).await;
    let office = Office::serve(stores, config, &[]).await;
    assert_eq!(office.deliver(&completed(&session("cs_1"))).await.status, 500);
    assert!(office.keys().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_delivery_that_died_halfway_is_completed_by_the_next(
    #[values(0, 1, 4, 11)] dies_at: usize,
) {
    let config = config();
    let mut stores = open_layer(&config).await;
    stores.orders = Writes::fail_once(stores.orders, dies_at);
    let office = Office::serve(stores, config, &[SECRET]).await;
    let mut session = session("cs_1");
    session["metadata"]["qty"] = json!("12");
    let body = completed(&session);
    let died = office.deliver(&body).await;
    assert_eq!(died.status, 503);
    assert!(office.keys().await.len() < 12);
    assert_eq!(office.deliver(&body).await.status, 200);
    assert_eq!(office.keys().await.len(), 12);
    assert_eq!(office.deliver(&body).await.status, 200);
    assert_eq!(office.keys().await.len(), 12);
}

/// The layer closes after it was seen open, while the first order is written.
#[rstest]
#[case::wallet(session("cs_1"))]
#[case::no_wallet(by_email("cs_1"))]
#[tokio::test]
async fn what_is_recorded_while_the_layer_closes_is_not_vouched_for(#[case] session: Value) {
    let mut stores = open_layer(&config()).await;
    let registers = stores.registers.clone();
    stores.orders = Writes::after(stores.orders, move |_| {
        block_on(phase::advance(&*registers, Phase::Open)).map(drop).expect("memory advances");
        Ok(())
    });
    let office = office_on(stores, "").await;
    let answer = office.deliver(&completed(&session)).await;
    let error = "stripe/cs_1/ticket/0: not accepted: the layer is closed for mints: phase draining";
    assert_eq!((answer.status, answer.error()), (400, error));
}

#[tokio::test]
async fn a_closed_layer_takes_no_sale_of_a_buyer_without_a_wallet() {
    let office = office("").await;
    phase::advance(&*office.stores.registers, Phase::Open).await.expect("the layer drains");
    let answer = office.deliver(&completed(&by_email("cs_1"))).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let page = office.stores.orders.list(None, 10).await.expect("memory answers");
    assert_eq!(page.records, []);
}
