//! Buyers without a wallet bind one later, once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alloy_primitives::{Address, Bytes, address};
use futures::executor::block_on;
use mayfly_webhook::{Claims, Event, Secret, Unclaimed};
use node_core::{
    chain::Phase,
    codec::record::{OrderRecord, OrderState},
    flow::{phase, refund},
    port::Stores,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    support::{
        Answer, BUYER, NOW_S, Office, by_email, completed, config, open_layer, refunded, stripe,
    },
    writes::Writes,
};

const KEY: &str = "stripe/cs_1/ticket/0";
const SAFE: Address = address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");

fn claims(unclaimed: Option<Address>) -> Claims {
    let unclaimed = unclaimed.map_or(Unclaimed::Void, Unclaimed::Wallet);
    let secret = Secret::new("a secret of the organiser").expect("a secret");
    Claims { secret, page: "https://tickets.test/#".to_owned(), valid_s: 3600, unclaimed }
}

async fn office(unclaimed: Option<Address>) -> Office {
    office_on(open_layer(&config()).await, unclaimed).await
}

async fn office_on(stores: Stores, unclaimed: Option<Address>) -> Office {
    let text = "[claims]\nsecret = \"a secret of the organiser\"\npage = \"https://tickets.test/#\"\nvalid = \"1h\"\n[shops.stripe]\nsecrets = \"whsec_test_secret\"\n";
    let fetch: Arc<dyn mayfly_webhook::Fetch> = Arc::new(mayfly_webhook::HttpFetch::default());
    let event = Event::parse(text, &|text| Ok(text.to_owned()), &fetch).expect("a configuration");
    let event = Event { claims: Some(claims(unclaimed)), ..event };
    Office::of_event(stores, config(), event).await
}

impl Office {
    fn token(&self, key: &str, expires_at_s: u64) -> String {
        claims(None).token(config().id, key, expires_at_s)
    }

    async fn claim(&self, token: &str, address: &Value) -> Answer {
        let body = json!({ "address": address }).to_string();
        let headers = [("Content-Type", "application/json")];
        self.post_to(&format!("/claims/{token}"), &headers, body).await
    }
}

#[tokio::test]
async fn a_buyer_without_a_wallet_claims_once() {
    let office = office(None).await;
    let answer = office.deliver(&completed(&by_email("cs_1"))).await;
    assert_eq!(answer.json["orders"], json!([{ "key": KEY, "state": "unclaimed" }]));
    assert!(office.keys().await.is_empty(), "nobody's ticket is not minted");
    let token = office.token(KEY, NOW_S + 60);
    let shown = office.exchange("GET", &format!("/claims/{token}"), &[], b"").await;
    assert_eq!(shown.json, json!({ "order": KEY, "state": "unclaimed" }));
    for _ in 0..2 {
        let claimed = office.claim(&token, &json!(BUYER)).await;
        let expected = json!({ "order": KEY, "state": "waiting", "recipient": BUYER });
        assert_eq!((claimed.status, claimed.json), (200, expected));
    }
    let other = office.claim(&token, &json!(SAFE)).await;
    assert_eq!((other.status, other.error()), (409, "this ticket was claimed for another wallet"));
    let waiting = office.waiting().await;
    assert_eq!((waiting.len(), waiting[0].recipient), (1, BUYER));
    let again = office.deliver(&completed(&by_email("cs_1"))).await;
    assert_eq!(again.json["orders"][0]["state"], "waiting");
}

/// Whoever bound the wallet may have died before what it makes due was said to be due.
#[tokio::test]
async fn a_claim_that_comes_again_says_again_what_is_due() {
    let (mut stores, writes) = (open_layer(&config()).await, Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&writes);
    stores.orders = Writes::after(stores.orders, move |number| {
        counted.store(number + 1, Ordering::SeqCst);
        Ok(())
    });
    let office = office_on(stores, None).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    let token = office.token(KEY, NOW_S + 60);
    for expected in [2, 3] {
        assert_eq!(office.claim(&token, &json!(BUYER)).await.status, 200);
        assert_eq!(writes.load(Ordering::SeqCst), expected);
    }
    assert_eq!(office.doorbell.rings(), 2);
}

/// Another wallet is bound after the order was read, and before it is written.
#[tokio::test]
async fn whoever_claims_a_moment_too_late_is_told_so() {
    let mut stores = open_layer(&config()).await;
    let orders = stores.orders.clone();
    stores.orders = Writes::after(stores.orders, move |number| {
        if number == 1 {
            let claim = |record: &mut OrderRecord| record.claim(SAFE, Bytes::new());
            block_on(refund::change(&*orders, KEY, claim)).expect("memory answers");
        }
        Ok(())
    });
    let office = office_on(stores, None).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    let answer = office.claim(&office.token(KEY, NOW_S + 60), &json!(BUYER)).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(office.waiting().await[0].recipient, SAFE);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_one_link_at_once_get_one_ticket() {
    let office = office(None).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    let token = office.token(KEY, NOW_S + 60);
    let wallets: Vec<_> = (1..=16).map(|byte| json!(Address::repeat_byte(byte))).collect();
    let claims = wallets.iter().map(|wallet| office.claim(&token, wallet));
    let answers = futures::future::join_all(claims).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)), "{answers:?}");
    let waiting = office.waiting().await;
    assert_eq!(json!(waiting[0].recipient), won[0].json["recipient"]);
}

