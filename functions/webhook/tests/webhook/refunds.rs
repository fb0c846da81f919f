//! What is paid back is taken back, in whatever order and however often deliveries come.

use alloy_primitives::{TxHash, U256, keccak256};
use futures::executor::block_on;
use mayfly_webhook::{Event, HttpFetch, provider::SHOPIFY};
use node_core::{
    codec::record::{OrderState, Outcome, RefundNote},
    flow::refund as refund_flow,
    port::Stores,
};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::{
    support::{Answer, BUYER, Office, TestDoorbell, config, open_layer},
    writes::Writes,
};

const SECRET: &str = "hush";

async fn office(refunds: &str) -> Office {
    office_on(open_layer(&config()).await, refunds).await
}

async fn office_on(stores: Stores, refunds: &str) -> Office {
    let text = format!(
        "[ticket]\nburn = \"burn(uint256 token)\"\nrefunds = \"{refunds}\"\n[shops.shopify]\nsecrets = \"{SECRET}\"\n"
    );
    let fetch: Arc<dyn mayfly_webhook::Fetch> = Arc::new(HttpFetch::default());
    let event = Event::parse(&text, &|text| Ok(text.to_owned()), &fetch).expect("a configuration");
    Office::of_event(stores, config(), event).await
}

/// An order of two tickets `a` and one `b`.
fn sale() -> Value {
    json!({
        "id": 7,
        "note_attributes": [{ "name": "ticket_to", "value": BUYER }],
        "line_items": [{ "id": "a", "quantity": 2 }, { "id": "b", "quantity": 1 }],
    })
}

fn refund(id: u64, lines: &[(&str, u64)]) -> Value {
    let line = |&(id, quantity): &(&str, u64)| json!({ "line_item_id": id, "quantity": quantity });
    let lines: Vec<_> = lines.iter().map(line).collect();
    json!({ "id": id, "order_id": 7, "refund_line_items": lines })
}

