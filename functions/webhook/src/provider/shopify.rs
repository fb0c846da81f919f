//! Shopify: orders, their refunds by line item, and cancelled orders.
//!
//! The recipient is the cart attribute `ticket_to`.
//!
//! Spec: <https://shopify.dev/docs/apps/build/webhooks/subscribe/https>,
//! <https://shopify.dev/docs/api/admin-rest/latest/resources/order>.

use serde_json::{Value, json};

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Trust};
use crate::{
    PayloadError,
    field::Field,
    signature::{Encoding, Layout, Part, Scheme},
};

/// Shopify.
pub const SHOPIFY: Provider = Provider {
    name: "shopify",
    trust: Trust::Signed(Scheme {
        layout: Layout::Plain { header: "X-Shopify-Hmac-Sha256", prefix: "" },
        signed: &[Part::Body],
        encoding: Encoding::Base64,
        secret: Encoding::Text,
        tolerance_s: 0,
        refuses_future: false,
    }),
    event: EventName::Header("X-Shopify-Topic"),
    paid: &["orders/paid"],
    refunded: &["refunds/create", "orders/cancelled"],
    unsettled,
    sale: SalePaths {
        object: &["$.id"],
        reference: &["$.id"],
        items: &["$.line_items"],
        item: &["@.id"],
        quantity: &["@.quantity"],
        tier: &["@.sku"],
        recipient: &["$.note_attributes[?@.name == 'ticket_to'].value"],
        email: &["$.email"],
        user: &[],
    },
    refund: RefundPaths {
        id: &["$.id"],
        reference: &["$.order_id", "$.id"],
        items: &["$.refund_line_items"],
        item: &["@.line_item_id"],
        quantity: &["@.quantity"],
    },
    sample,
};

fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    let lines = payload.get("refund_line_items");
    let none = lines.value().and_then(Value::as_array).is_none_or(Vec::is_empty);
    let reason = "money is refunded, and no line item with it".to_owned();
    Ok((event == "refunds/create" && none).then_some(reason))
}

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let (order, item) = (1_000_000_000 + number, 2_000_000_000 + number);
    if *is_refund {
        let lines = json!([{ "line_item_id": item, "quantity": tickets }]);
        let refund =
            json!({ "id": 3_000_000_000 + number, "order_id": order, "refund_line_items": lines });
        return Some(Posted::json(&refund).with("X-Shopify-Topic", "refunds/create"));
    }
    let order = json!({
        "id": order,
        "note_attributes": [{ "name": "ticket_to", "value": recipient }],
        "line_items": [{ "id": item, "quantity": tickets }],
    });
    Some(Posted::json(&order).with("X-Shopify-Topic", "orders/paid"))
}
