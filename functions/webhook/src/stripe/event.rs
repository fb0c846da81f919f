use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    MAX_TICKETS, PayloadError,
    field::Field,
    order::{self, Delivery, Item},
};

/// Item of a session that names a quantity instead of line items.
const WHOLE_SESSION: &str = "ticket";

/// Reads a Stripe event whose signature was verified.
///
/// A Checkout session is paid when it completes with `payment_status: paid`, or when a delayed payment
/// succeeds later. The recipient is `metadata.ticket_to`. There is a ticket for each unit of each line
/// item when the session has line items in it, else `metadata.qty` tickets, else one. The keys are
/// `stripe/<session>/<line item or "ticket">/<unit>`: they do not depend on the event, so a session that
/// both completes and succeeds later mints once.
///
/// # Errors
/// [`PayloadError`] names the field of a paid session that cannot become tickets. What was not paid is
/// [`Delivery::Ignored`], not an error.
///
/// Spec: <https://docs.stripe.com/api/checkout/sessions/object>.
pub fn orders(body: &[u8], received_ms: u64) -> Result<Delivery, PayloadError> {
    let event: Value = serde_json::from_slice(body)?;
    let event = Field::root(&event);
    let session = event.get("data").get("object");
    if let Some(reason) = why_unpaid(&event, &session)? {
        return Ok(Delivery::Ignored { reason });
    }
    let object = format!("stripe/{}", session.get("id").id()?);
    let recipient = order::recipient(&session.get("metadata").get("ticket_to"))?;
    let items = items(&session)?;
    Ok(Delivery::Paid(order::orders(&object, recipient, &items, received_ms)))
}

fn why_unpaid(event: &Field<'_>, session: &Field<'_>) -> Result<Option<String>, PayloadError> {
    match event.get("type").text()? {
        "checkout.session.async_payment_succeeded" => Ok(None),
        "checkout.session.completed" => match session.get("payment_status").text()? {
            "paid" => Ok(None),
            other => Ok(Some(format!("payment_status is {other}, not paid"))),
        },
        other => Ok(Some(format!("nothing is paid by an event of type {other}"))),
    }
}

fn items(session: &Field<'_>) -> Result<Vec<Item>, PayloadError> {
    let lines = session.get("line_items");
    if lines.is_present() {
        return line_items(&lines);
    }
    let asked = session.get("metadata").get("qty");
    let quantity = if asked.is_present() { order::quantity(&asked)? } else { 1 };
    Ok(vec![Item { id: WHOLE_SESSION.to_owned(), quantity }])
}

/// The whole list or nothing: tickets of lines that are on another page would be lost silently.
fn line_items(lines: &Field<'_>) -> Result<Vec<Item>, PayloadError> {
    let more = lines.get("has_more");
    if more.value().is_some_and(|more| *more != Value::Bool(false)) {
        return Err(more.expected("false: all line items in one list"));
    }
    let list = lines.get("data");
    let mut ids = BTreeSet::new();
    let mut items = Vec::new();
    for line in list.members()? {
        let item = line_item(&line)?;
        if !ids.insert(item.id.clone()) {
            return Err(line.get("id").expected("an id that no other line item has"));
        }
        items.push(item);
    }
    let tickets = items.iter().fold(0_u64, |sum, item| sum.saturating_add(item.quantity));
    if !(1..=MAX_TICKETS).contains(&tickets) {
        let expected = format!("1 to {MAX_TICKETS} tickets in all");
        return Err(list.expected_not(expected, tickets.to_string()));
    }
    Ok(items)
}

fn line_item(line: &Field<'_>) -> Result<Item, PayloadError> {
    let quantity = line.get("quantity");
    let units = quantity.value().and_then(Value::as_u64);
    let units = units.ok_or_else(|| quantity.expected("a whole number"))?;
    Ok(Item { id: line.get("id").id()?.to_owned(), quantity: units })
}
