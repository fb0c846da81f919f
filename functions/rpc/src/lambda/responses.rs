//! How a function answers: with one JSON that Lambda reads, of 6 MB at the most, or with a head and a body that is
//! passed on as it comes.

use std::str::FromStr;

use axum::{body::BodyDataStream, response::Response};
use lambda_http::{
    Error,
    lambda_runtime::{FunctionResponse, MetadataPrelude, StreamResponse},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// What a function answers.
pub type Answer = FunctionResponse<Box<RawValue>, BodyDataStream>;

/// How a function URL is answered. An HTTP API and a WebSocket API always get whole answers: they pass nothing else on
/// (AWS: Lambda Developer Guide, "Response streaming").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Responses {
    /// Whole, for a function URL with `InvokeMode: BUFFERED`, or where there is none.
    #[default]
    Buffered,
    /// As they come, for a function URL with `InvokeMode: RESPONSE_STREAM`.
    Streamed,
}

/// Text that is no mode of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `buffered` or `streamed`")]
pub struct UnknownMode;

impl FromStr for Responses {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "buffered" => Ok(Self::Buffered),
            "streamed" => Ok(Self::Streamed),
            _ => Err(UnknownMode),
        }
    }
}

/// An answer that is one JSON.
pub(super) fn whole(answer: &impl Serialize) -> Result<Answer, Error> {
    Ok(FunctionResponse::BufferedResponse(to_raw_value(answer)?))
}

/// An answer whose body is passed on as it comes.
pub(super) fn streamed(response: Response) -> Answer {
    let (head, body) = response.into_parts();
    let metadata_prelude = MetadataPrelude {
        status_code: head.status,
        headers: head.headers,
        // Nothing here sets any.
        cookies: Vec::new(),
    };
    FunctionResponse::StreamingResponse(StreamResponse {
        metadata_prelude,
        stream: body.into_data_stream(),
    })
}

/// An answer that nobody waits for.
pub(super) fn none() -> Answer {
    FunctionResponse::BufferedResponse(RawValue::NULL.to_owned())
}
