use mayfly_webhook::{Buyer, Delivery, PayloadError, Refund, RefundLine, Ticket};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{BUYER, completed, event, header_map, session, stripe};

fn read(body: &str) -> Result<Delivery, PayloadError> {
    let payload: Value = serde_json::from_str(body).expect("JSON");
    stripe(&[]).read(&header_map([]), &payload)
}

fn paid(body: &str) -> Vec<Ticket> {
    match read(body) {
        Ok(Delivery::Paid(sale)) => sale.tickets,
        other => panic!("expected paid tickets, got {other:?}"),
    }
}

fn keys(body: &str) -> Vec<String> {
    paid(body).into_iter().map(|order| order.key).collect()
}

fn refused(session: &Value) -> String {
    let error = read(&completed(session)).expect_err("a bad payload");
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
    let (key, buyer) = ("stripe/cs_1/ticket/0".to_owned(), Buyer::Wallet(BUYER));
    let ticket = Ticket { key, tier: String::new(), buyer };
    assert_eq!(paid(&completed(&session("cs_1"))), [ticket]);
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
#[case::expired("checkout.session.expired", json!("unpaid"), "checkout.session.expired")]
#[case::failed("checkout.session.async_payment_failed", json!("unpaid"), "async_payment_failed")]
#[case::other("invoice.paid", json!("paid"), "invoice.paid")]
fn what_is_not_a_paid_session_is_ignored_and_says_why(
    #[case] kind: &str,
    #[case] status: Value,
    #[case] expected: &str,
) {
    let body = event(kind, &with("/payment_status", status));
    match read(&body) {
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
    assert_eq!(orders[0].buyer, Buyer::Wallet(BUYER));
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
#[case::qty_zero("/metadata/qty", json!("0"), "data.object.metadata.qty: expected a number from 1 to 100, got \"0\"")]
#[case::qty_many("/metadata/qty", json!("101"), "data.object.metadata.qty: expected a number from 1 to 100, got \"101\"")]
#[case::qty_words("/metadata/qty", json!("two"), "data.object.metadata.qty: expected a number from 1 to 100, got \"two\"")]
#[case::qty_negative("/metadata/qty", json!("-1"), "data.object.metadata.qty: expected a number from 1 to 100, got \"-1\"")]
#[case::no_id("/id", json!(null), "data.object.id: expected an id of 1 to 255 letters, digits, `_` and `-`, got nothing")]
#[case::id_too_long("/id", json!("a".repeat(256)), &format!("data.object.id: expected an id of 1 to 255 letters, digits, `_` and `-`, got \"{}...", "a".repeat(79)))]
#[case::tier_too_long("/metadata/tier", json!("a".repeat(256)), &format!("data.object.metadata.tier: expected 1 to 255 bytes of text, or a number, got \"{}...", "a".repeat(79)))]
#[case::tier_with_a_line_break("/metadata/tier", json!("vip\n"), "data.object.metadata.tier: expected 1 to 255 bytes of text, or a number, got \"vip\\n\"")]
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

#[test]
fn a_session_that_a_coupon_made_free_is_a_ticket() {
    let free = with("/payment_status", json!("no_payment_required"));
    assert_eq!(keys(&completed(&free)), ["stripe/cs_1/ticket/0"]);
}

fn refunded(kind: &str, object: &Value) -> Result<Delivery, PayloadError> {
    read(&event(kind, object))
}

#[test]
fn a_payment_that_is_refunded_whole_takes_all_back() {
    let charge = json!({ "id": "ch_1", "payment_intent": "pi_1", "refunded": true });
    let expected = Refund { reference: "stripe/pi_1".into(), id: "ch_1".into(), lines: vec![] };
    let read = refunded("charge.refunded", &charge).expect("a refund");
    assert_eq!(read, Delivery::Refunded(expected));
}

#[rstest]
#[case::all_units(json!({ "line_item": "li_a" }), None)]
#[case::some_units(json!({ "line_item": "li_a", "qty": "2" }), Some(2))]
fn a_refund_that_names_a_line_item_takes_that_back(
    #[case] metadata: Value,
    #[case] quantity: Option<u64>,
) {
    let refund = json!({ "id": "re_1", "payment_intent": "pi_1", "status": "succeeded", "metadata": metadata });
    let lines = vec![RefundLine { item: "li_a".into(), quantity }];
    let expected = Refund { reference: "stripe/pi_1".into(), id: "re_1".into(), lines };
    let read = refunded("refund.created", &refund).expect("a refund");
    assert_eq!(read, Delivery::Refunded(expected));
}

#[rstest]
#[case::part("charge.refunded", json!({ "refunded": false }), "a part of the payment")]
#[case::pending("refund.created", json!({ "status": "pending", "metadata": { "line_item": "li_a" } }), "not succeeded")]
#[case::no_line("refund.updated", json!({ "status": "succeeded", "metadata": {} }), "line_item")]
fn what_takes_no_ticket_back_is_ignored(
    #[case] kind: &str,
    #[case] object: Value,
    #[case] expected: &str,
) {
    match refunded(kind, &object) {
        Ok(Delivery::Ignored { reason }) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("expected to be ignored, got {other:?}"),
    }
}
