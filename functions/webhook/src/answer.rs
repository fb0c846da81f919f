//! What the provider is answered. The status decides whether it delivers again, the text is what the
//! organiser reads in the provider's dashboard.

use axum::{
    Json,
    extract::rejection::BytesRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use node_core::{
    codec::record::OrderState,
    flow::{FlowError, mint::OrderError},
    port::PortError,
};
use serde::Serialize;

use crate::{FetchError, PayloadError, SignatureError, SignatureFault};

/// The delivery is dealt with and need not come again.
#[derive(Debug, Serialize)]
pub(crate) struct Received {
    received: bool,
    orders: Vec<Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<String>,
}

/// An order of a delivery with what became of it so far.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) state: OrderState,
}

impl Received {
    pub(crate) const fn orders(orders: Vec<Order>) -> Self {
        Self { received: true, orders, ignored: None }
    }

    pub(crate) const fn ignored(reason: String) -> Self {
        Self { received: true, orders: Vec::new(), ignored: Some(reason) }
    }
}

/// Why a delivery was not dealt with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("body: {}", .0.body_text())]
    Body(#[from] BytesRejection),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("key: this endpoint has no key configured")]
    NoKey,
    #[error("key: expected the endpoint's address with ?key= and the key that it was given")]
    Key,
    #[error("this endpoint has no token configured to ask the provider with")]
    NoToken,
    #[error("order: {0}")]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("{key}: not accepted: {source}")]
    Order { key: String, source: Box<OrderError> },
}

impl Refused {
    /// 4xx is for the organiser to see, 5xx for the provider to try again. Providers retry both, so 5xx
    /// is only what another try can cure. Never a redirect, and never 410 or 409: some providers switch an
    /// endpoint off for the one and take the other for success.
    ///
    /// A layer that is closed, or has no minter, answers 400: the ticket cannot be minted any more, and a
    /// 200 would hide that from the shop that must refund.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Body(rejection) => rejection.status(),
            Self::Signature(SignatureError { fault: SignatureFault::NoSecret, .. })
            | Self::NoKey
            | Self::NoToken
            | Self::Fetch(FetchError::Token { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Key => StatusCode::UNAUTHORIZED,
            Self::Fetch(FetchError::Unavailable { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Signature(_) | Self::Payload(_) | Self::Fetch(FetchError::NotFound) => {
                StatusCode::BAD_REQUEST
            }
            Self::Order { source, .. } => order_status(source),
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Body(_) => Some("body"),
            Self::Signature(error) => Some(error.header),
            Self::NoKey | Self::Key => Some("key"),
            Self::Payload(error) => Some(error.field()),
            Self::NoToken | Self::Fetch(_) | Self::Order { .. } => None,
        }
    }
}

pub(crate) const fn order_status(error: &OrderError) -> StatusCode {
    match error {
        OrderError::Closed { .. } | OrderError::NoMinter => StatusCode::BAD_REQUEST,
        OrderError::Flow(
            FlowError::NoLayer
            | FlowError::Port(PortError::Unavailable { .. } | PortError::Conflict { .. }),
        ) => StatusCode::SERVICE_UNAVAILABLE,
        OrderError::Flow(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[derive(Serialize)]
struct RefusedBody<'a> {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl IntoResponse for Received {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "webhook delivery failed");
        } else {
            tracing::warn!(error = %self, "webhook delivery refused");
        }
        let body = RefusedBody { error: self.to_string(), field: self.field() };
        (status, Json(body)).into_response()
    }
}
