//! Answers SOSL from an org, as the REST resources `search` and `parameterizedSearch` do.
//!
//! There is no search index: the rows that a WHERE leaves are read, and their words compared with the term. Rows come in the order of
//! a query, not by relevance.

mod text;

use std::sync::Arc;

use domain::soql::{self, Count, Name, Operand, Path, Query, SelectItem, SelectKind, SoqlErrorKind, Source, Span};
use domain::sosl::{self, FieldList, Returning, Search, SearchGroup, WithClause};

use self::text::{Columns, Wanted};
use super::compiler::{Compiler, Shared};
use super::plan::{Plan, Rows};
use super::refusal::{Refuse, plain};
use super::{Context, ResultSet};
use crate::describe::is_searchable;
use crate::fault::ApiError;
use crate::org::Org;

/// Rows that a search may give (Salesforce's limit since version 28).
const MAX_ROWS: u64 = 2_000;
/// Largest OFFSET (Salesforce's limit).
const MAX_OFFSET: u64 = 2_000;
/// Characters of a term beyond which Salesforce finds nothing.
const MAX_TERM: usize = 10_000;
/// `WITH` clauses that change no rows here: how they are shown, or how the term is understood.
const HARMLESS_WITH: [&str; 4] = ["HIGHLIGHT", "METADATA", "SNIPPET", "SPELL_CORRECTION"];

/// Runs a search; gives its rows as JSON objects with a comma between them.
///
/// # Errors
/// The refusal that Salesforce gives for the search, with its code and text.
pub fn search(org: &Arc<Org>, sosl: &str, context: &Context<'_>) -> Result<Vec<u8>, ApiError> {
    let refuse = Refuse { text: sosl };
    let search = sosl::parse(sosl).map_err(|error| match error.kind {
        SoqlErrorKind::NoTerm => plain(sosl::ERROR_CODE, error.message),
        _ => plain(sosl::ERROR_CODE, error.render(sosl)),
    })?;
    search.with.iter().try_for_each(|clause| check_with(refuse, clause))?;
    let wanted = wanted(refuse, &search)?;
    let targets = targets(org, sosl, &search, context)?;
    let mut out = Vec::new();
    if search.term.text.chars().count() > MAX_TERM {
        return Ok(out);
    }
    let mut left = search.limit.map_or(MAX_ROWS, |limit| limit.value.min(MAX_ROWS));
    for target in targets {
        let found = target.rows(org, &wanted, left);
        left -= found.len() as u64;
        if let Some(record) = target.plan.record.filter(|_| !found.is_empty()) {
            out.extend_from_slice(if out.is_empty() { b"" } else { b"," });
            ResultSet::of_rows(org, context.api_version, Rows::List(found), record).records(&mut out);
        }
    }
    Ok(out)
}

/// What is looked for, if the term has a word that is long enough.
fn wanted(refuse: Refuse<'_>, search: &Search) -> Result<Wanted, ApiError> {
    let expression = search.term.expression().map_err(|error| plain(sosl::ERROR_CODE, error.render(refuse.text)))?;
    let wanted = expression.as_ref().map(Wanted::new).filter(Wanted::is_long_enough);
    wanted.ok_or_else(|| plain("INVALID_SEARCH", format!("search term must be longer than one character: {}", search.term.text)))
}

/// Refuses what would leave out rows that this org cannot tell from others.
fn check_with(refuse: Refuse<'_>, clause: &WithClause) -> Result<(), ApiError> {
    if HARMLESS_WITH.iter().any(|known| clause.keyword.is(known)) {
        return Ok(());
    }
    Err(refuse.at(clause.keyword.span, sosl::ERROR_CODE, format!("WITH {} is not supported here", clause.keyword)))
}

/// One object that is searched.
struct Target {
    plan: Plan,
    columns: Columns,
    limit: u64,
    offset: u64,
}

