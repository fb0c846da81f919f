use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);

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
        let answer = self.post(&request.to_string())?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        let body = body.ok_or_else(|| io::Error::other(format!("not HTTP: {answer}")))?;
        serde_json::from_str(body).map_err(|error| io::Error::other(format!("{error}: {body}")))
    }

    /// HTTP/1.0, so that the answer ends with the connection and comes in one piece.
    fn post(&self, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let (address, length) = (&self.address, body.len());
        write!(
            stream,
            "POST / HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
