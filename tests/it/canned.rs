//! A server with canned answers, for what no Salesforce would say.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request, as far as answers depend on it.
pub(crate) struct Request {
    /// `GET`, `POST`, ...
    pub(crate) method: String,
    /// Path without the query.
    pub(crate) path: String,
    /// The header `Authorization`; empty without one.
    pub(crate) authorization: String,
    /// What was sent.
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    kind: &'static str,
    body: String,
}

impl Answer {
    pub(crate) fn json(body: &str) -> Self {
        Self::refused(200, body)
    }

    /// JSON with another status than success.
    pub(crate) fn refused(status: u16, body: &str) -> Self {
        Self { status, kind: "application/json", body: body.to_owned() }
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self { status, kind: "text/html", body: body.to_owned() }
    }
}

/// A running server; it ends when this is dropped.
pub(crate) struct Canned {
    /// Its address, no trailing slash.
    pub(crate) base_url: String,
    ended: Arc<AtomicBool>,
}

impl Canned {
    /// Serves one connection after the other, one request on each.
    pub(crate) fn serve(answer: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { base_url: format!("http://{}", listener.local_addr().unwrap()), ended: Arc::default() };
        let ended = Arc::clone(&server.ended);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                // A client that went away is none of the test's business.
                let _ = reply(connection, &answer);
            }
        });
        server
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.base_url.trim_start_matches("http://"));
    }
}

fn reply(connection: TcpStream, answer: impl Fn(&Request) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(&connection);
    let (mut start, mut length, mut authorization) = (String::new(), 0, String::new());
    reader.read_line(&mut start)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.to_ascii_lowercase().starts_with("authorization:") {
            line["authorization:".len()..].trim().clone_into(&mut authorization);
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    let mut words = start.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let Answer { status, kind, body } = answer(&Request { method, path, authorization, body });
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    (&connection).write_all(format!("{head}{body}").as_bytes())
}
