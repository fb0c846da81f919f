use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use node_core::{
    codec::record::{OrderRecord, OrderState},
    flow::mint,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OrderView, answer::ApiError};
use crate::{
    Buyer, MAX_TICKETS, PayloadError, Sale, Ticket, WebhookState,
    answer::Refused,
    field::Field,
    office,
    order::{email, name, wallet_or_name},
};

/// Orders read at a time.
pub(super) const PAGE: usize = 1_000;

/// A list of orders.
#[derive(Debug, Serialize)]
pub(super) struct Orders {
    orders: Vec<OrderView>,
}

/// What the organiser orders.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) recipient: Value,
    pub(super) email: Value,
    pub(super) user: Value,
    pub(super) tier: Value,
    pub(super) quantity: Value,
}

pub(super) async fn show(
    State(state): State<Arc<WebhookState>>,
    Path(key): Path<String>,
) -> Result<Json<OrderView>, ApiError> {
    let record = state.stores.orders.get(&key).await?.filter(|record| record.sale.is_none());
    let record = record.ok_or(ApiError::Unknown(key))?;
    Ok(Json(OrderView::of(&state, &record)))
}

pub(super) async fn of_idempotency_key(
    State(state): State<Arc<WebhookState>>,
    headers: HeaderMap,
) -> Result<Json<Orders>, ApiError> {
    let object = object(&headers)?;
    let mut orders = Vec::new();
    for unit in 0..MAX_TICKETS {
        let Some(record) = state.stores.orders.get(&key(&object, unit)).await? else { break };
        orders.push(OrderView::of(&state, &record));
    }
    if orders.is_empty() {
        return Err(ApiError::Unknown(object));
    }
    Ok(Json(Orders { orders }))
}

pub(super) async fn make(
    State(state): State<Arc<WebhookState>>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Orders>, ApiError> {
    let object = object(&headers)?;
    let wanted: Wanted =
        serde_json::from_str(&body).map_err(PayloadError::from).map_err(Refused::from)?;
    let tickets = tickets(&state, &object, &wanted)?;
    for ticket in &tickets {
        if let Some(known) = state.stores.orders.get(&ticket.key).await?
            && !is_for(&known, ticket)
        {
            return Err(ApiError::Reused);
        }
    }
    let made =
        office::sell(&state, Sale { reference: None, tickets }, state.clock.now_ms()).await?;
    let mut orders = Vec::with_capacity(made.len());
    for order in made {
        let record = state.stores.orders.get(&order.key).await?;
        orders.extend(record.map(|record| OrderView::of(&state, &record)));
    }
    Ok(Json(Orders { orders }))
}

/// Whether an order is the one that is asked for again.
fn is_for(known: &OrderRecord, ticket: &Ticket) -> bool {
    let sold = known.order.sold.clone().unwrap_or_default();
    let same_buyer = match &ticket.buyer {
        Buyer::Wallet(wallet) => sold.buyer.is_empty() && known.order.recipient == *wallet,
        Buyer::Account(name) => sold.buyer == name.as_str(),
        Buyer::Named(buyer) => sold.buyer == *buyer,
    };
    same_buyer && sold.tier == ticket.tier
}

pub(super) async fn retry(
    State(state): State<Arc<WebhookState>>,
    Path(key): Path<String>,
) -> Result<Json<OrderView>, ApiError> {
    let held = state.stores.orders.get(&key).await?.filter(|record| record.sale.is_none());
    let held = held.ok_or(ApiError::Unknown(key))?;
    let record = retried(&state, held).await?;
    state.doorbell.ring();
    Ok(Json(OrderView::of(&state, &record)))
}

pub(super) async fn retry_all(
    State(state): State<Arc<WebhookState>>,
) -> Result<Json<Orders>, ApiError> {
    let (mut orders, mut from) = (Vec::new(), None);
    loop {
        let page = state.stores.orders.list(from.as_deref(), PAGE).await?;
        for record in page.records {
            if let OrderState::Failed { .. } = record.state() {
                orders.push(OrderView::of(&state, &retried(&state, record).await?));
            }
        }
        from = page.next;
        if from.is_none() {
            state.doorbell.ring();
            return Ok(Json(Orders { orders }));
        }
    }
}

async fn retried(state: &WebhookState, held: OrderRecord) -> Result<OrderRecord, ApiError> {
    let key = held.order.key;
    mint::retry(&state.stores, &key).await?.ok_or(ApiError::Unknown(key))
}

/// What the orders of a request with an `Idempotency-Key` have in common.
fn object(headers: &HeaderMap) -> Result<String, ApiError> {
    let value = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    let value = Value::from(value.unwrap_or_default());
    let id = Field::new("Idempotency-Key".to_owned(), Some(&value)).id();
    Ok(format!("office/{}", id.map_err(Refused::from)?))
}

fn key(object: &str, unit: u64) -> String {
    format!("{object}/ticket/{unit}")
}

/// The tickets of a request; `object` is what their keys begin with.
pub(super) fn tickets(
    state: &WebhookState,
    object: &str,
    wanted: &Wanted,
) -> Result<Vec<Ticket>, ApiError> {
    let field = |name: &str, value| Field::new(name.to_owned(), Some(value));
    let refused = |error: PayloadError| ApiError::Refused(error.into());
    let buyer = match (&wanted.recipient, &wanted.email, &wanted.user) {
        (wallet, Value::Null, Value::Null) => {
            wallet_or_name(&field("recipient", wallet), state.event.names.is_some())
                .map_err(refused)?
        }
        (Value::Null, address, Value::Null) => {
            email(&field("email", address)).map(Buyer::Named).map_err(refused)?
        }
        (Value::Null, Value::Null, user) => {
            name(&field("user", user)).map(Buyer::Named).map_err(refused)?
        }
        _ => {
            return Err(ApiError::field(
                "recipient",
                "one of recipient, email and user",
                "several",
            ));
        }
    };
    if matches!(buyer, Buyer::Named(_)) && state.event.claims.is_none() {
        return Err(ApiError::field("recipient", "an address: this event has no claims", "a name"));
    }
    let tier = match &wanted.tier {
        Value::Null => String::new(),
        tier => name(&field("tier", tier)).map_err(refused)?,
    };
    let units = match &wanted.quantity {
        Value::Null => Some(1),
        quantity => field("quantity", quantity).number(),
    };
    let units = units.filter(|units| (1..=MAX_TICKETS).contains(units));
    let got = wanted.quantity.to_string();
    let units = units.ok_or_else(|| ApiError::field("quantity", "a number from 1 to 100", got))?;
    let ticket = |unit| Ticket { key: key(object, unit), tier: tier.clone(), buyer: buyer.clone() };
    Ok((0..units).map(ticket).collect())
}
