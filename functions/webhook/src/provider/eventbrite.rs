//! Eventbrite does not sign: a notification names an order, which its API is asked for.
//!
//! Each attendee is a line item. The recipient is the answer to a question that is called `ticket_to`.
//!
//! Spec: <https://www.eventbrite.com/platform/docs/webhooks>,
//! <https://www.eventbrite.com/platform/api#/reference/order>.

use serde_json::json;

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Source, Trust};
use crate::{PayloadError, field::Field};

const API: &str = "https://www.eventbriteapi.com/v3";

/// Eventbrite.
pub const EVENTBRITE: Provider = Provider {
    name: "eventbrite",
    trust: Trust::Asked(Source { api: API, authorization: "Bearer", locate }),
    event: EventName::Field("$.notification.config.action"),
    paid: &["order.placed"],
    refunded: &["order.refunded"],
    unsettled,
    sale: SalePaths {
        object: &["$.order.id"],
        reference: &["$.order.id"],
        items: &["$.order.attendees"],
        item: &["@.id"],
        quantity: &[],
        tier: &["@.ticket_class_id"],
        recipient: &["@.answers[?@.question == 'ticket_to'].answer"],
        email: &["@.profile.email", "$.order.email"],
        user: &[],
    },
    refund: RefundPaths {
        id: &["$.order.id"],
        reference: &["$.order.id"],
        items: &["$.order.attendees[?@.refunded == true]"],
        item: &["@.id"],
        quantity: &[],
    },
    sample,
};

/// Only the id is taken from the address that the notification names: who asks decides where.
fn locate(notification: &Field<'_>) -> Result<String, PayloadError> {
    let field = notification.get("api_url");
    let path = field.text()?.strip_prefix(API).and_then(|rest| rest.strip_prefix("/orders/"));
    let id = path.map(|path| path.trim_end_matches('/')).unwrap_or_default();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(field.expected(format!("{API}/orders/ and the number of an order")));
    }
    Ok(format!("/orders/{id}/?expand=attendees"))
}

fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    let order = payload.get("order");
    if event == "order.placed" {
        let status = order.get("status").text()?;
        return Ok((status != "placed").then(|| format!("status is {status}, not placed")));
    }
    let attendees = order.get("attendees");
    let list = attendees.value().and_then(serde_json::Value::as_array);
    let list = list.ok_or_else(|| attendees.expected("a list"))?;
    let some = list.iter().any(|attendee| attendee["refunded"] == true);
    Ok((!some).then(|| "no attendee is refunded".to_owned()))
}

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let action = if *is_refund { "order.refunded" } else { "order.placed" };
    let told =
        json!({ "api_url": format!("{API}/orders/{number}/"), "config": { "action": action } });
    let answers = json!([{ "question": "ticket_to", "answer": recipient }]);
    let attendee = |unit| json!({ "id": format!("{number}-{unit}"), "refunded": is_refund, "answers": answers });
    let attendees: Vec<_> = (0..*tickets).map(attendee).collect();
    let order = json!({ "id": number.to_string(), "status": "placed", "attendees": attendees });
    Some(Posted::json(&told).answering(&order))
}
