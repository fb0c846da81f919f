//! Stripe: Checkout sessions, and refunds of their payments.
//!
//! A session is paid when it completes with `payment_status: paid`, or for nothing with a coupon, or when a delayed
//! payment succeeds later. The recipient is `metadata.ticket_to`. There is a ticket for each unit of each line item when the
//! session has line items in it, else `metadata.qty` tickets, else one. A payment that is refunded whole takes all
//! tickets back; a refund whose metadata has `line_item`, and `qty` if not all of it, takes back that one's.
//!
//! Spec: <https://docs.stripe.com/webhooks/signature>, <https://docs.stripe.com/api/checkout/sessions/object>.

use serde_json::{Value, json};

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Trust};
use crate::{
    PayloadError,
    field::Field,
    signature::{Encoding, Layout, Part, Scheme},
};

/// Stripe.
pub const STRIPE: Provider = Provider {
    name: "stripe",
    trust: Trust::Signed(Scheme {
        layout: Layout::Pairs {
            header: "Stripe-Signature",
            separator: ',',
            time: "t",
            signature: "v1",
        },
        signed: &[Part::Time, Part::Text("."), Part::Body],
        encoding: Encoding::Hex,
        secret: Encoding::Text,
        tolerance_s: 300,
        refuses_future: false,
    }),
    event: EventName::Field("$.type"),
    paid: &["checkout.session.completed", "checkout.session.async_payment_succeeded"],
    refunded: &["charge.refunded", "refund.created", "refund.updated"],
    unsettled,
    sale: SalePaths {
        object: &["$.data.object.id"],
        reference: &["$.data.object.payment_intent"],
        items: &["$.data.object.line_items.data"],
        item: &["@.id"],
        quantity: &["@.quantity", "$.data.object.metadata.qty"],
        tier: &["@.price.id", "$.data.object.metadata.tier"],
        recipient: &["$.data.object.metadata.ticket_to"],
        email: &["$.data.object.customer_details.email"],
        user: &["$.data.object.client_reference_id"],
    },
    refund: RefundPaths {
        id: &["$.data.object.id"],
        reference: &["$.data.object.payment_intent"],
        items: &["$.data.object.metadata.line_item"],
        item: &["@"],
        quantity: &["$.data.object.metadata.qty"],
    },
    sample,
};

fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    let object = payload.get("data").get("object");
    match event {
        "checkout.session.completed" => match object.get("payment_status").text()? {
            "paid" | "no_payment_required" => whole_list(&object.get("line_items")),
            other => Ok(Some(format!("payment_status is {other}, not paid"))),
        },
        "checkout.session.async_payment_succeeded" => whole_list(&object.get("line_items")),
        "charge.refunded" if object.get("refunded").is_true() => Ok(None),
        "charge.refunded" => {
            Ok(Some("a part of the payment is refunded: its refund says which line item".into()))
        }
        _ => Ok(unsettled_refund(&object)),
    }
}

fn unsettled_refund(refund: &Field<'_>) -> Option<String> {
    if !refund.get("status").is("succeeded") {
        return Some("the refund has not succeeded".to_owned());
    }
    let named = refund.get("metadata").get("line_item").is_present();
    (!named)
        .then(|| "metadata.line_item names none: charge.refunded tells of whole payments".into())
}

/// The whole list or nothing: tickets of lines that are on another page would be lost silently.
fn whole_list(lines: &Field<'_>) -> Result<Option<String>, PayloadError> {
    if !lines.is_present() {
        return Ok(None);
    }
    let (list, more) = (lines.get("data"), lines.get("has_more"));
    if !list.value().is_some_and(Value::is_array) {
        return Err(list.expected("a list"));
    }
    if more.value().is_some_and(|more| *more != Value::Bool(false)) {
        return Err(more.expected("false: all line items in one list"));
    }
    Ok(None)
}

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let payment = format!("pi_sim_{number}");
    let (kind, object) = if *is_refund {
        let id = format!("ch_sim_{number}");
        ("charge.refunded", json!({ "id": id, "payment_intent": payment, "refunded": true }))
    } else {
        let metadata = json!({ "ticket_to": recipient, "qty": tickets.to_string() });
        let id = format!("cs_sim_{number}");
        let session = json!({ "id": id, "object": "checkout.session", "payment_status": "paid", "payment_intent": payment, "metadata": metadata });
        ("checkout.session.completed", session)
    };
    let id = format!("evt_sim_{number}");
    Some(Posted::json(
        &json!({ "id": id, "object": "event", "type": kind, "data": { "object": object } }),
    ))
}
