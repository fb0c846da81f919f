//! pretix does not sign: a notification names an order, which its API is asked for.
//!
//! Each position is a line item. The recipient is the answer to a question with the identifier `ticket_to`.
//!
//! Spec: <https://docs.pretix.eu/dev/api/webhooks.html>, <https://docs.pretix.eu/dev/api/resources/orders.html>.

use serde_json::json;

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Source, Trust};
use crate::{PayloadError, field::Field};

/// pretix.
pub const PRETIX: Provider = Provider {
    name: "pretix",
    trust: Trust::Asked(Source { api: "https://pretix.eu/api/v1", authorization: "Token", locate }),
    event: EventName::Field("$.notification.action"),
    paid: &["pretix.event.order.paid"],
    refunded: &["pretix.event.order.canceled"],
    unsettled,
    sale: SalePaths {
        object: &["$.order.code"],
        reference: &["$.order.code"],
        items: &["$.order.positions[?@.canceled != true]"],
        item: &["@.id"],
        quantity: &[],
        tier: &["@.item"],
        recipient: &["@.answers[?@.question_identifier == 'ticket_to'].answer"],
        email: &["@.attendee_email", "$.order.email"],
        user: &[],
    },
    refund: RefundPaths {
        id: &["$.order.code"],
        reference: &["$.order.code"],
        items: &[],
        item: &[],
        quantity: &[],
    },
    sample,
};

fn locate(notification: &Field<'_>) -> Result<String, PayloadError> {
    let part = |name: &str| notification.get(name).id();
    let (organizer, event, code) = (part("organizer")?, part("event")?, part("code")?);
    Ok(format!("/organizers/{organizer}/events/{event}/orders/{code}/"))
}

/// `p` is paid and `c` is canceled.
fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    let status = payload.get("order").get("status").text()?;
    let expected = if event == "pretix.event.order.paid" { "p" } else { "c" };
    Ok((status != expected).then(|| format!("status is {status}, not {expected}")))
}

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let (kind, status) = if *is_refund { ("canceled", "c") } else { ("paid", "p") };
    let code = format!("SIM{number}");
    let action = format!("pretix.event.order.{kind}");
    let told = json!({ "organizer": "sim", "event": "sim", "code": code, "action": action });
    let answers = json!([{ "question_identifier": "ticket_to", "answer": recipient }]);
    let position = |unit| json!({ "id": format!("{number}-{unit}"), "item": 1, "canceled": is_refund, "answers": answers });
    let positions: Vec<_> = (0..*tickets).map(position).collect();
    let order = json!({ "code": code, "status": status, "positions": positions });
    Some(Posted::json(&told).answering(&order))
}
