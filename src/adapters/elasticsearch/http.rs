//! Requests over awc: sign-in, time limits at every step, other nodes when one fails, tries with growing waits.

use std::cell::Cell;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use awc::http::{Method, header};
use awc::{Client, Connector};
use base64::Engine as _;
use bytes::Bytes;
use domain::{CF_INVALID, ES_EXISTS, ES_MISSING, ES_UNREADABLE, Fault};
use flate2::{Compression, write::GzEncoder};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::config::{ElasticAuth, ElasticConfig, Retries, Timeouts};
use super::wire;
use crate::retry::Tries;
use crate::tls;

/// Largest answer that is taken into memory.
const LARGEST_BODY: usize = 64 << 20;

const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

/// A client of one cluster.
pub(crate) struct Http {
    client: Client,
    hosts: Vec<String>,
    /// The node that is asked first.
    current: Cell<usize>,
    timeouts: Timeouts,
    retries: Retries,
    gzip: bool,
}

/// What is asked, for any node.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    kind: &'static str,
    body: Bytes,
    zipped: bool,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), kind: JSON, body: Bytes::new(), zipped: false }
    }

    /// An order that has no body; the server refuses an empty one as well.
    pub(crate) fn order(path: impl Into<String>) -> Self {
        Self { method: Method::POST, ..Self::get(path) }
    }

    /// The same to put something without a body.
    pub(crate) fn put_empty(path: impl Into<String>) -> Self {
        Self { method: Method::PUT, ..Self::get(path) }
    }

    pub(crate) fn post(path: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { method: Method::POST, body: body.to_string().into(), ..Self::get(path) }
    }

    pub(super) fn delete(path: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { method: Method::DELETE, ..Self::post(path, body) }
    }

    pub(crate) fn put(path: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { method: Method::PUT, ..Self::post(path, body) }
    }
}

