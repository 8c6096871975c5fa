//! Queries and their pages, and single records.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::State;
use super::call::Call;
use super::reply::Reply;
use super::rest::not_found;
use crate::fault::ApiError;
use crate::org::ObjectSchema;
use crate::query::{Context, run};

/// Answers `query` and `queryAll`.
pub(crate) fn first_page(state: &State, call: &Call, version: &str, all_rows: bool) -> Result<Reply, ApiError> {
    let Some(soql) = call.parameter("q") else {
        return Err(ApiError::new(400, "MALFORMED_QUERY", "A query string has to be specified"));
    };
    let result = run(&state.org(), &soql, &Context { api_version: version, now: state.clock.now(), all_rows })?;
    let mut body = Vec::new();
    result.page(0, page_size(state, call), &state.cursors, &mut body);
    Ok(Reply::json(body))
}

/// Answers `query/<locator>-<offset>`.
pub(crate) fn next_page(state: &State, call: &Call, cursor: &str) -> Result<Reply, ApiError> {
    let (result, offset) = state.cursors.resolve(cursor)?;
    let mut body = Vec::new();
    result.page(offset, page_size(state, call), &state.cursors, &mut body);
    Ok(Reply::json(body))
}

fn page_size(state: &State, call: &Call) -> usize {
    state.page_size.map_or(call.batch_size, |cap| cap.clamp(1, call.batch_size))
}

/// Answers `sobjects/<object>/<id>`: all fields, or those of the parameter `fields`.
pub(crate) fn record(state: &State, call: &Call, version: &str, object: &str, id: &str) -> Result<Reply, ApiError> {
    let org = state.org();
    let schema = org.object(object).ok_or_else(not_found)?;
    let row = org.row(id).filter(|row| row.schema().name == schema.name && !row.is_deleted()).ok_or_else(|| unknown_record(id))?;
    let soql = format!("SELECT {} FROM {} WHERE Id = '{}'", selection(schema, call), schema.name, row.id());
    let result = run(&org, &soql, &Context { api_version: version, now: state.clock.now(), all_rows: false })?;
    let mut page = Vec::new();
    result.page(0, 1, &state.cursors, &mut page);
    let page: OneRecord<'_> = serde_json::from_slice(&page).map_err(|err| ApiError::new(500, "UNKNOWN_EXCEPTION", err.to_string()))?;
    page.records.first().map(|record| Reply::json(record.get().as_bytes().to_vec())).ok_or_else(|| unknown_record(id))
}

fn selection(schema: &ObjectSchema, call: &Call) -> String {
    let all = || schema.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(",");
    let Some(wanted) = call.parameter("fields") else { return all() };
    let mut names: Vec<&str> = wanted.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return all();
    }
    // A record is never shown without its id.
    if !names.iter().any(|name| name.eq_ignore_ascii_case("Id")) {
        names.push("Id");
    }
    names.join(",")
}

fn unknown_record(id: &str) -> ApiError {
    ApiError::new(404, "NOT_FOUND", format!("Provided external ID field does not exist or is not accessible: {id}"))
}

#[derive(Deserialize)]
struct OneRecord<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}
