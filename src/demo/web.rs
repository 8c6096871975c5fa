//! Routes of the search page: the embedded files, the JSON API, and the headers that every answer carries.

use std::fmt;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Compress, DefaultHeaders, Next, from_fn};
use actix_web::{App, Error, HttpResponse, ResponseError, web};
use serde::{Deserialize, Serialize};

use adapters::embedded::{Hit, SearchAnswer, SearchRequest, Standing, User};
use domain::{DB_BUSY, Fault};

use super::{Page, SearchIndex};
use crate::serving::{nothing_here, readable, refusal};

/// Nothing from elsewhere, no inline script or style, in nobody's frame.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the index puts around a match in a fragment.
const MARKS: [char; 2] = [START, END];
pub(super) const START: char = '\u{1}';
pub(super) const END: char = '\u{2}';

/// Hits of a page when nobody says how many.
const PAGE_SIZE: usize = 20;
/// More are not shown at once, and each costs a fragment.
const LARGEST_PAGE: usize = 100;
/// Nobody turns pages beyond this; ranking so far down costs more than it is worth.
const DEEPEST: usize = 10_000;
/// Longest text, in characters; longer ones are pasted by accident.
const LONGEST_TEXT: usize = 1_000;

/// The embedded files: path, media type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("page.html")),
    ("/app.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/app.js", JAVASCRIPT, include_str!("page.js")),
    ("/dom.js", JAVASCRIPT, include_str!("dom.js")),
    ("/document.js", JAVASCRIPT, include_str!("document.js")),
    ("/readers.js", JAVASCRIPT, include_str!("readers.js")),
    ("/status.js", JAVASCRIPT, include_str!("status.js")),
    ("/favicon.svg", "image/svg+xml", include_str!("mark.svg")),
];
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The whole site.
pub(super) fn app(
    page: Page,
) -> App<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<impl MessageBody>, Error = Error, InitError = ()>> {
    App::new()
        .app_data(web::Data::new(page))
        .app_data(web::QueryConfig::default().error_handler(|err, _| Refusal::bad_request(err).into()))
        .wrap(Compress::default())
        .wrap(from_fn(only_by_address))
        .wrap(
            DefaultHeaders::new()
                .add((header::CONTENT_SECURITY_POLICY, POLICY))
                .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .add((header::REFERRER_POLICY, "no-referrer"))
                // The next version of the program serves other files under the same names.
                .add((header::CACHE_CONTROL, "no-store")),
        )
        .configure(routes)
        .default_service(web::to(nothing_here))
}

fn routes(config: &mut web::ServiceConfig) {
    for &(path, kind, content) in FILES {
        config.service(readable(path, move || async move { HttpResponse::Ok().content_type(kind).body(content) }));
    }
    config
        .service(readable("/api/search", search))
        .service(readable("/api/document/{id}", document))
        .service(readable("/api/readers", readers))
        .service(readable("/api/status", status));
}

/// Refuses names other than `localhost`: a foreign site that lets its own name point to 127.0.0.1 must not read the index.
async fn only_by_address(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_local = request.headers().get(header::HOST).is_none_or(|host| host.to_str().is_ok_and(is_address));
    if is_local {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let refusal = Refusal::new(StatusCode::FORBIDDEN, "ask for this page by its address or as localhost");
    Ok(request.into_response(refusal.error_response()))
}

/// Whether a `Host` header names a machine by number, or this one.
fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let number = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || number.parse::<std::net::IpAddr>().is_ok()
}

async fn search(page: web::Data<Page>, asked: web::Query<Asked>) -> Result<HttpResponse, Refusal> {
    let request = asked.into_inner().request()?;
    let answer = read(&page, move |index| index.search(&request)).await?;
    Ok(HttpResponse::Ok().json(Found::of(&answer)))
}

async fn document(page: web::Data<Page>, id: web::Path<String>, by: web::Query<By>) -> Result<HttpResponse, Refusal> {
    let (id, user) = (id.into_inner(), by.into_inner().user()?);
    // The same whether there is none or the user may not see it.
    let missing = Refusal::new(StatusCode::NOT_FOUND, format!("no document has the id `{id}`"));
    let text = read(&page, move |index| index.document(&id, user.as_deref())).await?.ok_or(missing)?;
    // The text as it is: parsing and printing it again would change its numbers.
    Ok(HttpResponse::Ok().content_type("application/json").body(text))
}

async fn readers(page: web::Data<Page>, sought: web::Query<Sought>) -> Result<HttpResponse, Refusal> {
    let Sought { q, size } = sought.into_inner();
    short("q", &q)?;
    let size = page_size(size)?;
    let users = read(&page, move |index| index.users(&q, size)).await?;
    let readers = users.found.iter().map(|User { id, name, email }| FoundReader { id, name, email: email.as_deref() }).collect();
    Ok(HttpResponse::Ok().json(FoundReaders { total: users.total, readers }))
}

async fn status(page: web::Data<Page>) -> HttpResponse {
    HttpResponse::Ok().json((page.status)())
}

