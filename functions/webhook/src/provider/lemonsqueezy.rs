//! Lemon Squeezy: orders, and orders that are refunded whole.
//!
//! The recipient is `ticket_to` of the checkout's custom data.
//!
//! Spec: <https://docs.lemonsqueezy.com/help/webhooks/signing-requests>,
//! <https://docs.lemonsqueezy.com/help/webhooks/example-payloads>.

use serde_json::json;

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Trust};
use crate::{
    PayloadError,
    field::Field,
    signature::{Encoding, Layout, Part, Scheme},
};

/// Lemon Squeezy.
pub const LEMON_SQUEEZY: Provider = Provider {
    name: "lemonsqueezy",
    trust: Trust::Signed(Scheme {
        layout: Layout::Plain { header: "X-Signature", prefix: "" },
        signed: &[Part::Body],
        encoding: Encoding::Hex,
        secret: Encoding::Text,
        tolerance_s: 0,
        refuses_future: false,
    }),
    event: EventName::Field("$.meta.event_name"),
    paid: &["order_created"],
    refunded: &["order_refunded"],
    unsettled,
    sale: SalePaths {
        object: &["$.data.id"],
        reference: &["$.data.id"],
        items: &["$.data.attributes.first_order_item"],
        item: &["@.id"],
        quantity: &["@.quantity"],
        tier: &["@.variant_id"],
        recipient: &["$.meta.custom_data.ticket_to"],
        email: &["$.data.attributes.user_email"],
        user: &[],
    },
    refund: RefundPaths {
        id: &["$.data.id"],
        reference: &["$.data.id"],
        items: &[],
        item: &[],
        quantity: &[],
    },
    sample,
};

fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    let order = payload.get("data").get("attributes");
    if event == "order_refunded" {
        let whole = order.get("refunded").is_true();
        return Ok((!whole).then(|| "a part of the price is refunded".to_owned()));
    }
    let status = order.get("status").text()?;
    Ok((status != "paid").then(|| format!("status is {status}, not paid")))
}

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let kind = if *is_refund { "order_refunded" } else { "order_created" };
    let item = json!({ "id": number + 1, "quantity": tickets });
    let order = json!({ "status": "paid", "refunded": is_refund, "first_order_item": item });
    Some(Posted::json(&json!({
        "meta": { "event_name": kind, "custom_data": { "ticket_to": recipient } },
        "data": { "type": "orders", "id": number.to_string(), "attributes": order },
    })))
}
