//! What each failure of the server means. Nobody else looks at status codes, error types or transport errors.

use std::time::Duration;

use awc::error::{ConnectError, PayloadError, SendRequestError};
use domain::{
    Code, ES_BUSY, ES_CONFLICT, ES_DOC_TOO_LARGE, ES_EXISTS, ES_FORBIDDEN, ES_INDEX_CLOSED, ES_INDEX_GONE, ES_MAPPING, ES_MISSING,
    ES_NO_PIPELINE, ES_READ_ONLY, ES_REFUSED, ES_SIGN_IN, ES_SILENT, ES_UNAVAILABLE, ES_UNREACHABLE, ES_UNREADABLE, Fault, FaultClass,
};
use serde::Deserialize;

use crate::words::plain;

/// Error types whose meaning does not depend on the request.
static TYPES: &[(&str, &Code)] = &[
    ("index_not_found_exception", &ES_INDEX_GONE),
    ("index_closed_exception", &ES_INDEX_CLOSED),
    ("cluster_block_exception", &ES_READ_ONLY),
    ("es_rejected_execution_exception", &ES_BUSY),
    ("rejected_execution_exception", &ES_BUSY),
    ("opensearch_rejected_execution_exception", &ES_BUSY),
    ("circuit_breaking_exception", &ES_BUSY),
    ("version_conflict_engine_exception", &ES_CONFLICT),
    ("resource_already_exists_exception", &ES_EXISTS),
    ("security_exception", &ES_FORBIDDEN),
    ("unavailable_shards_exception", &ES_UNAVAILABLE),
    ("no_shard_available_action_exception", &ES_UNAVAILABLE),
    ("master_not_discovered_exception", &ES_UNAVAILABLE),
    ("cluster_manager_not_discovered_exception", &ES_UNAVAILABLE),
    ("process_cluster_event_timeout_exception", &ES_UNAVAILABLE),
];

/// Longest text of the server that a fault repeats, in characters.
const LONGEST_TEXT: usize = 400;

/// The `error` of an answer or of an item.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Complaint {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    reason: Option<String>,
    /// Said beside the reason, which then may be no more than `closed`.
    #[serde(default)]
    index: Option<String>,
    #[serde(default)]
    caused_by: Option<Box<Complaint>>,
}

impl Complaint {
    fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }

    fn code(&self) -> Option<&'static Code> {
        // A block by the state of the cluster (no master, state not recovered) passes; one on an index stays.
        if self.kind == "cluster_block_exception" && !self.reason().starts_with("index [") && self.reason().contains("SERVICE_UNAVAILABLE")
        {
            return Some(&ES_UNAVAILABLE);
        }
        // While an index is being closed, it is blocked before it is closed.
        if self.kind == "cluster_block_exception" && self.reason().contains("index preparing to close") {
            return Some(&ES_INDEX_CLOSED);
        }
        if self.kind == "illegal_argument_exception" && self.reason().contains("pipeline with id [") {
            return Some(&ES_NO_PIPELINE);
        }
        TYPES.iter().find(|(kind, _)| *kind == self.kind).map(|(_, code)| *code)
    }

    /// `mapper_parsing_exception: failed to parse field ...: For input string: "abc"`.
    fn told(&self) -> String {
        let mut text = format!("{}: {}", self.kind, self.reason());
        let mut cause = self.caused_by.as_deref();
        while let Some(inner) = cause {
            text.push_str(&format!(": {}", inner.reason()));
            cause = inner.caused_by.as_deref();
        }
        if let Some(index) = self.index.as_deref().filter(|index| !text.contains(index)) {
            text.push_str(&format!(" (index {index})"));
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        words.trim_end_matches(['.', ';']).chars().take(LONGEST_TEXT).collect()
    }
}

/// What became of one item of a bulk request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Done.
    Done,
    /// There is no such document.
    Missing,
    /// It may work if tried again.
    Retry(Fault),
    /// It can never work.
    Refused(Fault),
    /// Nothing can work.
    Stop(Fault),
}

/// Reads the answer to one item.
pub(super) fn item(status: u16, error: Option<&Complaint>) -> Item {
    let Some(error) = error else {
        return match status {
            200..=299 => Item::Done,
            404 => Item::Missing,
            _ => Item::Retry(Fault::new(by_status(status), format!("the index answered {status} without a reason"))),
        };
    };
    if error.kind == "document_missing_exception" {
        return Item::Missing;
    }
    let code = error.code().unwrap_or(match status {
        400 => &ES_MAPPING,
        413 => &ES_DOC_TOO_LARGE,
        404 => &ES_INDEX_GONE,
        _ => by_status(status),
    });
    let fault = Fault::new(code, format!("the index answered {status} {}", error.told()));
    match code.class {
        FaultClass::Transient => Item::Retry(fault),
        FaultClass::Item => Item::Refused(fault),
        // What the server cannot name by a known type concerns this document only, as far as can be known.
        _ => Item::Stop(fault),
    }
}

