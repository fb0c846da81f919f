//! Errors of the SDKs, sorted by what the caller must do.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use node_core::port::PortError;

/// Codes of `4xx` answers that pass: AWS, "Error retries and exponential backoff", and S3's `409`.
const PASSING: [&str; 9] = [
    "ConditionalRequestConflict",
    "InternalServerError",
    "OperationAborted",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "SlowDown",
    "ThrottlingException",
    "TransactionConflictException",
];

/// Sorts an error of the attempt `what`.
pub(crate) fn fault<E>(what: impl Into<String>, error: SdkError<E, HttpResponse>) -> PortError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let what = what.into();
    match refusal(&error) {
        Some(reason) => PortError::Refused { what, reason },
        None => PortError::Unavailable { what, source: Box::new(error) },
    }
}

/// Whether the table is not there.
pub(crate) fn missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == Some("ResourceNotFoundException")
}

/// Code of the service's answer, if there was one.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Why the service will never do this, if it said so.
fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let status = error.raw_response()?.status();
    let code = code(error).unwrap_or_default();
    if !status.is_client_error() || PASSING.contains(&code) || status.as_u16() == 429 {
        return None;
    }
    let message = error.as_service_error().and_then(ProvideErrorMetadata::message);
    Some(format!("{code} ({status}): {}", message.unwrap_or("no message")))
}
