//! Ticket Tailor: issued tickets, each an order of its own, and tickets that are voided.
//!
//! The recipient is the answer to a checkout question that is called `ticket_to`.
//!
//! Spec: <https://developers.tickettailor.com/docs/webhook/security>,
//! <https://developers.tickettailor.com/docs/api/new-issued-ticket-webhook>.

use serde_json::json;

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Trust};
use crate::{
    PayloadError,
    field::Field,
    signature::{Encoding, Layout, Part, Scheme},
};

/// Ticket Tailor.
pub const TICKET_TAILOR: Provider = Provider {
    name: "tickettailor",
    trust: Trust::Signed(Scheme {
        layout: Layout::Pairs {
            header: "Tickettailor-Webhook-Signature",
            separator: ',',
            time: "t",
            signature: "v1",
        },
        // Unlike Stripe, nothing stands between the two.
        signed: &[Part::Time, Part::Body],
        encoding: Encoding::Hex,
        secret: Encoding::Text,
        tolerance_s: 300,
        refuses_future: false,
    }),
    event: EventName::Field("$.event"),
    paid: &["ISSUED_TICKET.CREATED"],
    refunded: &["ISSUED_TICKET.UPDATED"],
    unsettled,
    sale: SalePaths {
        object: &["$.payload.id"],
        reference: &["$.payload.id"],
        items: &[],
        item: &[],
        quantity: &[],
        tier: &["$.payload.ticket_type_id"],
        recipient: &["$.payload.custom_questions[?@.question == 'ticket_to'].answer"],
        email: &["$.payload.email"],
        user: &[],
    },
    refund: RefundPaths {
        id: &["$.payload.id"],
        reference: &["$.payload.id"],
        items: &[],
        item: &[],
        quantity: &[],
    },
    sample,
};

fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    let status = payload.get("payload").get("status").text()?;
    let expected = if event == "ISSUED_TICKET.CREATED" { "valid" } else { "voided" };
    Ok((status != expected).then(|| format!("status is {status}, not {expected}")))
}

/// One ticket: there is a delivery for each.
fn sample(sample: &Sample) -> Option<Posted> {
    let (kind, status) = match sample.is_refund {
        true => ("ISSUED_TICKET.UPDATED", "voided"),
        false => ("ISSUED_TICKET.CREATED", "valid"),
    };
    let questions = json!([{ "question": "ticket_to", "answer": sample.recipient }]);
    let ticket = json!({ "id": format!("it_{}", sample.number), "status": status, "custom_questions": questions });
    Some(Posted::json(&json!({ "event": kind, "payload": ticket })))
}