impl Http {
    pub(crate) fn new(config: &ElasticConfig) -> Result<Self, Fault> {
        let hosts = config.checked()?;
        let connector = Connector::new()
            .rustls_0_23(Arc::new(tls::client(config.ca_file.as_deref(), config.verify)?))
            .timeout(config.timeouts.connect)
            .handshake_timeout(config.timeouts.connect)
            // The gate is the limit. The pool's own would let requests wait inside their time limits.
            .limit(0)
            .conn_lifetime(Duration::from_secs(300));
        let mut builder = Client::builder().connector(connector).timeout(config.timeouts.head).disable_redirects();
        builder = builder.add_default_header((header::USER_AGENT, concat!("sluice/", env!("CARGO_PKG_VERSION"))));
        let authorization = match &config.auth {
            ElasticAuth::None => None,
            ElasticAuth::ApiKey(key) => Some(format!("ApiKey {}", key.reveal())),
            ElasticAuth::Basic { user, password } => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", password.reveal()));
                Some(format!("Basic {pair}"))
            }
        };
        let own = config.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned()));
        for (name, value) in own.chain(authorization.map(|value| (header::AUTHORIZATION.to_string(), value))) {
            let unusable = || Fault::new(&CF_INVALID, format!("the value of the header `{name}` cannot be sent"));
            let key = header::HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
            let value = header::HeaderValue::from_str(&value).map_err(|_| unusable())?;
            builder = builder.add_default_header((key, value));
        }
        let (timeouts, retries, gzip) = (config.timeouts, config.retries, config.gzip);
        Ok(Self { client: builder.finish(), hosts, current: Cell::new(0), timeouts, retries, gzip })
    }

    /// A bulk request, compressed if so configured.
    pub(super) fn bulk(&self, path: impl Into<String>, lines: Vec<u8>) -> Result<Call, Fault> {
        let call = Call { method: Method::POST, kind: NDJSON, ..Call::get(path) };
        if !self.gzip {
            return Ok(Call { body: lines.into(), ..call });
        }
        let unzippable = |error: std::io::Error| Fault::new(&ES_UNREADABLE, format!("the batch cannot be compressed: {error}"));
        // Level 1: the network inside a data centre is faster than the better levels.
        let mut zip = GzEncoder::new(Vec::with_capacity(lines.len() / 4), Compression::fast());
        zip.write_all(&lines).map_err(unzippable)?;
        Ok(Call { body: zip.finish().map_err(unzippable)?.into(), zipped: true, ..call })
    }

    /// Asks until there is an answer or no try is left, and reads it.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, Fault> {
        let body = self.ask(call).await?;
        serde_json::from_slice(&body).map_err(|error| wire::unreadable(&error))
    }

    /// Asks until there is a successful answer or no try is left.
    pub(crate) async fn ask(&self, call: Call) -> Result<Bytes, Fault> {
        let mut tries = self.tries();
        loop {
            match self.once(&call).await {
                Err(fault) if tries.another(&fault).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Whether there is what a path names.
    pub(crate) async fn exists(&self, path: impl Into<String>) -> Result<bool, Fault> {
        match self.ask(Call { method: Method::HEAD, ..Call::get(path) }).await {
            Err(fault) if wire::is_missing(&fault) => Ok(false),
            outcome => outcome.map(|_| true),
        }
    }

    /// Makes something by a request; what somebody else made meanwhile is as good.
    pub(crate) async fn create(&self, call: Call) -> Result<(), Fault> {
        match self.ask(call).await {
            Err(fault) if fault.code == &ES_EXISTS => Ok(()),
            outcome => outcome.map(|_| ()),
        }
    }

    /// The tries of one request.
    pub(super) fn tries(&self) -> Tries {
        Tries::new(self.retries, "index", wire::is_worth_another_try)
    }

    /// The tries of items that may pass, whatever the reason.
    pub(super) fn tries_of_items(&self) -> Tries {
        Tries::new(self.retries, "index", |_| true)
    }

    /// Asks one node once: whatever comes of it, nothing is done twice.
    pub(crate) async fn single(&self, call: &Call) -> Result<Bytes, Fault> {
        match self.send(self.current.get(), call).await? {
            (200..=299, body) => Ok(body),
            (status, body) => Err(wire::refusal(status, &body)),
        }
    }

    /// Asks each node at most once, beginning with the one that answered last.
    pub(super) async fn once(&self, call: &Call) -> Result<Bytes, Fault> {
        let first = self.current.get();
        let mut asked = 0;
        loop {
            let node = (first + asked) % self.hosts.len();
            let fault = match self.send(node, call).await {
                Ok((200..=299, body)) => {
                    self.current.set(node);
                    return Ok(body);
                }
                // The answer to it has no body that could tell a missing index from a missing server.
                Ok((404, _)) if call.method == Method::HEAD => Fault::new(&ES_MISSING, "the index server answered 404"),
                Ok((status, body)) => wire::refusal(status, &body),
                Err(fault) => fault,
            };
            asked += 1;
            if asked == self.hosts.len() || !wire::is_about_the_node(fault.code) {
                return Err(fault);
            }
            tracing::warn!(host = self.hosts[node], reason = fault.message, "a node cannot be used; the next one is asked");
        }
    }

    async fn send(&self, node: usize, call: &Call) -> Result<(u16, Bytes), Fault> {
        let work = self.exchange(&self.hosts[node], call);
        match self.timeouts.total {
            None => work.await,
            Some(total) => timeout(total, work).await.unwrap_or_else(|_| Err(wire::endless(total))),
        }
    }

    async fn exchange(&self, host: &str, call: &Call) -> Result<(u16, Bytes), Fault> {
        let mut request = self.client.request(call.method.clone(), format!("{host}{}", call.path));
        request = request.insert_header((header::ACCEPT, JSON));
        if call.zipped {
            request = request.insert_header((header::CONTENT_ENCODING, "gzip"));
        }
        let sent = if call.body.is_empty() {
            request.send()
        } else {
            request.insert_header((header::CONTENT_TYPE, call.kind)).send_body(call.body.clone())
        };
        let mut response = sent.await.map_err(|error| wire::unanswered(&error, self.timeouts.head))?;
        let status = response.status().as_u16();
        let mut whole = Vec::new();
        let idle = self.timeouts.body_idle;
        loop {
            let chunk = match timeout(idle, response.next()).await {
                Err(_) => return Err(wire::stalled(idle, whole.len())),
                Ok(Some(Err(error))) => return Err(wire::broken(&error, whole.len())),
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => return Ok((status, whole.into())),
            };
            if whole.len() + chunk.len() > LARGEST_BODY {
                return Err(Fault::new(&ES_UNREADABLE, format!("the answer has more than {LARGEST_BODY} bytes")));
            }
            whole.extend_from_slice(&chunk);
        }
    }
}

/// `text` as one segment of a path, or as a value of a query.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
