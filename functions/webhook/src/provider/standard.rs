//! The Standard Webhooks scheme, for shops of one's own, and Svix, which it comes from.
//!
//! The payload is the scheme's `{type, timestamp, data}`. `order.paid` has in `data` an `id`, `ticket_to`, and `items` with
//! `id` and `quantity`, or `quantity` alone; `order.refunded` has the same `id`, and `items` unless all of it is refunded.
//!
//! Spec: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! <https://docs.svix.com/receiving/verifying-payloads/how-manual>.

use serde_json::json;

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Trust, always_settled};
use crate::signature::{Encoding, Layout, Part, Scheme};

const NAMES: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const SVIX_NAMES: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

const fn scheme(names: &'static [[&'static str; 3]]) -> Scheme {
    Scheme {
        layout: Layout::Headers { names },
        signed: &[Part::Id, Part::Text("."), Part::Time, Part::Text("."), Part::Body],
        encoding: Encoding::Base64,
        secret: Encoding::Base64,
        tolerance_s: 300,
        refuses_future: true,
    }
}

const fn provider(name: &'static str, names: &'static [[&'static str; 3]]) -> Provider {
    Provider {
        name,
        trust: Trust::Signed(scheme(names)),
        event: EventName::Field("$.type"),
        paid: &["order.paid"],
        refunded: &["order.refunded"],
        unsettled: always_settled,
        sale: SalePaths {
            object: &["$.data.id"],
            reference: &["$.data.id"],
            items: &["$.data.items"],
            item: &["@.id"],
            quantity: &["@.quantity", "$.data.quantity"],
            tier: &["@.tier", "$.data.tier"],
            recipient: &["@.ticket_to", "$.data.ticket_to"],
            email: &["@.email", "$.data.email"],
            user: &["@.user", "$.data.user"],
        },
        refund: RefundPaths {
            id: &["$.data.refund_id", "$.data.id"],
            reference: &["$.data.id"],
            items: &["$.data.items"],
            item: &["@.id"],
            quantity: &["@.quantity"],
        },
        sample,
    }
}

/// Any shop that signs as Standard Webhooks says.
pub const STANDARD_WEBHOOKS: Provider = provider("standard-webhooks", &[NAMES]);

/// Svix, which may also use the names of the standard.
pub const SVIX: Provider = provider("svix", &[SVIX_NAMES, NAMES]);

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let id = format!("order-{number}");
    let (kind, data) = if *is_refund {
        ("order.refunded", json!({ "id": id }))
    } else {
        ("order.paid", json!({ "id": id, "ticket_to": recipient, "quantity": tickets }))
    };
    Some(Posted::json(&json!({ "type": kind, "data": data })))
}
