//! Finds the endpoint for a call and answers it. Parts of composite requests come through here as well.

use std::cmp::Ordering;

use serde_json::json;

use super::call::Call;
use super::reply::Reply;
use super::route::{Resource, Route};
use super::{State, composite, oauth, objects, page, query, search};
use crate::fault::ApiError;

/// First and last API version that is answered. Older ones are retired.
const VERSIONS: std::ops::RangeInclusive<u32> = 31..=68;

/// Answers one call. Never fails: a refusal is an answer.
pub(crate) fn answer(state: &State, call: &Call) -> Reply {
    let route = Route::of(&call.path);
    // Clients that send a GET to the token endpoint get an OAuth error, not a REST one.
    let allowed = route.methods();
    if route != Route::Token && route != Route::Unknown && !allowed.contains(&call.method.as_str()) {
        return method_not_allowed(&call.method, allowed).into();
    }
    match route {
        Route::Root => Reply::empty(200),
        Route::Versions => versions(),
        Route::Token => oauth::token(state, call),
        Route::Revoke => oauth::revoke(state, call),
        Route::UserInfo => oauth::user_info(state, call).unwrap_or_else(Reply::from),
        Route::Page(id) => page::record(&state.org, id),
        Route::Rest { version, resource } => rest(state, call, version, resource).unwrap_or_else(Reply::from),
        Route::Unknown => not_found().into(),
    }
}

fn rest(state: &State, call: &Call, version: &str, resource: Resource<'_>) -> Result<Reply, ApiError> {
    let version = check_version(version)?;
    oauth::check_bearer(state, call)?;
    if !call.nested {
        state.ledger.count_call();
    }
    match resource {
        Resource::Resources => Ok(resources(version)),
        Resource::Limits => Ok(limits(state)),
        Resource::RecordCount => Ok(record_count(state, call)),
        Resource::DescribeGlobal => Ok(objects::global(state, call, version)),
        Resource::ObjectInfo(name) => objects::info(state, version, name),
        Resource::Describe(name) => objects::describe(state, call, version, name),
        Resource::Query => query::first_page(state, call, version, false),
        Resource::QueryAll => query::first_page(state, call, version, true),
        Resource::Search => search::by_sosl(state, call, version),
        Resource::ParameterizedSearch => search::by_parameters(state, call, version),
        Resource::QueryMore(cursor) => query::next_page(state, call, cursor),
        Resource::Record { object, id } => query::record(state, call, version, object, id),
        Resource::Blob { object, id, field } => objects::blob(state, call, object, id, field),
        Resource::Composite if !call.nested => composite::answer(state, call),
        Resource::Composite | Resource::Unknown => Err(not_found()),
    }
}

/// Turns `v64.0` into `64.0`.
fn check_version(text: &str) -> Result<&str, ApiError> {
    let version = text.strip_prefix('v').ok_or_else(not_found)?;
    let number: u32 =
        version.strip_suffix(".0").filter(|digits| digits.len() == 2).and_then(|digits| digits.parse().ok()).ok_or_else(not_found)?;
    match (number.cmp(VERSIONS.start()), number.cmp(VERSIONS.end())) {
        (Ordering::Less, _) => Err(ApiError::new(410, "UNSUPPORTED_API_VERSION", format!("API version {version} is retired"))),
        (_, Ordering::Greater) => Err(not_found()),
        _ => Ok(version),
    }
}

/// The refusal of a path that names nothing.
pub(crate) fn not_found() -> ApiError {
    ApiError::new(404, "NOT_FOUND", "The requested resource does not exist")
}

/// The refusal of a method.
pub(crate) fn method_not_allowed(method: &str, allowed: &[&str]) -> ApiError {
    ApiError::new(405, "METHOD_NOT_ALLOWED", format!("HTTP Method '{method}' not allowed. Allowed are {}", allowed.join(",")))
}

/// `GET /services/data`: no token needed.
fn versions() -> Reply {
    let version = |number: u32| {
        // Three releases a year; Winter '27 is 68.
        let (season, year) = match number % 3 {
            0 => ("Spring", (number + 12) / 3),
            1 => ("Summer", (number + 11) / 3),
            _ => ("Winter", (number + 13) / 3),
        };
        json!({ "label": format!("{season} '{year}"), "url": format!("/services/data/v{number}.0"), "version": format!("{number}.0") })
    };
    Reply::value(&VERSIONS.map(version).collect())
}

fn resources(version: &str) -> Reply {
    let base = format!("/services/data/v{version}");
    let names = ["composite", "limits", "parameterizedSearch", "query", "queryAll", "search", "sobjects"];
    let mut list: serde_json::Map<_, _> = names.into_iter().map(|name| (name.to_owned(), format!("{base}/{name}").into())).collect();
    list.insert("identity".to_owned(), "/services/oauth2/userinfo".into());
    Reply::value(&list.into())
}

fn limits(state: &State) -> Reply {
    let used = state.ledger.api_calls();
    let left = |max: u64, used: u64| json!({ "Max": max, "Remaining": max.saturating_sub(used) });
    Reply::value(&json!({
        "ConcurrentAsyncGetReportInstances": left(200, 0),
        "DailyApiRequests": left(super::DAILY_CALLS, used),
        "DailyBulkApiBatches": left(15_000, 0),
        "DailyBulkV2QueryFileStorageMB": left(976_562, 0),
        "DailyBulkV2QueryJobs": left(10_000, 0),
        "DataStorageMB": left(10_240, 0),
        "FileStorageMB": left(10_240, 0),
        "HourlyPublishedPlatformEvents": left(50_000, 0),
    }))
}

/// `GET /limits/recordCount?sObjects=A,B`: all objects without the parameter, unknown names left out.
fn record_count(state: &State, call: &Call) -> Reply {
    let wanted = call.parameter("sObjects");
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|names| names.split(',').any(|wish| wish.trim().eq_ignore_ascii_case(name)));
    let org = state.org();
    let counted = org.objects().filter(|object| is_wanted(&object.name));
    let counts: Vec<_> = counted.map(|object| json!({ "count": org.count(&object.name), "name": object.name })).collect();
    Reply::value(&json!({ "sObjects": counts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_31_to_68_are_answered() {
        for (text, status) in [("v31.0", 0), ("v68.0", 0), ("v30.0", 410), ("v69.0", 404), ("v64.5", 404), ("64.0", 404), ("v064.0", 404)] {
            assert_eq!(check_version(text).map_or_else(|error| error.status, |_| 0), status, "{text}");
        }
    }
}