/// Reads the index on a thread that may wait.
async fn read<T: Send + 'static>(
    page: &web::Data<Page>,
    ask: impl FnOnce(&dyn SearchIndex) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Refusal> {
    let index = page.index.clone();
    match web::block(move || ask(index.as_ref())).await {
        Ok(answer) => answer.map_err(|fault| Refusal::of(&fault)),
        Err(_) => Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the index could not be read; the log says why")),
    }
}

/// Query of `/api/search`.
#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    kind: Option<String>,
    #[serde(default)]
    from: usize,
    size: Option<usize>,
    r#as: Option<String>,
}

impl Asked {
    fn request(self) -> Result<SearchRequest, Refusal> {
        let size = page_size(self.size)?;
        if self.from > DEEPEST {
            return Err(Refusal::bad_request(format_args!("from must be at most {DEEPEST}, not {}", self.from)));
        }
        short("q", &self.q)?;
        let reader = By { r#as: self.r#as }.user()?;
        Ok(SearchRequest { index: None, text: self.q, kind: self.kind.filter(|kind| !kind.is_empty()), reader, from: self.from, size })
    }
}

/// On whose behalf something is asked: a Salesforce id or an e-mail address. Without, by whoever runs the page, who sees everything.
#[derive(Debug, Deserialize)]
struct By {
    r#as: Option<String>,
}

impl By {
    fn user(self) -> Result<Option<String>, Refusal> {
        let user = self.r#as.filter(|user| !user.is_empty());
        user.as_deref().map_or(Ok(()), |user| short("as", user))?;
        Ok(user)
    }
}

/// Query of `/api/readers`.
#[derive(Debug, Deserialize)]
struct Sought {
    #[serde(default)]
    q: String,
    size: Option<usize>,
}

/// Entries of an answer.
fn page_size(asked: Option<usize>) -> Result<usize, Refusal> {
    let size = asked.unwrap_or(PAGE_SIZE);
    if (1..=LARGEST_PAGE).contains(&size) {
        return Ok(size);
    }
    Err(Refusal::bad_request(format_args!("size must be 1 to {LARGEST_PAGE}, not {size}")))
}

/// Refuses a text that is too long.
fn short(name: &str, text: &str) -> Result<(), Refusal> {
    if text.chars().count() > LONGEST_TEXT {
        return Err(Refusal::bad_request(format_args!("{name} must have at most {LONGEST_TEXT} characters")));
    }
    Ok(())
}

/// Answer of `/api/search`.
#[derive(Debug, Serialize)]
struct Found<'a> {
    total: u64,
    hits: Vec<FoundHit<'a>>,
    kinds: Vec<FoundKind<'a>>,
    /// Whether there is the user who was named; missing if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct FoundHit<'a> {
    id: &'a str,
    kind: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    modified: Option<&'a str>,
    fragments: Vec<Vec<Piece<'a>>>,
}

#[derive(Debug, Serialize)]
struct FoundKind<'a> {
    kind: &'a str,
    count: u64,
}

/// Answer of `/api/readers`.
#[derive(Debug, Serialize)]
struct FoundReaders<'a> {
    /// Whatever was sought.
    total: u64,
    readers: Vec<FoundReader<'a>>,
}

#[derive(Debug, Serialize)]
struct FoundReader<'a> {
    id: &'a str,
    name: &'a str,
    email: Option<&'a str>,
}

/// A piece of a fragment: a match, or what is between matches.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    #[serde(rename = "match", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_match: bool,
}

impl<'a> Found<'a> {
    fn of(answer: &'a SearchAnswer) -> Self {
        let kinds = answer.kinds.iter().map(|(kind, count)| FoundKind { kind, count: *count }).collect();
        let reader = answer.reader.map(|standing| match standing {
            Standing::Known => "known",
            Standing::Unknown => "unknown",
        });
        Self { total: answer.total, hits: answer.hits.iter().map(FoundHit::of).collect(), kinds, reader }
    }
}

impl<'a> FoundHit<'a> {
    fn of(hit: &'a Hit) -> Self {
        let fragments = hit.fragments.iter().map(|fragment| pieces(fragment)).collect();
        Self { id: &hit.id, kind: &hit.kind, title: &hit.title, url: hit.url.as_deref(), modified: hit.modified.as_deref(), fragments }
    }
}

/// Cuts a fragment at its marks. A mark without its partner is left out and hides no text.
pub(super) fn pieces(fragment: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut is_match = false;
    for part in fragment.split_inclusive(MARKS) {
        let text = part.trim_end_matches(MARKS);
        if !text.is_empty() {
            // A start that is never ended would paint the rest of the passage.
            let is_ended = part.ends_with(END);
            pieces.push(Piece { text, is_match: is_match && is_ended });
        }
        is_match = part.ends_with(START);
    }
    pieces
}

/// Why there is no answer.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }

    fn bad_request(error: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }

    fn of(fault: &Fault) -> Self {
        tracing::warn!(%fault, "index cannot be read");
        let is_busy = fault.code.id == DB_BUSY.id;
        Self::new(if is_busy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR }, fault.to_string())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.error)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        refusal(self.status, &self.error)
    }
}
