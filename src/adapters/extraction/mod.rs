//! Elastic's text extraction service over HTTP: a file goes in, its text comes back.
//!
//! The file is sent as it arrives, or put where the service can read it and named to it. See docs/files.md.

pub mod builtin;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use awc::error::{ConnectError, SendRequestError};
use awc::http::header;
use awc::{Client, ClientRequest, Connector};
use bytes::Bytes;
use domain::{CF_INVALID, Fault, TX_FAILED, TX_SLOW, TX_UNREACHABLE};
use futures::stream::{self, LocalBoxStream, StreamExt as _};
use ports::TextExtractor;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::tls;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The reference's patience with a service that is asked whether it is there.
const PING: Duration = Duration::from_secs(5);
/// Largest answer that is taken: more text than any index takes in one document.
const LARGEST_ANSWER: usize = 32 << 20;
/// Characters of the service's own words that are told.
const LONGEST_REASON: usize = 200;

/// Where the service is and how files reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractionConfig {
    /// Address, no trailing slash.
    pub host: String,
    /// Longest time for one file, from its first byte to the end of its text.
    pub timeout: Duration,
    /// Bytes sent at a time.
    pub chunk: usize,
    /// A directory that the service sees too; `None` sends files over the wire.
    pub shared: Option<PathBuf>,
}

/// A client of the service, for one thread.
pub struct ExtractionService {
    client: Client,
    config: ExtractionConfig,
    files: RefCell<u64>,
}

/// Where the content of a file is.
#[derive(Clone, Copy)]
enum Arrival {
    /// The next piece is awaited.
    Awaited,
    /// The last piece, or the end, came then.
    Came(Instant),
}

/// An answer, whatever its status.
#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    extracted_text: Option<String>,
    #[serde(default)]
    error: serde_json::Value,
    #[serde(default)]
    message: serde_json::Value,
}

impl ExtractionService {
    /// Makes a client; sends nothing.
    ///
    /// # Errors
    /// `CF_INVALID`: the address is none.
    pub fn new(config: ExtractionConfig) -> Result<Self, Fault> {
        let is_address = Url::parse(&config.host).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_address {
            return Err(Fault::new(&CF_INVALID, "`extraction_service.host` must be an address such as `http://localhost:8090`"));
        }
        let connector =
            Connector::new().rustls_0_23(Arc::new(tls::client(None, true)?)).timeout(CONNECT).handshake_timeout(CONNECT).limit(0);
        // Time is limited around each file.
        let client = Client::builder().connector(connector).disable_timeout().disable_redirects().finish();
        Ok(Self { client, config, files: RefCell::default() })
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// `TX_UNREACHABLE`: it does not, or not well.
    pub async fn ping(&self) -> Result<(), Fault> {
        let url = format!("{}/ping/", self.config.host);
        match timeout(PING, self.client.get(&url).send()).await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(unreachable(format!("{url} answered {}", answer.status().as_u16()))),
            Ok(Err(error)) => Err(unreachable(format!("{url}: {error}"))),
            Err(_) => Err(unreachable(format!("{url} did not answer within {PING:?}"))),
        }
    }

    fn request(&self, url: &str) -> ClientRequest {
        // A connection that the service closes while it is idle would take a file with it, which cannot be sent twice.
        self.client.put(url).force_close().insert_header((header::ACCEPT, "application/json"))
    }

