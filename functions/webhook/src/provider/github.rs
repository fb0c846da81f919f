//! GitHub: drops for a community, and tests.
//!
//! A merged pull request is a ticket, and so is a `repository_dispatch` with the type `ticket`, whose `client_payload` has
//! `order`, `ticket_to` and perhaps `qty`.
//!
//! Spec: <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>.

use serde_json::json;

use super::{EventName, Posted, Provider, RefundPaths, SalePaths, Sample, Trust};
use crate::{
    PayloadError,
    field::Field,
    signature::{Encoding, Layout, Part, Scheme},
};

/// GitHub.
pub const GITHUB: Provider = Provider {
    name: "github",
    trust: Trust::Signed(Scheme {
        layout: Layout::Plain { header: "X-Hub-Signature-256", prefix: "sha256=" },
        signed: &[Part::Body],
        encoding: Encoding::Hex,
        secret: Encoding::Text,
        tolerance_s: 0,
        refuses_future: false,
    }),
    event: EventName::HeaderAndAction("X-GitHub-Event", "$.action"),
    paid: &["pull_request.closed", "repository_dispatch.ticket"],
    refunded: &[],
    unsettled,
    sale: SalePaths {
        object: &["$.pull_request.id", "$.client_payload.order"],
        reference: &[],
        items: &[],
        item: &[],
        quantity: &["$.client_payload.qty"],
        tier: &["$.client_payload.tier"],
        recipient: &["$.client_payload.ticket_to"],
        email: &[],
        user: &["$.pull_request.user.login", "$.client_payload.user"],
    },
    refund: RefundPaths::NONE,
    sample,
};

fn unsettled(payload: &Field<'_>, event: &str) -> Result<Option<String>, PayloadError> {
    let merged = payload.get("pull_request").get("merged").is_true();
    let reason = "the pull request is closed without being merged".to_owned();
    Ok((event == "pull_request.closed" && !merged).then_some(reason))
}

fn sample(sample: &Sample) -> Option<Posted> {
    let Sample { number, recipient, tickets, is_refund } = sample;
    let payload =
        json!({ "order": format!("drop-{number}"), "ticket_to": recipient, "qty": tickets });
    let body = json!({ "action": "ticket", "client_payload": payload });
    let posted = Posted::json(&body).with("X-GitHub-Event", "repository_dispatch");
    (!is_refund).then_some(posted)
}
