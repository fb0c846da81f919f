use mayfly_webhook::{Delivery, stripe};
use node_core::codec::record::MintOrder;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{BUYER, completed, event, session};

fn paid(body: &str) -> Vec<MintOrder> {
    match stripe::orders(body.as_bytes(), 5) {
        Ok(Delivery::Paid(orders)) => orders,
        other => panic!("expected paid tickets, got {other:?}"),
    }
}

fn keys(body: &str) -> Vec<String> {
    paid(body).into_iter().map(|order| order.key).collect()
}

fn refused(session: &Value) -> String {
    let error = stripe::orders(completed(session).as_bytes(), 5).expect_err("a bad payload");
    assert!(error.to_string().starts_with(error.field()), "{error}");
    error.to_string()
}

fn with(field: &str, value: Value) -> Value {
    let mut session = session("cs_1");
    let (parent, name) = field.rsplit_once('/').expect("a path has a parent");
    session.pointer_mut(parent).expect("the parent is there")[name] = value;
    session
}

#[test]
fn a_paid_session_is_one_ticket_for_its_buyer() {
    let order =
        MintOrder { key: "stripe/cs_1/ticket/0".to_owned(), recipient: BUYER, received_ms: 5 };
    assert_eq!(paid(&completed(&session("cs_1"))), [order]);
}

#[test]
fn qty_tickets_have_a_key_each() {
    let keys = keys(&completed(&with("/metadata/qty", json!("3"))));
    assert_eq!(keys, ["stripe/cs_1/ticket/0", "stripe/cs_1/ticket/1", "stripe/cs_1/ticket/2"]);
}

#[test]
fn line_items_count_by_unit_and_over_qty() {
    let mut session = with("/metadata/qty", json!("9"));
    session["line_items"] = json!({ "object": "list", "has_more": false, "data": [
        { "id": "li_a", "quantity": 2 }, { "id": "li_b", "quantity": 1 }, { "id": "li_c", "quantity": 0 },
    ]});
    let keys = keys(&completed(&session));
    assert_eq!(keys, ["stripe/cs_1/li_a/0", "stripe/cs_1/li_a/1", "stripe/cs_1/li_b/0"]);
}

#[test]
fn a_payment_that_arrives_later_has_the_same_keys() {
    let later = event("checkout.session.async_payment_succeeded", &session("cs_1"));
    assert_eq!(keys(&later), keys(&completed(&session("cs_1"))));
}

#[rstest]
#[case::unpaid("checkout.session.completed", json!("unpaid"), "unpaid")]
#[case::free("checkout.session.completed", json!("no_payment_required"), "no_payment_required")]
#[case::expired("checkout.session.expired", json!("unpaid"), "checkout.session.expired")]
#[case::failed("checkout.session.async_payment_failed", json!("unpaid"), "async_payment_failed")]
#[case::other("invoice.paid", json!("paid"), "invoice.paid")]
fn what_is_not_a_paid_session_is_ignored_and_says_why(
    #[case] kind: &str,
    #[case] status: Value,
    #[case] expected: &str,
) {
    let body = event(kind, &with("/payment_status", status));
    match stripe::orders(body.as_bytes(), 5) {
        Ok(Delivery::Ignored { reason }) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("expected to be ignored, got {other:?}"),
    }
}

#[rstest]
#[case::lower("0x70997970c51812dc3a010c7d01b50e0d17dc79c8")]
#[case::upper("0x70997970C51812DC3A010C7D01B50E0D17DC79C8")]
#[case::checksum("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
fn an_address_in_one_case_or_with_its_checksum_is_taken(#[case] text: &str) {
    let orders = paid(&completed(&with("/metadata/ticket_to", json!(text))));
    assert_eq!(orders[0].recipient, BUYER);
}