    /// Sends the content as it arrives. The limit of time is the service's alone: while a piece of the file is awaited it does not run, and
    /// each piece begins it anew, so that a large file is no slow one.
    async fn send(&self, content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<String, Fault> {
        let chunk = self.config.chunk.max(1);
        // The client only says that the body ended; what ended it is kept here.
        let (broken, arrival) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(Arrival::Awaited)));
        let (kept, seen) = (Rc::clone(&broken), Rc::clone(&arrival));
        let mut content = content;
        let arriving = stream::poll_fn(move |context| {
            seen.set(Arrival::Awaited);
            let piece = std::task::ready!(content.poll_next_unpin(context));
            seen.set(Arrival::Came(Instant::now()));
            if let Some(Err(fault)) = &piece {
                *kept.borrow_mut() = Some(fault.clone());
            }
            std::task::Poll::Ready(piece)
        });
        let body = arriving.flat_map(move |piece| stream::iter(cut(piece, chunk)));
        let request = self.request(&format!("{}/extract_text/", self.config.host));
        let request = request.insert_header((header::CONTENT_TYPE, "application/octet-stream"));
        let work = async {
            let outcome = request.send_stream(body).await;
            if let Some(fault) = broken.borrow_mut().take() {
                return Err(fault);
            }
            self.answer(outcome).await
        };
        let mut work = std::pin::pin!(work);
        loop {
            let since = match arrival.get() {
                Arrival::Awaited => Instant::now(),
                Arrival::Came(at) => at,
            };
            match timeout_at(since + self.config.timeout, &mut work).await {
                Ok(outcome) => return outcome,
                Err(_) => match arrival.get() {
                    Arrival::Came(at) if at.elapsed() >= self.config.timeout => return Err(self.slow()),
                    Arrival::Awaited | Arrival::Came(_) => {}
                },
            }
        }
    }

    /// Puts the content where the service can read it, and takes it away again.
    async fn point(&self, shared: &Path, extension: &str, content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<String, Fault> {
        let path = shared.join(self.name(extension));
        let _gone = Gone(path.clone());
        write(&path, content).await?;
        let mut url = Url::parse(&format!("{}/extract_text/", self.config.host)).map_err(|error| unreachable(error.to_string()))?;
        url.set_query(Some(&format!("local_file_path={}", escaped(&path.to_string_lossy()))));
        let work = async { self.answer(self.request(url.as_str()).send().await).await };
        timeout(self.config.timeout, work).await.unwrap_or_else(|_| Err(self.slow()))
    }

    /// A name that no other file in the directory has, whoever else uses it.
    fn name(&self, extension: &str) -> String {
        let mut files = self.files.borrow_mut();
        *files += 1;
        let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("sluice-{}-{:016x}-{files}.{extension}", std::process::id(), fastrand::u64(..))
    }

    async fn answer<B>(&self, outcome: Result<awc::ClientResponse<B>, SendRequestError>) -> Result<String, Fault>
    where
        B: stream::Stream<Item = Result<Bytes, awc::error::PayloadError>> + Unpin + 'static,
    {
        let host = &self.config.host;
        let mut response = match outcome {
            Ok(response) => response,
            // It was connected, took the file and went away: because of that file, if it is still there.
            Err(SendRequestError::Connect(ConnectError::Disconnected)) => return Err(self.broken("no answer").await),
            Err(error @ (SendRequestError::Connect(_) | SendRequestError::Url(_))) => return Err(unreachable(format!("{host}: {error}"))),
            Err(SendRequestError::Timeout) => return Err(self.slow()),
            Err(error) => return Err(self.broken(&error.to_string()).await),
        };
        let status = response.status().as_u16();
        // Of none of these the file is the reason.
        if matches!(status, 300..=399 | 401 | 403 | 404 | 405 | 429 | 502 | 503 | 504) {
            return Err(unreachable(format!("{host} answered {status}")));
        }
        let body = response.body().limit(LARGEST_ANSWER).await;
        let body = body.map_err(|error| Fault::new(&TX_FAILED, format!("the answer could not be read: {error}")))?;
        let answer: Answer = match serde_json::from_slice(&body) {
            Ok(answer) => answer,
            Err(_) if status != 200 => Answer::default(),
            Err(error) => return Err(Fault::new(&TX_FAILED, format!("the answer is no JSON: {error}"))),
        };
        if status == 200 && !is_truthy(&answer.error) {
            return Ok(answer.extracted_text.unwrap_or_default());
        }
        let words = [&answer.error, &answer.message].map(|words| words.as_str().map_or_else(|| words.to_string(), str::to_owned));
        let words: String = words.join(": ").chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
        Err(Fault::new(&TX_FAILED, format!("the service answered {status}: {words}")))
    }

    async fn broken(&self, how: &str) -> Fault {
        match self.ping().await {
            Ok(()) => Fault::new(&TX_FAILED, format!("the service broke the connection off: {how}")),
            Err(fault) => fault,
        }
    }

    fn slow(&self) -> Fault {
        Fault::new(&TX_SLOW, format!("the service had no text within {:?}", self.config.timeout))
    }
}

impl std::fmt::Debug for ExtractionService {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ExtractionService").field("config", &self.config).finish_non_exhaustive()
    }
}

#[async_trait(?Send)]
impl TextExtractor for ExtractionService {
    async fn text(&self, extension: &str, content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<String, Fault> {
        match &self.config.shared {
            Some(shared) => self.point(shared, extension, content).await,
            None => self.send(content).await,
        }
    }

    fn name(&self) -> &str {
        "service"
    }

    fn holds_whole(&self) -> bool {
        false
    }
}

/// A file that is removed when nobody needs it any more, whatever became of the request.
struct Gone(PathBuf);
impl Drop for Gone {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "a file in the shared directory cannot be removed");
        }
    }
}

async fn write(path: &Path, mut content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<(), Fault> {
    let failed = |error: std::io::Error| unreachable(format!("`extraction_service.shared_volume_dir`: {}: {error}", path.display()));
    let mut file = tokio::fs::File::create_new(path).await.map_err(failed)?;
    while let Some(chunk) = content.next().await {
        file.write_all(&chunk?).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)
}

/// A piece of content in chunks.
fn cut(piece: Result<Bytes, Fault>, chunk: usize) -> Vec<Result<Bytes, Fault>> {
    match piece {
        Ok(mut piece) => {
            let mut cut = Vec::with_capacity(piece.len().div_ceil(chunk));
            while !piece.is_empty() {
                cut.push(Ok(piece.split_to(chunk.min(piece.len()))));
            }
            cut
        }
        Err(fault) => vec![Err(fault)],
    }
}

/// A path as part of a query. The reference sends it unescaped, and what is escaped here reads the same.
fn escaped(path: &str) -> String {
    let form: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    form.replace("%2F", "/").replace('+', "%20")
}

/// As Python counts it, which is what the reference asks.
fn is_truthy(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::Bool(flag) => *flag,
        serde_json::Value::Number(number) => number.as_f64() != Some(0.0),
        serde_json::Value::String(text) => !text.is_empty(),
        serde_json::Value::Array(items) => !items.is_empty(),
        serde_json::Value::Object(entries) => !entries.is_empty(),
    }
}

fn unreachable(message: impl Into<String>) -> Fault {
    Fault::new(&TX_UNREACHABLE, message)
}

#[cfg(test)]
mod tests;
