//! The simulated org as clients meet it, over real sockets.

mod faulty;
mod rest;
mod runner;
mod search;
mod signin;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::*;
use crate::generate;

/// One small org for all tests; an org never changes.
static ORG: LazyLock<Arc<Org>> = LazyLock::new(|| Arc::new(generate(7, 0)));

fn options() -> Options {
    Options::new(Arc::clone(&ORG))
}

fn running(options: Options) -> Running {
    spawn(options).unwrap()
}

/// A response as it came over the wire.
#[derive(Debug)]
struct Raw {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// How reading ended, when not in good order.
    error: Option<std::io::ErrorKind>,
}

impl Raw {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|err| panic!("{err}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)));
        line.map(|(_, value)| value.trim())
    }

    /// `errorCode` and `message` of the first error.
    fn error(&self) -> (String, String) {
        let body = self.json();
        let text = |name: &str| body[0][name].as_str().unwrap_or_default().to_owned();
        (text("errorCode"), text("message"))
    }
}

fn connect(org: &Running) -> TcpStream {
    TcpStream::connect(org.base_url.trim_start_matches("http://")).unwrap()
}

fn split(bytes: &[u8], error: Option<std::io::ErrorKind>) -> Raw {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let head = String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Raw { status, body: end.map(|end| bytes[end + 4..].to_vec()).unwrap_or_default(), head, error }
}

/// Sends a request and reads until the server closes the connection.
fn exchange(org: &Running, request: &str) -> Raw {
    let mut socket = connect(org);
    socket.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let error = socket.read_to_end(&mut bytes).err().map(|err| err.kind());
    split(&bytes, error)
}

/// A request with these header lines, each ending with a line end.
fn send(org: &Running, method: &str, target: &str, headers: &str) -> Raw {
    exchange(org, &format!("{method} {target} HTTP/1.1\r\nHost: org\r\nConnection: close\r\n{headers}\r\n"))
}

fn post(org: &Running, target: &str, headers: &str, body: &str) -> Raw {
    let length = body.len();
    exchange(org, &format!("POST {target} HTTP/1.1\r\nHost: org\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"))
}

const SIGN_IN: &str = "grant_type=client_credentials&client_id=sluice-demo&client_secret=sluice-demo-secret";

/// Signs in; gives the header line.
fn bearer(org: &Running) -> String {
    let reply = post(org, "/services/oauth2/token", "", SIGN_IN).json();
    format!("Authorization: Bearer {}\r\n", reply["access_token"].as_str().unwrap())
}

fn get(org: &Running, bearer: &str, target: &str) -> Raw {
    send(org, "GET", target, bearer)
}

/// The target of a query, percent-encoded.
fn soql(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("/services/data/v64.0/query?q={encoded}")
}