#[rstest]
#[case::wrong_checksum("0x70997970c51812dc3A010C7d01b50e0d17dc79C8", "EIP-55")]
#[case::no_prefix("70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x and 40 hex digits")]
#[case::short("0x7099", "0x and 40 hex digits")]
#[case::not_hex("0xzz997970C51812dc3A010C7d01b50e0d17dc79C8", "0x and 40 hex digits")]
#[case::two_prefixes("0x0x997970C51812dc3A010C7d01b50e0d17dc79C8", "0x and 40 hex digits")]
#[case::name("ada.eth", "0x and 40 hex digits")]
#[case::zero("0x0000000000000000000000000000000000000000", "not zero")]
fn a_bad_recipient_is_named_with_what_was_expected(#[case] text: &str, #[case] expected: &str) {
    let error = refused(&with("/metadata/ticket_to", json!(text)));
    assert!(error.starts_with("data.object.metadata.ticket_to: expected an address"), "{error}");
    assert!(error.contains(expected) && error.contains(text), "{error}");
}

#[rstest]
#[case::no_recipient("/metadata", json!({}), "data.object.metadata.ticket_to: expected an address, 0x and 40 hex digits, got nothing")]
#[case::no_metadata("/metadata", json!(null), "data.object.metadata.ticket_to: expected an address, 0x and 40 hex digits, got nothing")]
#[case::qty_zero("/metadata/qty", json!("0"), "data.object.metadata.qty: expected text with a number from 1 to 100, got \"0\"")]
#[case::qty_many("/metadata/qty", json!("101"), "data.object.metadata.qty: expected text with a number from 1 to 100, got \"101\"")]
#[case::qty_words("/metadata/qty", json!("two"), "data.object.metadata.qty: expected text with a number from 1 to 100, got \"two\"")]
#[case::qty_negative("/metadata/qty", json!("-1"), "data.object.metadata.qty: expected text with a number from 1 to 100, got \"-1\"")]
#[case::no_id("/id", json!(null), "data.object.id: expected an id of 1 to 255 letters, digits, `_` and `-`, got nothing")]
#[case::id_with_separator("/id", json!("cs/1"), "data.object.id: expected an id of 1 to 255 letters, digits, `_` and `-`, got \"cs/1\"")]
#[case::no_status("/payment_status", json!(null), "data.object.payment_status: expected text, got nothing")]
#[case::lines_not_a_list("/line_items", json!("li_1"), "data.object.line_items.data: expected a list, got nothing")]
#[case::no_lines("/line_items", json!({ "data": [] }), "data.object.line_items.data: expected 1 to 100 tickets in all, got 0")]
#[case::more_lines("/line_items", json!({ "data": [{ "id": "li_1", "quantity": 1 }], "has_more": true }), "data.object.line_items.has_more: expected false: all line items in one list, got true")]
#[case::too_many("/line_items", json!({ "data": [{ "id": "li_1", "quantity": 60 }, { "id": "li_2", "quantity": 60 }] }), "data.object.line_items.data: expected 1 to 100 tickets in all, got 120")]
#[case::overflow("/line_items", json!({ "data": [{ "id": "li_1", "quantity": u64::MAX }, { "id": "li_2", "quantity": 2 }] }), "data.object.line_items.data: expected 1 to 100 tickets in all, got 18446744073709551615")]
#[case::negative("/line_items", json!({ "data": [{ "id": "li_1", "quantity": -1 }] }), "data.object.line_items.data[0].quantity: expected a whole number, got -1")]
#[case::same_line("/line_items", json!({ "data": [{ "id": "li_1", "quantity": 1 }, { "id": "li_1", "quantity": 1 }] }), "data.object.line_items.data[1].id: expected an id that no other line item has, got \"li_1\"")]
fn a_bad_field_is_named_with_both_sides(
    #[case] field: &str,
    #[case] value: Value,
    #[case] expected: &str,
) {
    assert_eq!(refused(&with(field, value)), expected);
}

#[test]
fn what_an_error_repeats_is_bounded() {
    let error = refused(&with("/metadata/ticket_to", json!("é".repeat(100_000))));
    assert!(error.chars().count() < 250, "{error}");
}

#[rstest]
#[case::not_json(b"ticket please".as_slice())]
#[case::not_text(b"{\"type\":\"\xff\"}")]
#[case::empty(b"")]
fn what_is_not_json_is_refused(#[case] body: &[u8]) {
    let error = stripe::orders(body, 5).expect_err("not JSON");
    assert_eq!(error.field(), "body");
}
