//! Requests that no client sends, over raw sockets: each is answered or cut off, nothing is smuggled behind another, and
//! the server is still there.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use serde_json::json;

use crate::mayfly::Up;

/// Longest wait for an answer, or for the end of a connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that is answered with [`CHAIN_ID`].
const ASKED: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;

/// What else a server would find if it took the body for a request of its own.
const SMUGGLED: &str = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";

/// Chain id that the layer is opened with, as it is told.
const CHAIN_ID: &str = "\"0x1269\"";

/// What must come back, and nothing else.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// One answer with this status.
    Status(u16),
    /// No answer, or one with this status: the connection may end before it is read.
    NothingOr(u16),
}

#[test]
fn hostile_requests_are_refused_and_nothing_is_smuggled() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let up = Up::start(dir.path(), &["--chain-id", "4713", "--ends-in", "1h"]);
    let url = up.ready["rpcUrl"].as_str().expect("a URL");
    let server = url.trim_start_matches("http://");
    for (name, request, expected) in requests() {
        let got = exchange(server, &request, expected);
        let answers = got.matches("HTTP/1.1 ").count();
        let status = got.split(' ').nth(1).and_then(|status| status.parse().ok());
        match expected {
            Expected::Status(expected) => {
                assert_eq!((answers, status), (1, Some(expected)), "{name}: {got:.300}");
            }
            Expected::NothingOr(_) if got.is_empty() => {}
            Expected::NothingOr(expected) => {
                assert_eq!((answers, status), (1, Some(expected)), "{name}: {got:.300}");
            }
        }
        assert!(!got.contains("\"client\""), "{name}: what was hidden is answered: {got:.300}");
        let still = up.rpc().call("eth_chainId", &json!([]));
        assert_eq!(still.to_string(), CHAIN_ID, "after {name}");
    }
}

fn requests() -> Vec<(&'static str, Vec<u8>, Expected)> {
    use Expected::{NothingOr, Status};
    let length = ASKED.len();
    let longer = length + SMUGGLED.len();
    let post = |headers: &str, body: &str| {
        format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}\r\n{body}"
        )
        .into_bytes()
    };
    let chunked = format!("{length:x}\r\n{ASKED}\r\n0\r\n\r\n");
    let huge = format!("x-filler: {}\r\ncontent-length: {length}\r\n", "a".repeat(2 << 20));
    let many: String = (0..500).map(|number| format!("x-{number}: a\r\n")).collect();
    let deep = "[".repeat(100_000);
    // The others end the connection by what they are.
    let is_length = |of: &str| format!("connection: close\r\ncontent-length: {}\r\n", of.len());
    // RFC 9112, 6.3: lengths that differ are no request. With both headers chunks count, and the connection must be
    // closed: what comes behind is nobody's.
    vec![
        ("what is plain", post(&is_length(ASKED), ASKED), Status(200)),
        (
            "two lengths that differ",
            post(
                &format!("content-length: {length}\r\ncontent-length: {longer}\r\n"),
                &format!("{ASKED}{SMUGGLED}"),
            ),
            Status(400),
        ),
        (
            "a list of lengths that differ",
            post(&format!("content-length: {length}, {longer}\r\n"), &format!("{ASKED}{SMUGGLED}")),
            Status(400),
        ),
        ("a negative length", post("content-length: -1\r\n", ASKED), Status(400)),
        (
            "a length with a sign",
            post(&format!("content-length: +{length}\r\n"), ASKED),
            Status(400),
        ),
        (
            "a length beyond numbers",
            post("content-length: 99999999999999999999\r\n", ASKED),
            Status(400),
        ),
        (
            "chunks whose length is said to be shorter",
            post("transfer-encoding: chunked\r\ncontent-length: 3\r\n", &chunked),
            Status(200),
        ),
        (
            "a length, and then chunks",
            post(
                &format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", longer),
                &format!("0\r\n\r\n{SMUGGLED}"),
            ),
            Status(200),
        ),
        (
            "an encoding that nobody knows",
            post("transfer-encoding: xchunked\r\n", &chunked),
            NothingOr(400),
        ),
        (
            "an encoding that hides behind a blank",
            post("transfer-encoding : chunked\r\n", &chunked),
            Status(400),
        ),
        (
            "a chunk whose length is no number",
            post("transfer-encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n"),
            NothingOr(400),
        ),
        ("a header of two megabytes", post(&huge, ASKED), NothingOr(431)),
        (
            "five hundred headers",
            post(&format!("{many}content-length: {length}\r\n"), ASKED),
            NothingOr(431),
        ),
        ("a header with a NUL", post("x-a: \0\r\ncontent-length: 0\r\n", ""), Status(400)),
        (
            "a body that is too large",
            post("content-length: 6000000\r\n", &"[".repeat(6_000_000)),
            NothingOr(413),
        ),
        (
            "chunks that are too large together",
            post(
                "transfer-encoding: chunked\r\n",
                &format!("{:x}\r\n{}\r\n0\r\n\r\n", 6_000_000, "[".repeat(6_000_000)),
            ),
            NothingOr(413),
        ),
        ("JSON a hundred thousand deep", post(&is_length(&deep), &deep), Status(200)),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), NothingOr(400)),
        ("a body that ends early", post("content-length: 1000\r\n", ASKED), NothingOr(400)),
    ]
}

/// Sends bytes, says that no more come where no answer may be wanted, and returns all that comes back until the server
/// closes.
fn exchange(server: &str, request: &[u8], expected: Expected) -> String {
    let mut stream = TcpStream::connect(server).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
    // A server that refuses does not read to the end.
    let _ = stream.write_all(request);
    if let Expected::NothingOr(_) = expected {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    // It may cut the connection.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Bodies that never come to an end take no place for ever, and do not hinder anybody.
#[test]
fn slow_bodies_hinder_nobody() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let up = Up::start(dir.path(), &["--chain-id", "4713", "--ends-in", "1h"]);
    let url = up.ready["rpcUrl"].as_str().expect("a URL");
    let server = url.trim_start_matches("http://");
    let begun: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(server).expect("it listens");
            stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
            let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{";
            stream.write_all(head.as_bytes()).expect("it reads");
            stream
        })
        .collect();
    assert_eq!(up.rpc().call("eth_chainId", &json!([])).to_string(), CHAIN_ID);
    for mut stream in begun {
        let mut answer = [0; 1_024];
        let count = stream.read(&mut answer).expect("it is given up in time");
        let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
        assert!(answer.is_empty() || answer.contains("request timed out"), "{answer}");
    }
}
