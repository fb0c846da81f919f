//! A client of HTTP that shows everything.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.head.to_ascii_lowercase().lines().any(|line| line == header)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

pub(crate) async fn exchange(server: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head =
        format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    let (head, body) = (head.into_bytes(), body.to_vec());
    spawn_blocking(move || talk(server, &head, &body)).await.expect("the exchange ends")
}

fn talk(server: SocketAddr, head: &[u8], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(server).expect("the server listens");
    stream.write_all(head).expect("the server reads");
    // A server that refuses a body may not read it to its end.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    // A compressed body is no text; nobody looks into it.
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) async fn post(server: SocketAddr, body: &str) -> Answer {
    let head = "POST / HTTP/1.1\r\ncontent-type: application/json";
    exchange(server, head, body.as_bytes()).await
}

pub(crate) fn request(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}
