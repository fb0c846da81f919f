//! Paddle Billing: transactions, and the adjustments that refund them.
//!
//! The recipient is `custom_data.ticket_to`. A line item of which only a part of the price is refunded keeps its tickets.
//!
//! Spec: <https://developer.paddle.com/webhooks/signature-verification>,
//! <https://developer.paddle.com/webhooks/transactions/transaction-completed>,
//! <https://developer.paddle.com/webhooks/adjustments/adjustment-updated>.

use serde_json::json;

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Trust};
use crate::{
    PayloadError,
    field::Field,
    path::Paths,
    signature::{Encoding, Layout, Part, Scheme},
};

/// Line items that are refunded whole.
const REFUNDED: &[&str] = &["$.data.items[?@.type == 'full']"];

/// Paddle.
pub const PADDLE: Provider = Provider {
    name: "paddle",
    trust: Trust::Signed(Scheme {
        layout: Layout::Pairs {
            header: "Paddle-Signature",
            separator: ';',
            time: "ts",
            signature: "h1",
        },
        signed: &[Part::Time, Part::Text(":"), Part::Body],
        encoding: Encoding::Hex,
        secret: Encoding::Text,
        tolerance_s: 5,
        refuses_future: false,
    }),
    event: EventName::Field("$.event_type"),
    paid: &["transaction.completed"],
    refunded: &["adjustment.created", "adjustment.updated"],
    unsettled,
    sale: SalePaths {
        object: &["$.data.id"],
        reference: &["$.data.id"],
        items: &["$.data.details.line_items"],
        item: &["@.id"],
        quantity: &["@.quantity"],
        tier: &["@.price_id"],
        recipient: &["$.data.custom_data.ticket_to"],
        email: &[],
        user: &["$.data.customer_id"],
    },
    refund: RefundPaths {
        id: &["$.data.id"],
        reference: &["$.data.transaction_id"],
        items: REFUNDED,
        item: &["@.item_id"],
        quantity: &[],
    },
    sample,
};

fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    if event == "transaction.completed" {
        return Ok(None);
    }
    let data = payload.get("data");
    let (action, status) = (data.get("action").text()?, data.get("status").text()?);
    if action != "refund" && action != "chargeback" {
        return Ok(Some(format!("the adjustment is a {action}, not a refund")));
    }
    if status != "approved" {
        return Ok(Some(format!("the refund is {status}, not approved")));
    }
    let some = data.get("type").is("full") || Paths::fixed(REFUNDED).list(payload).is_some();
    Ok((!some).then(|| "no line item is refunded whole".to_owned()))
}

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let transaction = format!("txn_sim_{number}");
    let (kind, data) = if *is_refund {
        let id = format!("adj_sim_{number}");
        let data = json!({ "id": id, "action": "refund", "status": "approved", "type": "full", "transaction_id": transaction, "items": [] });
        ("adjustment.updated", data)
    } else {
        let lines = json!([{ "id": format!("txnitm_sim_{number}"), "quantity": tickets }]);
        let data = json!({ "id": transaction, "custom_data": { "ticket_to": recipient }, "details": { "line_items": lines } });
        ("transaction.completed", data)
    };
    Some(Posted::json(&json!({ "event_type": kind, "data": data })))
}
