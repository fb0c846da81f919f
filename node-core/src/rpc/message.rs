//! Messages of JSON-RPC 2.0.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{RpcError, error::ErrorObject};

/// What came in: one request, or several at once. Nobody looked into the requests yet.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Single(&'a RawValue),
    Batch(Vec<&'a RawValue>),
}

impl<'a> Body<'a> {
    /// Reads the body of a request.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, RpcError> {
        let is_batch = body.trim_ascii_start().first() == Some(&b'[');
        let parsed = if is_batch {
            serde_json::from_slice(body).map(Self::Batch)
        } else {
            serde_json::from_slice(body).map(Self::Single)
        };
        parsed.map_err(|error| RpcError::Parse { reason: error.to_string() })
    }
}

/// Counts the requests of a body; what is no JSON is one that is wrong.
pub(super) fn count(body: &[u8]) -> usize {
    match Body::parse(body) {
        Ok(Body::Batch(requests)) => requests.len().max(1),
        Ok(Body::Single(_)) | Err(_) => 1,
    }
}

/// One request.
#[derive(Debug, Deserialize)]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    /// `None` when the member is not there: then it is a notification, and nobody waits for an answer.
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) method: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) params: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Reads a request.
    pub(super) fn parse(raw: &'a RawValue) -> Result<Self, RpcError> {
        let request: Self = serde_json::from_str(raw.get())
            .map_err(|error| RpcError::Request { reason: error.to_string() })?;
        if request.jsonrpc != "2.0" {
            let reason = format!("jsonrpc: expected \"2.0\", got \"{}\"", request.jsonrpc);
            return Err(RpcError::Request { reason });
        }
        if request.id.is_some_and(|id| !is_id(id)) {
            let reason = "id: expected a string, a number or null".to_owned();
            return Err(RpcError::Request { reason });
        }
        Ok(request)
    }
}

/// An id of null is an id.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Whether it can be given back: grammar allows numbers that are too large for anybody, and halves of characters.
fn is_id(raw: &RawValue) -> bool {
    let is_plain = !raw.get().starts_with(['{', '[', 't', 'f']);
    is_plain && serde_json::from_str::<serde_json::Value>(raw.get()).is_ok()
}

/// One answer.
#[derive(Debug, Serialize)]
pub(super) struct Response<'a> {
    jsonrpc: &'static str,
    /// Null when the request's id could not be read.
    id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
}

impl<'a> Response<'a> {
    /// Answers the request with `id`.
    pub(super) fn new(id: Option<&'a RawValue>, answer: Result<Box<RawValue>, RpcError>) -> Self {
        let (result, error) = match answer {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error.object())),
        };
        Self { jsonrpc: "2.0", id, result, error }
    }

    /// Answers a request whose id could not be read.
    pub(super) fn failure(error: &RpcError) -> Self {
        Self { jsonrpc: "2.0", id: None, result: None, error: Some(error.object()) }
    }

    /// Returns the body of the answer.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, a code and JSON that was made before")
    }
}
