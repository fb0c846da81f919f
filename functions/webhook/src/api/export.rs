use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use node_core::codec::record::{OrderRecord, OrderState};
use serde::Serialize;

use super::{OrderView, answer::ApiError, orders::PAGE};
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
        other => {
            return Err(ApiError::field("export", "orders, tickets, failures or unclaimed", other));
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
            return csv_answer(rows);
        }
    }
}

fn row(state: &WebhookState, record: &OrderRecord) -> Row {
    let view = OrderView::of(state, record);
    let transaction = Some(record.transaction).filter(|hash| !hash.is_zero());
    Row {
        state: view.state_name(),
        order: view.key,
        recipient: view.recipient.map(|address| address.to_string()).unwrap_or_default(),
        buyer: view.buyer,
        tier: view.tier,
        token: view.token.unwrap_or_default(),
        transaction: transaction.map(|hash| hash.to_string()).unwrap_or_default(),
        failure: record.failure.clone(),
        received_ms: view.received_ms,
        link: view.link.unwrap_or_default(),
    }
}

/// A list as CSV; nothing when it is empty.
pub(super) fn csv_answer<T: Serialize>(rows: Vec<T>) -> Result<Response, ApiError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| ApiError::field("export", "rows of CSV", error.to_string());
    for row in rows {
        writer.serialize(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.into_error().into()))?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}
