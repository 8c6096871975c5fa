//! A server that does what a script says, request by request, and remembers what it was asked.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Path and query.
    pub(super) target: String,
    /// Request line and headers.
    pub(super) head: String,
    /// Body.
    pub(super) body: String,
}

impl Seen {
    /// The query in the path.
    pub(super) fn soql(&self) -> String {
        let query = self.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q").map(|(_, soql)| soql.into_owned()).unwrap_or_default()
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let line = |line: &'_ str| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).is_some();
        self.head.lines().find(|text| line(text)).and_then(|text| text.split_once(": ")).map(|(_, value)| value)
    }
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Answers.
    Answer { status: u16, headers: String, body: Bytes },
    /// Says nothing, for ever.
    StallHead,
    /// Announces so many bytes and sends none of them.
    Announce(u64),
    /// Announces more than it sends, and then says nothing, for ever.
    StallBody(String),
    /// Announces more than it sends, and then closes.
    CutBody(String),
    /// Closes without an answer.
    Close,
    /// Aborts the connection without an answer.
    Reset,
}

impl Act {
    pub(super) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Answer { status, headers: "Content-Type: application/json;charset=UTF-8\r\n".into(), body: body.into() }
    }

    pub(super) fn html(status: u16) -> Self {
        Self::Answer {
            status,
            headers: "Content-Type: text/html\r\n".into(),
            body: Bytes::from_static(b"<!DOCTYPE html><html>maintenance</html>"),
        }
    }
}

/// A running server; it ends with the test's runtime.
pub(super) struct Stub {
    /// Its address, no trailing slash.
    pub(super) base_url: String,
    seen: Rc<RefCell<Vec<Seen>>>,
}

type Script = Rc<RefCell<dyn FnMut(&Seen) -> Act>>;

impl Stub {
    pub(super) async fn serve(script: impl FnMut(&Seen) -> Act + 'static) -> Self {
        Self::on_socket(script, None).await
    }

    /// The same behind TLS, with a certificate of a root that only the test knows.
    pub(super) async fn serve_tls(script: impl FnMut(&Seen) -> Act + 'static) -> Self {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("salesforce/tests/tls-cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("salesforce/tests/tls-key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        Self::on_socket(script, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn on_socket(script: impl FnMut(&Seen) -> Act + 'static, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base_url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let seen: Rc<RefCell<Vec<Seen>>> = Rc::default();
        let (all, script): (_, Script) = (Rc::clone(&seen), Rc::new(RefCell::new(script)));
        actix_rt::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (all, script, tls) = (Rc::clone(&all), Rc::clone(&script), tls.clone());
                actix_rt::spawn(async move {
                    match tls {
                        None => {
                            let mut socket = socket;
                            if let Some(Act::Reset) = connection(&mut socket, &all, &script).await {
                                socket.set_zero_linger().unwrap();
                            }
                        }
                        // A client that does not trust the certificate leaves here.
                        Some(tls) => {
                            if let Ok(mut socket) = tls.accept(socket).await {
                                connection(&mut socket, &all, &script).await;
                            }
                        }
                    }
                });
            }
        });
        Self { base_url, seen }
    }

    /// Everything it was asked but sign-ins.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().iter().filter(|seen| !seen.target.starts_with("/services/oauth2")).cloned().collect()
    }

    /// Sign-ins.
    pub(super) fn sign_ins(&self) -> Vec<Seen> {
        self.seen.borrow().iter().filter(|seen| seen.target.starts_with("/services/oauth2")).cloned().collect()
    }
}

/// Serves one connection; returns the act that ended it, if it was one.
async fn connection(socket: &mut (impl AsyncRead + AsyncWrite + Unpin), all: &RefCell<Vec<Seen>>, script: &Script) -> Option<Act> {
    let mut buffer = Vec::new();
    loop {
        let seen = request(socket, &mut buffer).await?;
        all.borrow_mut().push(seen.clone());
        let act = (script.borrow_mut())(&seen);
        match &act {
            Act::Answer { status, headers, body } => {
                let head = format!("HTTP/1.1 {status} Whatever\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
                socket.write_all(&[head.as_bytes(), body].concat()).await.ok()?;
                socket.flush().await.ok()?;
            }
            Act::StallHead => std::future::pending().await,
            Act::Announce(length) => {
                socket.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).await.ok()?;
                std::future::pending().await
            }
            Act::StallBody(part) => {
                socket.write_all(incomplete(part).as_bytes()).await.ok()?;
                std::future::pending().await
            }
            Act::CutBody(part) => {
                socket.write_all(incomplete(part).as_bytes()).await.ok()?;
                return Some(act);
            }
            Act::Close | Act::Reset => return Some(act),
        }
    }
}

fn incomplete(part: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{part}", part.len() + 10)
}

/// Reads one request; `None` when the client has left.
async fn request(socket: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer.drain(..end + 4).collect()).ok()?;
    let target = head.split(' ').nth(1)?.to_owned();
    let mut seen = Seen { target, head, body: String::new() };
    if seen.header("transfer-encoding") == Some("chunked") {
        seen.body = chunked(socket, buffer).await?;
        return Some(seen);
    }
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = String::from_utf8(buffer.drain(..length).collect()).ok()?;
    Some(seen)
}

/// Reads a body in chunks, and shows it with a `|` between them.
async fn chunked(socket: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<String> {
    let mut chunks = Vec::new();
    loop {
        let line = loop {
            if let Some(end) = buffer.windows(2).position(|window| window == b"\r\n") {
                break end;
            }
            if socket.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        };
        let size = usize::from_str_radix(std::str::from_utf8(&buffer[..line]).ok()?, 16).ok()?;
        while buffer.len() < line + 2 + size + 2 {
            if socket.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
        let chunk = String::from_utf8(buffer.drain(..line + 2 + size + 2).skip(line + 2).take(size).collect()).ok()?;
        if size == 0 {
            return Some(chunks.join("|"));
        }
        chunks.push(chunk);
    }
}
