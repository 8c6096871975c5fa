//! Single requests over awc: TLS, time limits at every step, and bodies in one piece.

use std::sync::Arc;
use std::time::Duration;

use awc::error::PayloadError;
use awc::http::header;
use awc::{Client, ClientRequest, Connector};
use bytes::Bytes;
use domain::Fault;
use futures::stream::{self, LocalBoxStream, StreamExt};
use ports::{Secret, Token};
use tokio::time::timeout;

use super::config::{Base, SalesforceConfig, Timeouts};
use super::wire;
use crate::tls;

/// Largest answer that is taken into memory; files are streamed.
const LARGEST_BODY: usize = 64 << 20;

/// An error answer is read up to here; more of it says nothing more.
const LARGEST_REFUSAL: usize = 64 << 10;

/// Space set aside before the first byte has come: an announced length is only a promise.
const LARGEST_ANNOUNCED: u64 = 16 << 20;

/// Longest use of a connection. Salesforce moves its hosts now and then; old connections would stay with the old ones.
const CONNECTION_LIFE: Duration = Duration::from_secs(300);

/// An HTTP client of one thread.
pub(super) struct Http {
    client: Client,
    timeouts: Timeouts,
    encoding: &'static str,
    page_size: String,
}

/// An answer whose body is still to come.
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// Length of the body, when it is announced and not compressed.
    pub(super) length: Option<u64>,
    /// `Sforce-Limit-Info`.
    pub(super) usage: Option<String>,
    body: LocalBoxStream<'static, Result<Bytes, PayloadError>>,
    idle: Duration,
}

impl Http {
    pub(super) fn new(config: &SalesforceConfig, base: &Base) -> Result<Self, Fault> {
        let connector = Connector::new()
            .rustls_0_23(Arc::new(tls::client(config.ca_file.as_deref(), true)?))
            .timeout(config.timeouts.connect)
            .handshake_timeout(config.timeouts.connect)
            // The semaphore is the limit. The pool's own would let requests wait inside their time limits.
            .limit(0)
            .conn_lifetime(CONNECTION_LIFE);
        let client = Client::builder()
            .connector(connector)
            .timeout(config.timeouts.head)
            .disable_redirects()
            .add_default_header((header::USER_AGENT, concat!("sluice/", env!("CARGO_PKG_VERSION"))))
            .finish();
        // To a simulator on this machine, compression costs both sides more than it saves.
        let encoding = if base.loopback { "identity" } else { "gzip" };
        Ok(Self { client, timeouts: config.timeouts, encoding, page_size: format!("batchSize={}", config.page_size) })
    }

    /// Asks for JSON and takes the whole answer, of whatever status.
    pub(super) async fn json(&self, token: &Token, path: &str) -> Result<(Answer, Bytes), Fault> {
        let request = self.get(token, path).insert_header((header::ACCEPT_ENCODING, self.encoding));
        let request =
            request.insert_header((header::ACCEPT, "application/json")).insert_header(("Sforce-Query-Options", self.page_size.as_str()));
        self.whole(request, None).await
    }

    /// Asks for bytes; the answer's body is still to come. Never compressed, so that the length is known.
    pub(super) async fn bytes(&self, token: &Token, path: &str) -> Result<Answer, Fault> {
        self.send(self.get(token, path).insert_header((header::ACCEPT_ENCODING, "identity")), None).await
    }

    /// Sends a form and takes the whole answer, of whatever status.
    pub(super) async fn form(&self, url: &str, form: &Secret) -> Result<(Answer, Bytes), Fault> {
        let request = self.client.post(url).insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
        let request = request.insert_header((header::ACCEPT, "application/json")).insert_header((header::ACCEPT_ENCODING, "identity"));
        self.whole(request, Some(form.reveal().to_owned())).await
    }

    fn get(&self, token: &Token, path: &str) -> ClientRequest {
        self.client.get(format!("{}{path}", token.instance_url)).bearer_auth(token.secret.reveal())
    }

    async fn whole(&self, request: ClientRequest, body: Option<String>) -> Result<(Answer, Bytes), Fault> {
        let work = async {
            let mut answer = self.send(request, body).await?;
            let body = if answer.is_success() { answer.read(LARGEST_BODY).await? } else { answer.refusal().await };
            Ok((answer, body))
        };
        match self.timeouts.total {
            None => work.await,
            Some(total) => timeout(total, work).await.unwrap_or_else(|_| Err(wire::endless(total))),
        }
    }

    async fn send(&self, request: ClientRequest, body: Option<String>) -> Result<Answer, Fault> {
        let sent = match body {
            Some(body) => request.send_body(body),
            None => request.send(),
        };
        let response = sent.await.map_err(|error| wire::unanswered(&error, self.timeouts.head))?;
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let encoded = text("content-encoding").is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"));
        Ok(Answer {
            status: response.status().as_u16(),
            length: text("content-length").filter(|_| !encoded).and_then(|length| length.parse().ok()),
            usage: text("sforce-limit-info"),
            body: response.boxed_local(),
            idle: self.timeouts.body_idle,
        })
    }
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body of a refusal as far as it can be had; the status speaks for itself.
    pub(super) async fn refusal(&mut self) -> Bytes {
        self.read(LARGEST_REFUSAL).await.unwrap_or_default()
    }

    /// The body in one piece.
    async fn read(&mut self, limit: usize) -> Result<Bytes, Fault> {
        let announced = self.length.unwrap_or(0);
        if announced > limit as u64 {
            return Err(wire::too_large(limit));
        }
        let mut whole = Vec::with_capacity(usize::try_from(announced.min(LARGEST_ANNOUNCED)).unwrap_or(0));
        while let Some(chunk) = next_chunk(&mut self.body, self.idle, whole.len()).await? {
            if whole.len() + chunk.len() > limit {
                return Err(wire::too_large(limit));
            }
            whole.extend_from_slice(&chunk);
        }
        let got = whole.len() as u64;
        // awc reports a connection that was closed within a body as its end.
        if let Some(length) = self.length.filter(|length| got < *length) {
            return Err(wire::truncated(got, length));
        }
        if whole.capacity() / 4 * 3 > whole.len() {
            whole.shrink_to_fit();
        }
        Ok(whole.into())
    }

    /// The body chunk by chunk; `held` is kept until its end. A fault ends it.
    pub(super) fn chunks(self, held: impl Sized + 'static) -> LocalBoxStream<'static, Result<Bytes, Fault>> {
        let Self { length, body, idle, .. } = self;
        stream::try_unfold((body, 0u64, held), move |(mut body, got, held)| async move {
            match next_chunk(&mut body, idle, usize::try_from(got).unwrap_or(usize::MAX)).await? {
                Some(chunk) => {
                    let got = got + chunk.len() as u64;
                    Ok(Some((chunk, (body, got, held))))
                }
                None => match length.filter(|length| got < *length) {
                    Some(length) => Err(wire::truncated_file(got, length)),
                    None => Ok(None),
                },
            }
        })
        .boxed_local()
    }
}

async fn next_chunk(
    body: &mut LocalBoxStream<'static, Result<Bytes, PayloadError>>,
    idle: Duration,
    got: usize,
) -> Result<Option<Bytes>, Fault> {
    match timeout(idle, body.next()).await {
        Err(_) => Err(wire::stalled(idle, got)),
        Ok(Some(Err(error))) => Err(wire::broken(&error, got)),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(None) => Ok(None),
    }
}