/// An answer other than success to a whole request.
pub(super) fn refusal(status: u16, body: &[u8]) -> Fault {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Whole(Complaint),
        Text(String),
    }
    #[derive(Deserialize)]
    struct Answer {
        error: Told,
    }
    let complaint = match serde_json::from_slice::<Answer>(body) {
        Ok(Answer { error: Told::Whole(complaint) }) => complaint,
        Ok(Answer { error: Told::Text(text) }) => Complaint { kind: "error".to_owned(), reason: Some(text), ..Complaint::default() },
        Err(_) => {
            let page = if body.trim_ascii_start().first() == Some(&b'<') { " with an HTML page" } else { "" };
            // A missing document or pipeline is told in JSON without an error; whoever answers 404 otherwise is no index server.
            let foreign = matches!(status, 300..=399) || (status == 404 && body.trim_ascii_start().first() != Some(&b'{'));
            let code = if foreign { &ES_UNREADABLE } else { by_status(status) };
            return Fault::new(code, format!("the index server answered {status}{page}"));
        }
    };
    // A refused sign-in is a security exception as well.
    let code = if status == 401 { &ES_SIGN_IN } else { complaint.code().unwrap_or_else(|| by_status(status)) };
    Fault::new(code, format!("the index server answered {status} {}", complaint.told()))
}

fn by_status(status: u16) -> &'static Code {
    match status {
        401 => &ES_SIGN_IN,
        403 => &ES_FORBIDDEN,
        404 => &ES_MISSING,
        408 => &ES_SILENT,
        409 => &ES_CONFLICT,
        413 => &ES_DOC_TOO_LARGE,
        429 => &ES_BUSY,
        500..=599 => &ES_UNAVAILABLE,
        _ => &ES_REFUSED,
    }
}

/// Whether the same request may succeed if it is simply sent again.
pub(super) fn is_worth_another_try(code: &Code) -> bool {
    [&ES_UNREACHABLE, &ES_SILENT, &ES_UNAVAILABLE, &ES_UNREADABLE, &ES_BUSY].contains(&code)
}

/// Whether what the path names is not there, or the index that it would be in. What that means depends on what was asked for.
pub(crate) fn is_missing(fault: &Fault) -> bool {
    [&ES_MISSING, &ES_INDEX_GONE].contains(&fault.code)
}

/// Whether another node may do better.
pub(super) fn is_about_the_node(code: &Code) -> bool {
    [&ES_UNREACHABLE, &ES_SILENT, &ES_UNAVAILABLE].contains(&code)
}

/// Whether it says that fewer requests at once would do better.
pub(super) fn is_overload(fault: &Fault) -> bool {
    [&ES_BUSY, &ES_UNAVAILABLE].contains(&fault.code)
}

/// The request got no answer.
pub(super) fn unanswered(error: &SendRequestError, waited: Duration) -> Fault {
    match error {
        SendRequestError::Timeout => Fault::new(&ES_SILENT, format!("no answer within {waited:?}")),
        SendRequestError::Connect(ConnectError::Timeout) => Fault::new(&ES_UNREACHABLE, "no connection in time"),
        SendRequestError::Connect(ConnectError::Disconnected) => Fault::new(&ES_UNREACHABLE, "the connection was closed before the answer"),
        SendRequestError::Connect(ConnectError::Resolver(_)) => Fault::new(&ES_UNREACHABLE, "the name of the host cannot be resolved"),
        SendRequestError::Connect(error) => Fault::new(&ES_UNREACHABLE, format!("no connection: {}", plain(error))),
        SendRequestError::Url(_) | SendRequestError::Http(_) => Fault::new(&ES_REFUSED, format!("the request cannot be sent: {error}")),
        error => Fault::new(&ES_UNREACHABLE, format!("the connection broke before the answer: {}", plain(error))),
    }
}

/// The answer broke off after `got` bytes.
pub(super) fn broken(error: &PayloadError, got: usize) -> Fault {
    Fault::new(&ES_UNREACHABLE, format!("the answer broke off after {got} bytes: {}", plain(error)))
}

/// The answer stopped arriving.
pub(super) fn stalled(waited: Duration, got: usize) -> Fault {
    Fault::new(&ES_SILENT, format!("nothing more of the answer within {waited:?}, after {got} bytes"))
}

/// The whole answer took too long.
pub(super) fn endless(waited: Duration) -> Fault {
    Fault::new(&ES_SILENT, format!("the answer was not complete within {waited:?}"))
}

/// A successful answer is not what was asked for. Says where, never what: an answer may hold anything.
pub(crate) fn unreadable(error: &serde_json::Error) -> Fault {
    Fault::new(&ES_UNREADABLE, format!("the answer has another shape than was asked for, line {} column {}", error.line(), error.column()))
}

#[cfg(test)]
#[path = "tests/wire.rs"]
mod tests;
