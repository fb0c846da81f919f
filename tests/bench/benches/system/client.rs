//! The cheapest HTTP client that will do: one request at a time over one connection that stays open.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::Result;

/// Ends the head of a message.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// A request with its head, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// Posts `body`.
    pub(crate) fn post(body: &str) -> Self {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        Self([head.as_bytes(), body.as_bytes()].concat())
    }

    /// Posts `body` to `path` with more headers.
    pub(crate) fn post_to(path: &str, headers: &[(&str, String)], body: &str) -> Self {
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        Self([head.as_bytes(), b"\r\n", body.as_bytes()].concat())
    }

    /// Posts a call of `method` with `params` as JSON.
    pub(crate) fn call(method: &str, params: &str) -> Self {
        Self::post(&call(method, params))
    }

    /// Posts many calls at once.
    pub(crate) fn batch(calls: &[String]) -> Self {
        Self::post(&format!("[{}]", calls.join(",")))
    }
}

/// One call as JSON.
pub(crate) fn call(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

/// A connection to a node.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Connects to `address`, `host:port`.
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(1 << 16) })
    }

    /// Sends a request and returns the body of its answer.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<&str> {
        self.stream.write_all(&request.0).await?;
        self.read.clear();
        let head = loop {
            self.read_some().await?;
            if let Some(at) = find(&self.read, BLANK_LINE) {
                break at + BLANK_LINE.len();
            }
        };
        let length = content_length(&self.read[..head])?;
        while self.read.len() < head + length {
            self.read_some().await?;
        }
        Ok(std::str::from_utf8(&self.read[head..])?)
    }

    async fn read_some(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            _ => Ok(()),
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn content_length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?;
    let ok = head.starts_with("HTTP/1.1 200");
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    match length {
        Some((_, length)) if ok => Ok(length.trim().parse()?),
        _ => Err(format!("expected 200 with a length, got {head}").into()),
    }
}
