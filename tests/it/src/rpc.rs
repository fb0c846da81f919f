use std::io;

use serde_json::{Value, json};

use crate::http;

/// JSON-RPC over plain HTTP, one connection per call: enough to set a scene, whatever the story's own client is.
#[derive(Debug, Clone)]
pub struct Rpc {
    /// Host and port.
    address: String,
}

impl Rpc {
    /// Talks to the server at `address`, `host:port`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Calls `method` and returns its result.
    ///
    /// # Panics
    /// When the server does not answer or answers with an error.
    pub fn call(&self, method: &str, params: &Value) -> Value {
        let mut answer = self
            .try_call(method, params)
            .unwrap_or_else(|error| panic!("{method} at {}: {error}", self.address));
        assert!(answer.get("error").is_none(), "{method} with {params}: {answer}");
        answer["result"].take()
    }

    /// Calls `method` and returns the whole answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_call(&self, method: &str, params: &Value) -> io::Result<Value> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let body = http::post(&self.address, "/", &[], &request.to_string())?.body;
        serde_json::from_str(&body).map_err(|error| io::Error::other(format!("{error}: {body}")))
    }
}
