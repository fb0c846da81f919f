use alloy_primitives::{Address, U256};
use node_core::codec::record::{OrderRecord, OrderState};
use serde::Serialize;

use crate::WebhookState;

/// An order as the organiser sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderView {
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) state: OrderState,
    /// Who gets the ticket; of an order that nobody claimed, who gets it at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recipient: Option<Address>,
    /// E-mail address or user id of a buyer whose wallet was not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) buyer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tier: String,
    /// Id of the ticket, in decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// Unix milliseconds.
    pub(crate) received_ms: u64,
    /// Where the buyer binds a wallet, made anew for each answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    /// What claims the ticket on the L1 when nobody has claimed it before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
}

impl OrderView {
    pub(crate) fn of(state: &WebhookState, record: &OrderRecord) -> Self {
        let order = &record.order;
        let sold = order.sold.clone().unwrap_or_default();
        let now_s = state.clock.now_ms() / 1000;
        let claims = state.event.claims.as_ref();
        let claims = claims.filter(|_| record.state() == OrderState::Unclaimed);
        Self {
            key: order.key.clone(),
            state: record.state(),
            recipient: Some(order.recipient).filter(|recipient| !recipient.is_zero()),
            buyer: sold.buyer,
            tier: sold.tier,
            token: record.token().as_ref().map(U256::to_string),
            received_ms: order.received_ms,
            link: claims.map(|claims| claims.link(state.config.id, &order.key, now_s)),
            code: claims.and_then(|claims| claims.code_to_keep(state.config.id, &order.key)),
        }
    }
}
