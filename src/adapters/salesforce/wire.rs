//! What each failure of Salesforce means. Nobody else looks at status codes, error codes or transport errors.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::time::Duration;

use awc::error::{ConnectError, PayloadError, SendRequestError};
use domain::{
    Code, FILE_GONE, Fault, SF_BUSY, SF_CURSOR, SF_DAILY_LIMIT, SF_FORBIDDEN, SF_NO_OBJECT, SF_QUERY, SF_QUERY_TIMEOUT, SF_REFUSED,
    SF_SESSION, SF_SIGN_IN, SF_SILENT, SF_TOO_LARGE, SF_TOO_WIDE, SF_UNAVAILABLE, SF_UNREACHABLE, SF_UNREADABLE, SF_WRONG_HOST,
};
use serde::Deserialize;

use crate::words::plain;

/// `errorCode` of REST answers (REST API guide, "Status Codes and Error Responses") and what it means here.
static ERRORS: &[(&str, &Code)] = &[
    ("INVALID_AUTH_HEADER", &SF_SESSION),
    ("INVALID_SESSION_ID", &SF_SESSION),
    ("API_CURRENTLY_DISABLED", &SF_FORBIDDEN),
    ("API_DISABLED_FOR_ORG", &SF_FORBIDDEN),
    ("FUNCTIONALITY_NOT_ENABLED", &SF_FORBIDDEN),
    ("INSUFFICIENT_ACCESS", &SF_FORBIDDEN),
    ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", &SF_FORBIDDEN),
    ("INSUFFICIENT_ACCESS_OR_READONLY", &SF_FORBIDDEN),
    ("TXN_SECURITY_METERING_ERROR", &SF_FORBIDDEN),
    ("EXCEEDED_ID_LIMIT", &SF_QUERY),
    ("EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", &SF_QUERY),
    ("INVALID_FIELD", &SF_QUERY),
    ("INVALID_OPERATION", &SF_QUERY),
    ("INVALID_QUERY_FILTER_OPERATOR", &SF_QUERY),
    ("INVALID_SEARCH", &SF_QUERY),
    ("INVALID_TERM", &SF_QUERY),
    ("INVALID_TYPE_FOR_OPERATION", &SF_QUERY),
    ("MALFORMED_ID", &SF_QUERY),
    ("MALFORMED_QUERY", &SF_QUERY),
    ("MALFORMED_SEARCH", &SF_QUERY),
    ("NUMBER_OUTSIDE_VALID_RANGE", &SF_QUERY),
    ("OPERATION_TOO_LARGE", &SF_QUERY),
    ("QUERY_TOO_COMPLICATED", &SF_QUERY),
    ("INVALID_TYPE", &SF_NO_OBJECT),
    ("NOT_FOUND", &SF_NO_OBJECT),
    ("INVALID_QUERY_LOCATOR", &SF_CURSOR),
    ("QUERY_TIMEOUT", &SF_QUERY_TIMEOUT),
    ("SERVER_UNAVAILABLE", &SF_UNAVAILABLE),
    ("UNABLE_TO_LOCK_ROW", &SF_UNAVAILABLE),
    ("UNKNOWN_EXCEPTION", &SF_UNAVAILABLE),
    ("INVALID_REPLICATION_DATE", &SF_REFUSED),
    ("JSON_PARSER_ERROR", &SF_REFUSED),
    ("METHOD_NOT_ALLOWED", &SF_REFUSED),
    ("UNSUPPORTED_API_VERSION", &SF_REFUSED),
];

/// Words in a message that say more than its `errorCode`.
static MESSAGES: &[(&str, &str, &Code)] = &[
    ("REQUEST_LIMIT_EXCEEDED", "Concurrent", &SF_BUSY),
    // The daily one, and whatever else is limited: to go on asking only makes it worse.
    ("REQUEST_LIMIT_EXCEEDED", "", &SF_DAILY_LIMIT),
    // Sessions that are good but not for this; a fresh one would be no better.
    ("INVALID_SESSION_ID", "not valid for use with the REST API", &SF_FORBIDDEN),
    ("INVALID_SESSION_ID", "app is not attached to", &SF_FORBIDDEN),
    // The sign-in (A.1, A.5).
    ("invalid_grant", "not supported on this domain", &SF_WRONG_HOST),
    ("app_not_found", "", &SF_WRONG_HOST),
    ("rate_limit_exceeded", "", &SF_BUSY),
];

