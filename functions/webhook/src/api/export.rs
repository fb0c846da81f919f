use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use node_core::codec::record::{OrderRecord, OrderState};
use serde::Serialize;

use super::{OrderView, answer::ApiError, orders::PAGE, redeems, sheet};
use crate::WebhookState;

/// A row of an export.
#[derive(Debug, Serialize)]
struct Row {
    order: String,
    state: &'static str,
    recipient: String,
    buyer: String,
    tier: String,
    token: String,
    transaction: String,
    failure: String,
    received_ms: u64,
    link: String,
    code: String,
}

pub(super) async fn export(
    State(state): State<Arc<WebhookState>>,
    Path(which): Path<String>,
) -> Result<Response, ApiError> {
    let wanted: fn(&OrderState) -> bool = match which.as_str() {
        "orders" => |state: &OrderState| *state != OrderState::Sale,
        "tickets" => |state: &OrderState| matches!(state, OrderState::Minted { .. }),
        "failures" => |state: &OrderState| matches!(state, OrderState::Failed { .. }),
        "unclaimed" => |state: &OrderState| *state == OrderState::Unclaimed,
        "redeems" => return sheet::answer(redeems::all(&state).await?),
        other => {
            const KNOWN: &str = "orders, tickets, failures, unclaimed or redeems";
            return Err(ApiError::field("export", KNOWN, other));
        }
    };
    let (mut rows, mut from) = (Vec::new(), None);
    loop {
        let page = state.stores.orders.list(from.as_deref(), PAGE).await?;
        let wanted = page.records.iter().filter(|record| wanted(&record.state()));
        rows.extend(wanted.map(|record| row(&state, record)));
        from = page.next;
        if from.is_none() {
            rows.sort_by(|one, other| {
                (one.received_ms, &one.order).cmp(&(other.received_ms, &other.order))
            });
            return sheet::answer(rows);
        }
    }
}

fn row(state: &WebhookState, record: &OrderRecord) -> Row {
    let view = OrderView::of(state, record);
    let transaction = Some(record.transaction).filter(|hash| !hash.is_zero());
    Row {
        state: view.state.name(),
        order: view.key,
        recipient: view.recipient.map(|address| address.to_string()).unwrap_or_default(),
        buyer: view.buyer,
        tier: view.tier,
        token: view.token.unwrap_or_default(),
        transaction: transaction.map(|hash| hash.to_string()).unwrap_or_default(),
        failure: record.failure.clone(),
        received_ms: view.received_ms,
        link: view.link.unwrap_or_default(),
        code: view.code.unwrap_or_default(),
    }
}
