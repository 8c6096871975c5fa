//! `POST /composite`: several reads in one request (REST API guide, "Composite"). References between parts (`@{..}`) are not followed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::State;
use super::call::Call;
use super::reply::{Body, Reply};
use super::rest::{answer as answer_part, method_not_allowed};
use super::route::{Endpoint, Route};
use crate::fault::ApiError;

/// Most parts of a request, and most queries among them.
const PARTS: usize = 25;
const QUERIES: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    all_or_none: bool,
    composite_request: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    method: String,
    url: String,
    reference_id: String,
    #[serde(default)]
    http_headers: HashMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    composite_response: Vec<PartResponse>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartResponse {
    body: Option<Box<RawValue>>,
    http_headers: HashMap<&'static str, String>,
    http_status_code: u16,
    reference_id: String,
}

/// Answers a composite request. With `allOrNone`, the first part that fails ends it and the parts after it say so.
pub(crate) fn answer(state: &State, call: &Call) -> Result<Reply, ApiError> {
    let request: Request = serde_json::from_slice(&call.body).map_err(|err| ApiError::new(400, "JSON_PARSER_ERROR", err.to_string()))?;
    check_limits(&request.composite_request)?;
    let mut failed = false;
    let mut parts = Vec::with_capacity(request.composite_request.len());
    for part in request.composite_request {
        let reply = if failed && request.all_or_none { halted() } else { run(state, call, &part) };
        failed |= reply.status >= 400;
        parts.push(response(part.reference_id, reply)?);
    }
    let body = serde_json::to_vec(&Response { composite_response: parts }).map_err(internal)?;
    Ok(Reply::json(body))
}

fn check_limits(parts: &[Part]) -> Result<(), ApiError> {
    if parts.len() > PARTS {
        return Err(ApiError::new(
            400,
            "LIMIT_EXCEEDED",
            format!("a composite request has {PARTS} parts at most, this one has {}", parts.len()),
        ));
    }
    let is_query = |part: &&Part| matches!(endpoint(part), Endpoint::Query | Endpoint::QueryAll | Endpoint::QueryMore);
    let queries = parts.iter().filter(is_query).count();
    if queries > QUERIES {
        return Err(ApiError::new(
            400,
            "LIMIT_EXCEEDED",
            format!("a composite request has {QUERIES} queries at most, this one has {queries}"),
        ));
    }
    Ok(())
}

fn endpoint(part: &Part) -> Endpoint {
    Route::of(part.url.split('?').next().unwrap_or_default()).endpoint()
}

fn run(state: &State, call: &Call, part: &Part) -> Reply {
    state.ledger.count_part(endpoint(part));
    if !part.method.eq_ignore_ascii_case("GET") {
        return method_not_allowed(&part.method, &["GET"]).into();
    }
    let header = |name: &str| part.http_headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    answer_part(state, &call.part("GET", &part.url, header))
}

fn halted() -> Reply {
    ApiError::new(400, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed.")
        .into()
}

fn response(reference_id: String, reply: Reply) -> Result<PartResponse, ApiError> {
    let body = match reply.body {
        Body::Json(bytes) => {
            Some(String::from_utf8(bytes).map_err(internal).and_then(|text| RawValue::from_string(text).map_err(internal))?)
        }
        Body::Form(text) | Body::Html(text) => Some(to_raw_value(&text).map_err(internal)?),
        Body::Empty | Body::File(_) => None,
    };
    Ok(PartResponse { body, http_headers: reply.headers.into_iter().collect(), http_status_code: reply.status, reference_id })
}

fn internal(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(500, "UNKNOWN_EXCEPTION", error.to_string())
}
