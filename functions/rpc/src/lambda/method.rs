use std::{collections::BTreeSet, sync::LazyLock};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
};
use node_core::rpc::OPENRPC;
use serde::Deserialize;

use crate::MAX_BODY_BYTES;

/// All methods. What strangers make up is no dimension of a metric: each is paid for.
static METHODS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let document: Document<'_> = serde_json::from_str(OPENRPC).expect("a test reads the document");
    document.methods.into_iter().map(|method| method.name).collect()
});

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    methods: Vec<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Deserialize)]
struct Asked<'a> {
    method: &'a str,
}

/// Reads which method is asked for, and makes the request again: `batch` of many, `none` of what is no JSON-RPC, as a
/// life sign, `unknown` of what there is not.
pub(super) async fn of(request: Request) -> Result<(&'static str, Request), StatusCode> {
    let (parts, body) = request.into_parts();
    // One more, so that a body that is too large is still so for the layer, which says it.
    let body = to_bytes(body, MAX_BODY_BYTES + 1).await;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok((name(&body), Request::from_parts(parts, Body::from(body))))
}

pub(super) fn name(body: &[u8]) -> &'static str {
    if body.trim_ascii_start().first() == Some(&b'[') {
        return "batch";
    }
    match serde_json::from_slice::<Asked<'_>>(body) {
        Ok(asked) => METHODS.get(asked.method).copied().unwrap_or("unknown"),
        Err(_) => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_by_name_and_nothing_else_is_a_name() {
        for (body, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{}]}"#, "eth_call"),
            (r#" [{"method":"eth_call"}]"#, "batch"),
            (r#"{"method":"rm -rf"}"#, "unknown"),
            ("", "none"),
            (r#"{"method":7}"#, "none"),
        ] {
            assert_eq!(name(body.as_bytes()), expected, "{body}");
        }
    }
}
