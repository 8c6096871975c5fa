//! `UserRecordAccess`: a table that is made for each query, from the question in its WHERE.

use std::sync::Arc;

use domain::soql::{Check, Comparison, Condition, Literal, Membership, Operand, Path, Query, SelectKind, Test, Value};
use jiff::Timestamp;
use serde_json::json;

use super::rows::live;
use super::{Asker, Right};
use crate::fault::ApiError;
use crate::org::{FieldKind, FieldSchema, IdKey, ObjectSchema, Org, OrgBuilder};

/// Name of the object.
pub(crate) const OBJECT: &str = "UserRecordAccess";

/// Records that a query may ask about (Salesforce's limit).
const MAX_RECORDS: usize = 200;

/// Fields that tell about access.
const ACCESS: [&str; 6] = ["HasReadAccess", "HasEditAccess", "HasDeleteAccess", "HasTransferAccess", "HasAllAccess", "MaxAccessLevel"];

const SELECTABLE: &str = "Can select only RecordId, a Has*Access field, and MaxAccessLevel";

/// What is selected when access is filtered by is the records alone.
const ONLY_RECORDS: &str = "Can select only RecordId when filtering by an access level field";

/// An org with nothing but the answers to a query: one row per record that exists and that the running user may read (without a
/// running user: all that exist). The query itself then runs on it.
///
/// # Errors
/// When the query selects other fields, does not name one user and at least one record, or names more than 200 records.
pub(crate) fn access_rows(org: &Org, runner: Option<&str>, query: &Query, now: Timestamp) -> Result<Arc<Org>, ApiError> {
    check_select(query)?;
    let question = Question::of(query)?;
    let (subject, runner) = (Asker::of(org, &question.user.to_18(), now), runner.map(|runner| Asker::of(org, runner, now)));
    let mut builder = OrgBuilder::new(vec![schema()]);
    for record in question.records {
        let Some(row) = org.row(&record.to_18()).filter(live) else { continue };
        let is_shown = runner.as_ref().is_none_or(|runner| runner.as_ref().is_some_and(|runner| runner.may(row, Right::Read)));
        if !is_shown {
            continue;
        }
        let may = |right| subject.as_ref().is_some_and(|subject| subject.may(row, right));
        let rights = [Right::Read, Right::Edit, Right::Delete, Right::All].map(may);
        builder.push_value(OBJECT, &access_row(question.user, record, rights)).map_err(internal)?;
    }
    Ok(Arc::new(builder.build()))
}

/// One answer; `rights` are Read, Edit, Delete and All.
fn access_row(user: IdKey, record: IdKey, rights: [bool; 4]) -> serde_json::Value {
    let [read, edit, delete, all] = rights;
    let level = match rights {
        [.., true] => "All",
        [_, _, true, _] => "Delete",
        [_, true, ..] => "Edit",
        [true, ..] => "Read",
        _ => "None",
    };
    json!({
        "Id": record.to_18(), "UserId": user.to_18(), "RecordId": record.to_18(), "HasReadAccess": read, "HasEditAccess": edit,
        "HasDeleteAccess": delete, "HasTransferAccess": all, "HasAllAccess": all, "MaxAccessLevel": level,
    })
}

fn schema() -> ObjectSchema {
    let mut fields = vec![FieldSchema::new("Id", FieldKind::Id)];
    fields.extend(["UserId", "RecordId"].map(|name| FieldSchema::new(name, FieldKind::Reference)));
    fields.extend(ACCESS.map(|name| {
        let kind = if name == "MaxAccessLevel" { FieldKind::Picklist } else { FieldKind::Boolean };
        FieldSchema::new(name, kind)
    }));
    ObjectSchema { name: OBJECT.to_owned(), queryable: true, fields, ..ObjectSchema::default() }
}

fn check_select(query: &Query) -> Result<(), ApiError> {
    let names: Option<Vec<&str>> = query.select.iter().map(|item| plain_field(&item.kind)).collect();
    let names = names.ok_or_else(|| refused("INVALID_FIELD", SELECTABLE))?;
    let is = |name: &str, known: &str| name.eq_ignore_ascii_case(known);
    let selectable = |name: &&str| is(name, "RecordId") || ACCESS.iter().any(|known| is(name, known));
    if !names.iter().all(selectable) {
        return Err(refused("INVALID_FIELD", SELECTABLE));
    }
    let by_access = tests(query).any(|test| ACCESS.iter().any(|known| is_about(test, known)));
    if by_access && !names.iter().all(|name| is(name, "RecordId")) {
        return Err(refused("INVALID_FIELD", ONLY_RECORDS));
    }
    Ok(())
}

fn plain_field(kind: &SelectKind) -> Option<&str> {
    match kind {
        SelectKind::Field(path) => last(path),
        _ => None,
    }
}

/// The field that a path ends with, an alias before it left out.
fn last(path: &Path) -> Option<&str> {
    path.parts.last().filter(|_| path.parts.len() <= 2).map(|name| name.text.as_str())
}

/// Whose access to which records.
struct Question {
    user: IdKey,
    /// Each once, in the order of the query.
    records: Vec<IdKey>,
}

impl Question {
    fn of(query: &Query) -> Result<Self, ApiError> {
        let unfiltered = || {
            let message = "Implementation restriction: UserRecordAccess requires a filter by a single Id on UserId using the equals operator \
                           and by RecordId using the equals or 'IN' operator.";
            refused("MALFORMED_QUERY", message)
        };
        let named = |field: &str| tests(query).find_map(|test| ids(test, field)).ok_or_else(unfiltered);
        let [user] = *named("UserId")??.as_slice() else { return Err(unfiltered()) };
        let mut records = Vec::new();
        for record in named("RecordId")?? {
            if !records.contains(&record) {
                records.push(record);
            }
        }
        if records.len() > MAX_RECORDS {
            return Err(refused("EXCEEDED_ID_LIMIT", format!("Number of records exceeds limit: {MAX_RECORDS}")));
        }
        Ok(Self { user, records })
    }
}

/// The tests that all must hold.
fn tests(query: &Query) -> impl Iterator<Item = &Test> {
    let terms = match &query.filter {
        Some(Condition::And(terms)) => terms.as_slice(),
        Some(term) => std::slice::from_ref(term),
        None => &[],
    };
    terms.iter().filter_map(|term| match term {
        Condition::Test(test) => Some(test),
        Condition::And(_) | Condition::Or(_) | Condition::Not(_) => None,
    })
}

fn is_about(test: &Test, field: &str) -> bool {
    matches!(&test.operand, Operand::Field(path) if last(path).is_some_and(|name| name.eq_ignore_ascii_case(field)))
}

/// The ids that a test asks a field for; none when it is about another field or asks otherwise.
fn ids(test: &Test, field: &str) -> Option<Result<Vec<IdKey>, ApiError>> {
    if !is_about(test, field) {
        return None;
    }
    match &test.check {
        Check::Compare(Comparison::Equal, literal) => Some(id(literal).map(|id| vec![id])),
        Check::In(Membership::In, literals) => Some(literals.iter().map(id).collect()),
        _ => None,
    }
}

fn id(literal: &Literal) -> Result<IdKey, ApiError> {
    let text = match &literal.value {
        Value::String(text) => text.as_str(),
        _ => "",
    };
    IdKey::parse(text).ok_or_else(|| refused("INVALID_QUERY_FILTER_OPERATOR", format!("invalid ID field: {text}")))
}

fn refused(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(400, code, message)
}

fn internal(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(500, "UNKNOWN_EXCEPTION", error.to_string())
}