impl Office {
    async fn shop(&self, topic: &str, body: &Value) -> Answer {
        let answer = self.deliver_as(&SHOPIFY, SECRET, &[("X-Shopify-Topic", topic)], body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    async fn state(&self, unit: &str) -> Option<OrderState> {
        let key = format!("shopify/7/{unit}");
        self.stores.orders.get(&key).await.expect("memory answers").map(|record| record.state())
    }

    async fn mint(&self, unit: &str, token: u64) {
        let transaction = TxHash::with_last_byte(u8::try_from(token).expect("small"));
        let done = Outcome::Done { transaction, token: Some(U256::from(token)) };
        let key = format!("shopify/7/{unit}");
        self.stores.orders.mark(&[(key, done)]).await.expect("memory answers");
    }
}

#[tokio::test]
async fn a_refund_that_comes_first_leaves_nothing_to_mint() {
    let office = office("burn").await;
    office.shop("refunds/create", &refund(1, &[("a", 1)])).await;
    assert!(office.keys().await.is_empty());
    let answer = office.shop("orders/paid", &sale()).await;
    assert_eq!(office.keys().await, ["shopify/7/a/1", "shopify/7/b/0"]);
    assert_eq!(answer.json["orders"][0], json!({ "key": "shopify/7/a/0", "state": "void" }));
}

/// The refund comes after the sale was looked for, and before it is written.
#[tokio::test]
async fn a_refund_that_comes_while_its_sale_is_written_is_not_lost() {
    let mut stores = open_layer(&config()).await;
    let inner = stores.clone();
    stores.orders = Writes::after(stores.orders, move |number| {
        if number == 0 {
            let note = RefundNote { id: "1".into(), item: "b".into(), units: 1 };
            let (bell, notes) = (TestDoorbell::default(), [note]);
            block_on(refund_flow::refund(&inner, &bell, "shopify/7", &notes, None, 1))
                .expect("memory answers");
        }
        Ok(())
    });
    let office = office_on(stores, "burn").await;
    office.shop("orders/paid", &sale()).await;
    assert_eq!(office.keys().await, ["shopify/7/a/0", "shopify/7/a/1"]);
}

#[tokio::test]
async fn an_order_that_waits_is_never_minted() {
    let office = office("burn").await;
    office.shop("orders/paid", &sale()).await;
    let answer = office.shop("refunds/create", &refund(1, &[("b", 1)])).await;
    let expected = json!([{ "key": "shopify/7/b/0", "state": "void" }]);
    assert_eq!(answer.json["orders"], expected);
    assert_eq!(office.keys().await, ["shopify/7/a/0", "shopify/7/a/1"]);
    office.shop("orders/paid", &sale()).await;
    assert_eq!(office.keys().await, ["shopify/7/a/0", "shopify/7/a/1"], "the sale again");
}

#[tokio::test]
async fn a_cancelled_order_takes_everything_back() {
    let office = office("void").await;
    office.shop("orders/paid", &sale()).await;
    office.shop("orders/cancelled", &json!({ "id": 7 })).await;
    assert!(office.keys().await.is_empty());
}

#[tokio::test]
async fn a_ticket_that_is_minted_is_burned_by_its_id() {
    let office = office("burn").await;
    office.shop("orders/paid", &sale()).await;
    office.mint("a/0", 5).await;
    let rings = office.doorbell.rings();
    let answer = office.shop("refunds/create", &refund(1, &[("a", 1)])).await;
    assert_eq!(answer.json["orders"][0]["state"], "burning");
    assert_eq!(office.doorbell.rings(), rings + 1);
    let waiting = office.waiting().await;
    let burn = waiting.iter().find(|order| order.key == "shopify/7/a/0").expect("it is due");
    let call = burn.sold.as_ref().map(|sold| hex::encode(&sold.call)).unwrap_or_default();
    assert_eq!(call, format!("42966c68{:064x}", 5), "burn(uint256)");
    let transaction = TxHash::with_last_byte(99);
    let done = Outcome::Done { transaction, token: None };
    office.stores.orders.mark(&[("shopify/7/a/0".into(), done)]).await.expect("memory answers");
    assert_eq!(office.state("a/0").await, Some(OrderState::Burned { transaction }));
    office.shop("refunds/create", &refund(1, &[("a", 1)])).await;
    assert_eq!(office.state("a/0").await, Some(OrderState::Burned { transaction }));
}

#[tokio::test]
async fn a_mint_that_was_under_way_is_burned_when_it_arrives() {
    let office = office("burn").await;
    office.shop("orders/paid", &sale()).await;
    office.shop("refunds/create", &refund(1, &[("b", 1)])).await;
    assert_eq!(office.state("b/0").await, Some(OrderState::Void));
    office.mint("b/0", 3).await;
    assert_eq!(office.state("b/0").await, Some(OrderState::Burning));
}

#[tokio::test]
async fn without_burning_a_ticket_is_marked() {
    let office = office("void").await;
    office.shop("orders/paid", &sale()).await;
    office.mint("b/0", 3).await;
    office.shop("refunds/create", &refund(1, &[("b", 1)])).await;
    assert_eq!(office.state("b/0").await, Some(OrderState::Void));
    assert_eq!(office.keys().await, ["shopify/7/a/0", "shopify/7/a/1"], "nothing is burned");
}

#[tokio::test]
async fn a_contract_that_can_marks_what_is_paid_back() {
    let office = office("void\"\nvoid = \"revokePass(uint256 token)").await;
    office.shop("orders/paid", &sale()).await;
    office.mint("b/0", 3).await;
    office.shop("refunds/create", &refund(1, &[("b", 1)])).await;
    assert_eq!(office.state("b/0").await, Some(OrderState::Voiding));
    let waiting = office.waiting().await;
    let call = waiting.iter().find(|order| order.key == "shopify/7/b/0").expect("it is due");
    let call = call.sold.as_ref().map(|sold| sold.call.clone()).unwrap_or_default();
    assert_eq!(call[..4], keccak256("revokePass(uint256)")[..4]);
    assert_eq!(call[4..], U256::from(3).to_be_bytes::<32>());
    let transaction = TxHash::with_last_byte(99);
    let done = Outcome::Done { transaction, token: None };
    office.stores.orders.mark(&[("shopify/7/b/0".into(), done)]).await.expect("memory answers");
    let again = office.shop("refunds/create", &refund(1, &[("b", 1)])).await;
    let voided = json!({ "key": "shopify/7/b/0", "state": "voided", "transaction": transaction });
    assert_eq!(again.json["orders"], json!([voided]));
}

#[rstest]
#[case::money_only(json!({ "id": 1, "order_id": 7, "refund_line_items": [] }))]
#[case::no_units(refund(1, &[("a", 0)]))]
#[tokio::test]
async fn a_refund_of_no_line_item_takes_nothing_back(#[case] body: Value) {
    let office = office("burn").await;
    office.shop("orders/paid", &sale()).await;
    office.shop("refunds/create", &body).await;
    assert_eq!(office.keys().await.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// One sale, a refund of one `a`, another of one `a` and the `b`: whatever the order, `b` and both `a` are void when
    /// all came, and never more than the refunds that came.
    #[test]
    fn order_and_repetition_make_no_difference(order in proptest::collection::vec(0..3_usize, 1..9)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let office = office("burn").await;
            let refunds = [refund(1, &[("a", 1)]), refund(2, &[("a", 1), ("b", 1)])];
            for &one in &order {
                match one {
                    0 => office.shop("orders/paid", &sale()).await,
                    one => office.shop("refunds/create", &refunds[one - 1]).await,
                };
            }
            let came = |one| order.contains(&one);
            let left_a = if came(0) { 2 - usize::from(came(1)) - usize::from(came(2)) } else { 0 };
            let left_b = usize::from(came(0) && !came(2));
            let keys = office.keys().await;
            let count = |item: &str| keys.iter().filter(|key| key.contains(item)).count();
            assert_eq!((count("/a/"), count("/b/")), (left_a, left_b), "{order:?}: {keys:?}");
        });
    }
}
