use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use node_core::{
    flow::{FlowError, mint::OrderError},
    port::PortError,
};
use serde_json::json;

use crate::answer::{Refused, order_status};

/// Why the organiser's request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("expected the key of this office, as `Authorization: Bearer ...` or `x-api-key`")]
    Key,
    #[error("{field}: expected {expected}, got {got}")]
    Field { field: &'static str, expected: &'static str, got: String },
    #[error("order {0}: there is none")]
    Unknown(String),
    #[error("Idempotency-Key: it was used for another order")]
    Reused,
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl ApiError {
    pub(super) fn field(
        field: &'static str,
        expected: &'static str,
        got: impl Into<String>,
    ) -> Self {
        Self::Field { field, expected, got: got.into() }
    }

    /// Whether another try may help.
    pub(super) fn may_pass(&self) -> bool {
        self.status().is_server_error()
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Key => StatusCode::UNAUTHORIZED,
            Self::Field { .. } => StatusCode::BAD_REQUEST,
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Reused => StatusCode::CONFLICT,
            Self::Refused(refused) => refused.status(),
            Self::Order(error) => order_status(error),
        }
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        Self::Order(error.into())
    }
}

impl From<FlowError> for ApiError {
    fn from(error: FlowError) -> Self {
        Self::Order(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "the office failed");
        }
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}
