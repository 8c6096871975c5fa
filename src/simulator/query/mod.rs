//! Answers SOQL from an org, as the REST resources `query` and `queryAll` do, and SOSL, as `search` does.

mod aggregate;
mod columns;
mod compiler;
mod cursors;
mod filter;
mod matcher;
mod moment;
mod order;
mod path;
mod plan;
mod refusal;
mod result;
mod search;

use std::sync::Arc;

use domain::soql;
use jiff::Timestamp;

use self::compiler::{Compiled, Compiler, Shared};
pub use self::cursors::Cursors;
pub use self::result::{Page, ResultSet};
pub use self::search::search;
use crate::fault::ApiError;
use crate::org::Org;
use crate::permissions;

/// What a query needs to know besides its text.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Version in the request's path, for example `59.0`; it comes back in `attributes.url`.
    pub api_version: &'a str,
    /// The time that date literals are relative to.
    pub now: Timestamp,
    /// Whether deleted rows are seen (`queryAll`).
    pub all_rows: bool,
}

/// Runs a query: finds the rows, renders nothing yet.
///
/// # Errors
/// The refusal that Salesforce gives for the query, with its code and text.
pub fn run(org: &Arc<Org>, soql: &str, context: &Context<'_>) -> Result<ResultSet, ApiError> {
    let query = soql::parse(soql).map_err(|error| ApiError::new(400, error.code(), error.render(soql)))?;
    if let [object] = query.from.path.parts.as_slice()
        && object.is(permissions::OBJECT)
        && org.object(permissions::OBJECT).is_none()
    {
        let answers = permissions::access_rows(org.whole(), org.viewer(), &query, context.now)?;
        return answer(&answers, soql, context, &query);
    }
    answer(org, soql, context, &query)
}

fn answer(org: &Arc<Org>, soql: &str, context: &Context<'_>, query: &soql::Query) -> Result<ResultSet, ApiError> {
    let shared = Shared::default();
    let compiled = Compiler::new(org, soql, context, &shared, query)?.statement(query)?;
    let version = context.api_version;
    match compiled {
        Compiled::Count(plan) => Ok(ResultSet::of_count(org, version, plan.rows(org, None).len())),
        Compiled::Groups(plan, aggregation) => {
            let groups = aggregation.run(org, plan.table, &plan.rows(org, None))?;
            Ok(ResultSet::of_groups(org, version, groups))
        }
        Compiled::Records(plan) => {
            let rows = plan.rows(org, None);
            let record = plan.record.ok_or_else(|| ApiError::new(500, "UNKNOWN_EXCEPTION", "a query without a select list"))?;
            Ok(ResultSet::of_rows(org, version, rows, record))
        }
    }
}

#[cfg(test)]
mod tests;
