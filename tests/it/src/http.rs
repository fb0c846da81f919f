//! Requests without a client: enough to set a scene.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its body.
    pub body: String,
}

/// Posts `body` as JSON over HTTP/1.0, so that the answer ends with the connection and comes in one piece.
///
/// # Errors
/// When nobody answers, or not in HTTP.
pub fn post(address: &str, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
    request("POST", address, path, headers, body)
}

/// As [`post`], with GET and without a body.
///
/// # Errors
/// As [`post`].
pub fn get(address: &str, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
    request("GET", address, path, headers, "")
}

fn request(
    method: &str,
    address: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let length = body.len();
    let mut head =
        format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n");
    let json = ("Content-Type", "application/json");
    let given = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(json.0));
    for (name, value) in headers.iter().copied().chain((!given).then_some(json)) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    write!(stream, "{head}\r\n{body}")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let odd = || io::Error::other(format!("not HTTP: {text}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(odd)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(odd)?;
    Ok(Answer { status, body: body.to_owned() })
}