/// Longest text of Salesforce that a fault repeats, in characters.
const LONGEST_TEXT: usize = 400;

/// One entry of an error answer: `errorCode` and `message` of REST, `error` and `error_description` of the sign-in.
#[derive(Debug, Default, Deserialize)]
struct Complaint<'a> {
    #[serde(borrow, default, rename = "errorCode", alias = "error")]
    code: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "error_description")]
    message: Option<Cow<'a, str>>,
}

/// An answer other than success.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal<'a> {
    /// HTTP status.
    pub(super) status: u16,
    /// The body, of whatever kind.
    pub(super) body: &'a [u8],
}

impl Refusal<'_> {
    /// A request of the REST API was refused.
    pub(super) fn fault(self) -> Fault {
        let complaints = self.complaints();
        self.told(self.classify(&complaints), &complaints)
    }

    /// The sign-in was refused. Its errors are objects, but a spent allowance comes as an array here too.
    pub(super) fn of_sign_in(self) -> Fault {
        let complaints = self.complaints();
        let code = match self.classify(&complaints) {
            // Neither the app nor its user is an object or a session: what is left is a refusal of the credentials.
            code if [&SF_REFUSED, &SF_SESSION, &SF_FORBIDDEN, &SF_NO_OBJECT].contains(&code) => &SF_SIGN_IN,
            // A 404 page: there is a server, but no org.
            code if code == &SF_UNREADABLE && self.status == 404 => &SF_WRONG_HOST,
            code => code,
        };
        self.told(code, &complaints)
    }

    /// The content of a file was refused.
    pub(super) fn of_file(self) -> Fault {
        let complaints = self.complaints();
        let code = self.classify(&complaints);
        let whole_api = complaints.iter().any(|complaint| complaint.code().starts_with("API_"));
        let about_file = [&SF_NO_OBJECT, &SF_FORBIDDEN, &SF_REFUSED, &SF_UNREADABLE].contains(&code);
        let gone = matches!(self.status, 403 | 404) && about_file && !whole_api;
        self.told(if gone { &FILE_GONE } else { code }, &complaints)
    }

    fn complaints(&self) -> Vec<Complaint<'_>> {
        let body = self.body.trim_ascii_start();
        match body.first() {
            Some(b'[') => serde_json::from_slice(body).unwrap_or_default(),
            Some(b'{') => serde_json::from_slice(body).map(|complaint| vec![complaint]).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    fn classify(&self, complaints: &[Complaint<'_>]) -> &'static Code {
        complaints.iter().find_map(Complaint::known).unwrap_or_else(|| self.by_status(!complaints.is_empty()))
    }

    /// What the status alone says. `readable`: whether the body is an error answer of Salesforce.
    fn by_status(&self, readable: bool) -> &'static Code {
        match self.status {
            401 => &SF_SESSION,
            403 if readable => &SF_FORBIDDEN,
            404 if readable => &SF_NO_OBJECT,
            406 | 420 | 500..=599 => &SF_UNAVAILABLE,
            408 => &SF_SILENT,
            414 | 431 => &SF_TOO_WIDE,
            429 => &SF_BUSY,
            // Redirects lead to the host that would have been right.
            300..=399 => &SF_WRONG_HOST,
            _ if readable => &SF_REFUSED,
            // Whoever answered, it was not the API.
            _ => &SF_UNREADABLE,
        }
    }

    fn told(&self, code: &'static Code, complaints: &[Complaint<'_>]) -> Fault {
        let mut text = format!("salesforce answered {}", self.status);
        match complaints.first() {
            Some(complaint) => {
                text.push_str(&format!(" {}", complaint.code()));
                let sentence = sentence(complaint.message.as_deref().unwrap_or_default());
                if !sentence.is_empty() {
                    text.push_str(&format!(": {sentence}"));
                }
            }
            None if looks_like_html(self.body) => text.push_str(" with an HTML page"),
            None => {}
        }
        Fault::new(code, text)
    }
}

impl Complaint<'_> {
    fn code(&self) -> &str {
        self.code.as_deref().unwrap_or("without an error code")
    }

    fn known(&self) -> Option<&'static Code> {
        let (code, message) = (self.code(), self.message.as_deref().unwrap_or_default());
        let by_words = MESSAGES.iter().find(|(known, words, _)| *known == code && message.contains(words)).map(|(_, _, means)| *means);
        by_words.or_else(|| ERRORS.iter().find(|(known, _)| *known == code).map(|(_, means)| *means))
    }
}