impl Target {
    /// The rows of this object, at most `left`.
    fn rows(&self, org: &Org, wanted: &Wanted, left: u64) -> Vec<u32> {
        let table = org.table(self.plan.table);
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let limit = count(self.limit.min(left));
        if limit == 0 {
            return Vec::new();
        }
        let rows = self.plan.rows(org, None);
        let found = rows.iter().filter(|row| wanted.is_in(&self.columns.words(table, *row)));
        found.skip(count(self.offset)).take(limit).collect()
    }
}

/// The objects of RETURNING, or all that can be searched.
fn targets(org: &Arc<Org>, sosl: &str, search: &Search, context: &Context<'_>) -> Result<Vec<Target>, ApiError> {
    let group = search.scope.unwrap_or(SearchGroup::All);
    if search.returning.is_empty() {
        let searchable = org.objects().filter(|object| is_searchable(object));
        let everything = searchable.map(|object| whole(&object.name));
        return everything.map(|returning| target(org, sosl, &returning, group, context)).collect();
    }
    search.returning.iter().map(|returning| target(org, sosl, returning, group, context)).collect()
}

/// `RETURNING object` without parentheses.
fn whole(object: &str) -> Returning {
    Returning {
        object: Name { text: object.to_owned(), span: Span::default() },
        fields: None,
        list_view: None,
        filter: None,
        order_by: Vec::new(),
        limit: None,
        offset: None,
        span: Span::default(),
    }
}

fn target(org: &Arc<Org>, sosl: &str, returning: &Returning, group: SearchGroup, context: &Context<'_>) -> Result<Target, ApiError> {
    let refuse = Refuse { text: sosl };
    if let Some(view) = &returning.list_view {
        return Err(refuse.at(view.span, sosl::ERROR_CODE, format!("list view '{view}' does not exist")));
    }
    let offset = returning.offset.map_or(0, |Count { value, .. }| value);
    if offset > MAX_OFFSET {
        return Err(plain("NUMBER_OUTSIDE_VALID_RANGE", format!("Maximum SOSL offset allowed is {MAX_OFFSET}")));
    }
    let query = query(returning)?;
    let shared = Shared::default();
    let compiler = Compiler::new(org, sosl, context, &shared, &query).map_err(as_search)?;
    let schema = org.table(compiler.table).schema();
    if !is_searchable(schema) {
        return Err(plain("INVALID_TYPE_FOR_OPERATION", format!("entity type {} does not support search", schema.name)));
    }
    let mut plan = compiler.plan(&query).map_err(as_search)?;
    compiler.select(&query, &mut plan).map_err(as_search)?;
    let columns = Columns::of(schema, group);
    Ok(Target { plan, columns, limit: returning.limit.map_or(u64::MAX, |limit| limit.value), offset })
}

/// The query for the rows among which words are looked for. LIMIT and OFFSET count the rows that have them, so they stay behind.
fn query(returning: &Returning) -> Result<Query, ApiError> {
    let object = returning.object.clone();
    let span = object.span;
    let select = match &returning.fields {
        Some(FieldList { items, .. }) => items.iter().map(item).collect(),
        None => {
            let id = Path { parts: vec![Name { text: "Id".to_owned(), span }], span };
            vec![SelectItem { kind: SelectKind::Field(id), alias: None, span }]
        }
    };
    // Clauses that only queries have are those of a query without any.
    let bare = soql::parse("SELECT Id FROM Object").map_err(|error| plain(error.code(), error.message))?;
    Ok(Query {
        select,
        from: Source { path: Path { parts: vec![object], span }, alias: None },
        filter: returning.filter.clone(),
        order_by: returning.order_by.clone(),
        span: returning.span,
        ..bare
    })
}

fn item(field: &sosl::Field) -> SelectItem {
    let kind = match &field.what {
        Operand::Field(path) => SelectKind::Field(path.clone()),
        Operand::Call(call) => SelectKind::Call(call.clone()),
    };
    SelectItem { kind, alias: field.alias.clone(), span: field.span }
}

/// A refusal of the query as one of the search.
fn as_search(error: ApiError) -> ApiError {
    if error.code == "MALFORMED_QUERY" { ApiError { code: sosl::ERROR_CODE, ..error } } else { error }
}
