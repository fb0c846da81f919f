//! What a function answers: whole, or as it comes.
//!
//! AWS: Lambda Developer Guide, "Runtime API", "Response streaming".

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc::{Receiver, channel};

use super::{Failed, Shared};

/// Most bytes of an answer that is sent whole: 6 MB. AWS: Lambda quotas, "Invocation payload".
pub(super) const MAX_WHOLE_BYTES: usize = 6_291_556;

/// What is between the head of an answer and its body.
const SEPARATOR: [u8; 8] = [0; 8];

/// Chunks that wait for a client that reads slowly.
const WAITING: usize = 4;

/// An answer.
#[derive(Debug)]
pub(super) enum Reply {
    /// JSON that the caller reads.
    Whole(Vec<u8>),
    /// A head, and a body that is passed on as it comes.
    Streamed { head: Head, first: Bytes, rest: Receiver<Bytes> },
}

/// Status and headers of an answer over HTTP.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
}

impl Head {
    /// The response to a client.
    pub(super) fn response(&self, body: Body) -> Response {
        let mut response = Response::builder().status(self.status_code);
        for (name, value) in &self.headers {
            response = response.header(name, value.as_str().unwrap_or_default());
        }
        response
            .body(body)
            .unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
    }
}

impl Reply {
    /// What a caller gets who takes whole answers only.
    pub(super) fn whole(self) -> Result<Vec<u8>, Failed> {
        match self {
            Self::Whole(answer) => Ok(answer),
            Self::Streamed { .. } => Err(Failed::Streamed),
        }
    }

    /// What a function URL makes of it.
    pub(super) fn response(self) -> Response {
        match self {
            Self::Whole(answer) => super::front::response(&answer),
            Self::Streamed { head, first, rest } => {
                let rest = stream::unfold(rest, async |mut rest| Some((rest.recv().await?, rest)));
                let body = stream::once(async { first }).chain(rest);
                head.response(Body::from_stream(body.map(Ok::<_, std::convert::Infallible>)))
            }
        }
    }
}

/// Takes the answer of a function and hands it to whoever waits.
pub(super) async fn take(shared: &Shared, id: &str, headers: &HeaderMap, body: Body) -> StatusCode {
    let mode = headers.get("lambda-runtime-function-response-mode");
    if mode.is_some_and(|mode| mode == "streaming") {
        return pass_on(shared, id, body).await;
    }
    match to_bytes(body, MAX_WHOLE_BYTES).await {
        Ok(answer) => {
            shared.tell(id, Ok(Reply::Whole(answer.to_vec())));
            StatusCode::ACCEPTED
        }
        Err(_) => {
            shared.tell(id, Err(Failed::TooLarge));
            StatusCode::PAYLOAD_TOO_LARGE
        }
    }
}

async fn pass_on(shared: &Shared, id: &str, body: Body) -> StatusCode {
    let mut chunks = body.into_data_stream();
    let mut read = Vec::new();
    let end = loop {
        let Some(Ok(chunk)) = chunks.next().await else {
            shared.tell(id, Err(Failed::Said("a streamed answer without a head".to_owned())));
            return StatusCode::BAD_REQUEST;
        };
        read.extend_from_slice(&chunk);
        if let Some(end) = read.windows(SEPARATOR.len()).position(|part| part == SEPARATOR) {
            break end;
        }
    };
    let Ok(head) = serde_json::from_slice(&read[..end]) else {
        shared.tell(id, Err(Failed::Said("the head of an answer is no JSON".to_owned())));
        return StatusCode::BAD_REQUEST;
    };
    let first = Bytes::copy_from_slice(&read[end + SEPARATOR.len()..]);
    let (pass, rest) = channel(WAITING);
    shared.tell(id, Ok(Reply::Streamed { head, first, rest }));
    while let Some(Ok(chunk)) = chunks.next().await {
        // A client that left reads no more.
        if pass.send(chunk).await.is_err() {
            break;
        }
    }
    StatusCode::ACCEPTED
}