/// Whether the same request may succeed if it is simply sent again.
///
/// Not so [`SF_SESSION`], which needs another token, and [`SF_CURSOR`], which needs another query.
pub(super) fn is_worth_another_try(code: &Code) -> bool {
    [&SF_UNREACHABLE, &SF_SILENT, &SF_UNAVAILABLE, &SF_UNREADABLE, &SF_BUSY, &SF_QUERY_TIMEOUT].contains(&code)
}

/// The request got no answer.
pub(super) fn unanswered(error: &SendRequestError, waited: Duration) -> Fault {
    match error {
        SendRequestError::Timeout => Fault::new(&SF_SILENT, format!("no answer within {waited:?}")),
        SendRequestError::Connect(ConnectError::Timeout) => Fault::new(&SF_UNREACHABLE, "no connection in time"),
        SendRequestError::Connect(ConnectError::Disconnected) => Fault::new(&SF_UNREACHABLE, "the connection was closed before the answer"),
        SendRequestError::Connect(ConnectError::Resolver(_)) => Fault::new(&SF_UNREACHABLE, "the name of the host cannot be resolved"),
        SendRequestError::Connect(error) => Fault::new(&SF_UNREACHABLE, format!("no connection: {}", plain(error))),
        // A host or header that HTTP cannot carry; nothing was sent.
        SendRequestError::Url(_) | SendRequestError::Http(_) => Fault::new(&SF_REFUSED, format!("the request cannot be sent: {error}")),
        error => Fault::new(&SF_UNREACHABLE, format!("the connection broke before the answer: {}", plain(error))),
    }
}

/// The answer broke off after `got` bytes.
pub(super) fn broken(error: &PayloadError, got: usize) -> Fault {
    let code = match error {
        PayloadError::EncodingCorrupted => &SF_UNREADABLE,
        // What a damaged gzip stream reports.
        PayloadError::Io(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
            &SF_UNREADABLE
        }
        _ => &SF_UNREACHABLE,
    };
    let why = match error {
        PayloadError::Incomplete(None) => "the connection was closed".to_owned(),
        PayloadError::Incomplete(Some(error)) => plain(error),
        error => plain(error),
    };
    Fault::new(code, format!("the answer broke off after {got} bytes: {why}"))
}

/// The answer stopped arriving after `got` bytes.
pub(super) fn stalled(waited: Duration, got: usize) -> Fault {
    Fault::new(&SF_SILENT, format!("nothing more of the answer within {waited:?}, after {got} bytes"))
}

/// The whole answer took too long.
pub(super) fn endless(waited: Duration) -> Fault {
    Fault::new(&SF_SILENT, format!("the answer was not complete within {waited:?}"))
}

/// The answer ended early.
pub(super) fn truncated(got: u64, announced: u64) -> Fault {
    Fault::new(&SF_UNREADABLE, format!("the answer ended after {got} of {announced} bytes"))
}

/// The content of a file ended early.
pub(super) fn truncated_file(got: u64, announced: u64) -> Fault {
    Fault::new(&SF_UNREACHABLE, format!("the connection ended after {got} of {announced} bytes"))
}

/// The answer is larger than anything sensible.
pub(super) fn too_large(limit: usize) -> Fault {
    Fault::new(&SF_TOO_LARGE, format!("the answer has more than {limit} bytes"))
}

/// A successful answer is not what was asked for. Says where, never what: an answer may hold anything.
pub(super) fn unreadable(error: &serde_json::Error, body: &[u8]) -> Fault {
    if looks_like_html(body) {
        return Fault::new(&SF_UNREADABLE, "the answer is an HTML page");
    }
    let why = match error.classify() {
        serde_json::error::Category::Eof => "the JSON of the answer is cut off",
        serde_json::error::Category::Data => "the JSON of the answer has another shape than was asked for",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "the answer is no JSON",
    };
    Fault::new(&SF_UNREADABLE, format!("{why}, line {} column {}", error.line(), error.column()))
}

fn looks_like_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// The useful sentence of a message: without the query that it repeats with a caret below, and what it always adds then.
fn sentence(message: &str) -> String {
    let mut lines = message.lines();
    let after_caret = lines.any(|line| line.starts_with("ERROR at Row")).then(|| lines.collect::<Vec<_>>().join(" "));
    let text = match &after_caret {
        Some(rest) => rest.split(". If you are attempting").next().unwrap_or_default(),
        None => message,
    };
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_end_matches('.').chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
#[path = "tests/wire.rs"]
mod tests;
