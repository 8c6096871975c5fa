//! Describes and file bytes.

use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use serde_json::json;

use super::State;
use super::call::Call;
use super::reply::{Body, Reply};
use super::rest::not_found;
use crate::describe;
use crate::fault::ApiError;

/// Answers `sobjects`.
pub(crate) fn global(state: &State, call: &Call, version: &str) -> Reply {
    let org = state.org();
    // How much the running user sees may change while the server runs.
    let name = format!("global {version} {}", org.objects().count());
    conditional(state, call, &name, || Reply::value(&describe::global(&org, version)))
}

/// Answers `sobjects/<object>`.
pub(crate) fn info(state: &State, version: &str, name: &str) -> Result<Reply, ApiError> {
    let org = state.org();
    let schema = org.object(name).ok_or_else(not_found)?;
    Ok(Reply::value(&json!({ "objectDescribe": describe::entry(schema, version), "recentItems": [] })))
}

/// Answers `sobjects/<object>/describe`.
pub(crate) fn describe(state: &State, call: &Call, version: &str, name: &str) -> Result<Reply, ApiError> {
    let org = state.org();
    let schema = org.object(name).ok_or_else(not_found)?;
    Ok(conditional(state, call, &format!("{} {version}", schema.name), || Reply::value(&describe::full(&org, schema, version))))
}

/// Fields whose bytes can be fetched, by object.
const BLOBS: [(&str, &str); 4] =
    [("ContentVersion", "VersionData"), ("Attachment", "Body"), ("Document", "Body"), ("StaticResource", "Body")];

/// Answers `sobjects/ContentVersion/<id>/VersionData` and the same of the other objects that hold bytes.
pub(crate) fn blob(state: &State, call: &Call, object: &str, id: &str, field: &str) -> Result<Reply, ApiError> {
    let is_blob = |(holder, bytes): &&(&str, &str)| object.eq_ignore_ascii_case(holder) && field.eq_ignore_ascii_case(bytes);
    let (holder, _) = BLOBS.iter().find(is_blob).ok_or_else(not_found)?;
    if call.nested {
        return Err(ApiError::new(400, "INVALID_OPERATION", "file content cannot be part of a composite request"));
    }
    let org = state.org();
    org.row(id).filter(|row| row.schema().name == *holder && !row.is_deleted()).ok_or_else(not_found)?;
    let bytes = org.file(id).ok_or_else(not_found)?;
    Ok(Reply { status: 200, headers: Vec::new(), body: Body::File(bytes) })
}

/// Spares the client what it has: 304 when the org's schema, which is as old as the server, has not changed since.
fn conditional(state: &State, call: &Call, name: &str, make: impl FnOnce() -> Reply) -> Reply {
    let tag = entity_tag(state, name);
    let unchanged = match (&call.if_none_match, &call.if_modified_since) {
        (Some(tags), _) => tags.split(',').any(|known| known.trim() == tag),
        (None, Some(date)) => parse_date(date).is_some_and(|since| state.started.as_second() <= since.as_second()),
        (None, None) => false,
    };
    let reply = if unchanged { Reply::empty(304) } else { make() };
    reply.header("ETag", tag).header("Last-Modified", http_date(state.started))
}

/// The same for the same resource of the same server.
fn entity_tag(state: &State, name: &str) -> String {
    let sum = state.tokens.sign(&format!("{name} at {}", state.started));
    let sum: String = sum.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{sum}\"")
}

fn parse_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// A moment as HTTP writes it: `Thu, 03 Sep 2020 21:35:07 GMT`.
pub(crate) fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_read_as_they_are_written() {
        let at = Timestamp::from_second(1_599_168_907).unwrap();
        assert_eq!(http_date(at), "Thu, 03 Sep 2020 21:35:07 GMT");
        assert_eq!(parse_date(&http_date(at)), Some(at));
        assert_eq!(parse_date("yesterday"), None);
    }
}