#[rstest]
#[case::expired(NOW_S - 1, json!(BUYER), 401, "the link was good until")]
#[case::no_address(NOW_S, json!("ada.eth"), 400, "address: expected an address")]
#[case::nothing(NOW_S, json!(null), 400, "address: expected an address")]
#[tokio::test]
async fn what_binds_nothing_says_why(
    #[case] expires_at_s: u64,
    #[case] address: Value,
    #[case] status: u16,
    #[case] expected: &str,
) {
    let office = office(None).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    let answer = office.claim(&office.token(KEY, expires_at_s), &address).await;
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.error().contains(expected), "{answer:?}");
    assert!(office.keys().await.is_empty());
}

#[tokio::test]
async fn a_token_that_we_did_not_sign_is_refused() {
    let office = office(None).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    let token = office.token(KEY, NOW_S + 60).replace(['A', 'b'], "C");
    assert_eq!(office.claim(&token, &json!(BUYER)).await.status, 401);
    let unknown = office.token("stripe/cs_2/ticket/0", NOW_S + 60);
    assert_eq!(office.claim(&unknown, &json!(BUYER)).await.status, 401);
}

#[tokio::test]
async fn a_wallet_in_the_payload_needs_no_claim() {
    let office = office(None).await;
    let mut session = by_email("cs_1");
    session["metadata"] = json!({ "ticket_to": BUYER });
    office.deliver(&completed(&session)).await;
    assert_eq!(office.keys().await, [KEY]);
}

#[tokio::test]
async fn without_claims_a_buyer_without_a_wallet_is_refused() {
    let config = config();
    let stores = open_layer(&config).await;
    let shops = vec![stripe(&["whsec_test_secret"])];
    let office = Office::of_shops(stores, config, shops).await;
    let answer = office.deliver(&completed(&by_email("cs_1"))).await;
    let field = json!("data.object.metadata.ticket_to");
    assert_eq!((answer.status, &answer.json["field"]), (400, &field));
}

#[tokio::test]
async fn a_closed_layer_takes_no_claims() {
    let office = office(Some(SAFE)).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    phase::advance(&*office.stores.registers, Phase::Open).await.expect("the layer drains");
    let answer = office.claim(&office.token(KEY, NOW_S + 60), &json!(BUYER)).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let record = office.stores.orders.get(KEY).await.expect("memory answers").expect("it is there");
    assert_eq!((record.state(), record.order.recipient), (OrderState::Unclaimed, SAFE));
}

#[tokio::test]
async fn what_was_paid_back_is_not_claimed() {
    let office = office(None).await;
    let mut session = by_email("cs_1");
    session["payment_intent"] = json!("pi_1");
    office.deliver(&completed(&session)).await;
    office.deliver(&refunded("pi_1")).await;
    let answer = office.claim(&office.token(KEY, NOW_S + 60), &json!(BUYER)).await;
    assert_eq!((answer.status, answer.error()), (409, "this ticket was paid back"));
    assert!(office.keys().await.is_empty());
}

/// The layer closes after it was seen open, while the wallet is bound.
#[tokio::test]
async fn what_is_claimed_while_the_layer_closes_is_not_vouched_for() {
    let mut stores = open_layer(&config()).await;
    let registers = stores.registers.clone();
    // The order is the first write, the claim the second.
    stores.orders = Writes::after(stores.orders, move |number| {
        if number == 1 {
            block_on(phase::advance(&*registers, Phase::Open)).map(drop).expect("memory advances");
        }
        Ok(())
    });
    let office = office_on(stores, None).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    let answer = office.claim(&office.token(KEY, NOW_S + 60), &json!(BUYER)).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(office.waiting().await.len(), 1, "it is bound all the same");
}

#[tokio::test]
async fn a_code_is_shown_until_the_ticket_is_claimed() {
    let office = office(None).await;
    let coded = Claims { unclaimed: Unclaimed::Code, ..claims(None) };
    let event = Event { claims: Some(coded.clone()), ..Event::clone(&office.state.event) };
    let office = Office::of_event(office.stores, config(), event).await;
    office.deliver(&completed(&by_email("cs_1"))).await;
    let token = office.token(KEY, NOW_S + 60);
    let shown = office.exchange("GET", &format!("/claims/{token}"), &[], b"").await;
    assert_eq!(shown.json["code"], json!(coded.code(config().id, KEY).to_text()));
    office.claim(&token, &json!(BUYER)).await;
    let shown = office.exchange("GET", &format!("/claims/{token}"), &[], b"").await;
    assert_eq!((&shown.json["state"], shown.json.get("code")), (&json!("waiting"), None));
}
