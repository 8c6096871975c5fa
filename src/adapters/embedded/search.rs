//! Full-text search: hits by relevance, how many of each kind, and the places that match.

use rusqlite::{Row, ToSql, Transaction};

use domain::Fault;

use super::reader::{Reader, kind_and_count};
use super::{excerpt, query};

/// Hits in one answer, at most.
const MOST_HITS: usize = 1_000;

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// In this index only.
    pub index: Option<String>,
    /// As typed. All words must be there, `"several words"` in this order, the last word may be unfinished. Empty: everything, newest first.
    pub text: String,
    /// Of this kind only.
    pub kind: Option<String>,
    /// Hits to leave out at the start.
    pub from: usize,
    /// Hits wanted; never more than 1,000 are given.
    pub size: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchAnswer {
    /// Documents that match, of the kind that was asked for.
    pub total: u64,
    /// The part of them that was asked for, best first.
    pub hits: Vec<Hit>,
    /// Documents that match, of each kind whatever was asked for, most first.
    pub kinds: Vec<(String, u64)>,
}

/// A document that matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hit {
    /// Identity in the index.
    pub id: String,
    /// Name of the object, or `content_document`.
    pub kind: String,
    /// May be empty.
    pub title: String,
    /// Where to open it.
    pub url: Option<String>,
    /// When it was changed, as `2024-06-20T02:03:52Z`.
    pub modified: Option<String>,
    /// Relevance, higher is better; comparable within one answer only. 0 where nothing was looked for.
    pub score: f64,
    /// The best places in its text, matches between `\u{1}` and `\u{2}`; its start if nothing in it matches. Plain text, not HTML.
    pub fragments: Vec<String>,
}

impl Reader {
    /// Searches. Whatever is typed is a valid request.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, Fault> {
        let typed = query::fts(&request.text);
        // One transaction: hits and numbers are of the same moment.
        self.with(|db| answer(&db.transaction()?, request, typed.as_deref()))
    }
}

fn answer(transaction: &Transaction<'_>, request: &SearchRequest, typed: Option<&str>) -> rusqlite::Result<SearchAnswer> {
    let kinds = kinds(transaction, request, typed)?;
    let asked = |kind: &str| request.kind.as_deref().is_none_or(|asked| asked == kind);
    let total = kinds.iter().filter(|(kind, _)| asked(kind)).map(|(_, count)| count).sum();
    Ok(SearchAnswer { total, hits: hits(transaction, request, typed)?, kinds })
}

/// The conditions of a query, and the values in their order.
#[derive(Default)]
struct Filter<'a> {
    conditions: Vec<&'static str>,
    values: Vec<&'a dyn ToSql>,
}

impl<'a> Filter<'a> {
    fn and(mut self, condition: &'static str, value: Option<&'a (impl ToSql + 'a)>) -> Self {
        if let Some(value) = value {
            self.conditions.push(condition);
            self.values.push(value);
        }
        self
    }

    fn sql(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!("WHERE {}", self.conditions.join(" AND ")) }
    }
}

/// Where to look. A cross join keeps the planner from asking the full-text index about one document after another.
fn tables(typed: Option<&str>) -> &'static str {
    if typed.is_some() { "words CROSS JOIN documents ON documents.no = words.rowid" } else { "documents" }
}

fn kinds(transaction: &Transaction<'_>, request: &SearchRequest, typed: Option<&str>) -> rusqlite::Result<Vec<(String, u64)>> {
    let filter = Filter::default().and("words MATCH ?", typed.as_ref()).and("index_name = ?", request.index.as_ref());
    let sql = format!("SELECT kind, count(*) FROM {} {} GROUP BY kind ORDER BY count(*) DESC, kind", tables(typed), filter.sql());
    let mut select = transaction.prepare_cached(&sql)?;
    select.query_map(filter.values.as_slice(), kind_and_count)?.collect()
}

fn hits(transaction: &Transaction<'_>, request: &SearchRequest, typed: Option<&str>) -> rusqlite::Result<Vec<Hit>> {
    let size = i64::try_from(request.size.min(MOST_HITS)).unwrap_or(i64::MAX);
    let from = i64::try_from(request.from).unwrap_or(i64::MAX);
    let filter = Filter::default()
        .and("words MATCH ?", typed.as_ref())
        .and("index_name = ?", request.index.as_ref())
        .and("kind = ?", request.kind.as_ref());
    let sql = hits_sql(&filter, typed);
    let mut values = filter.values;
    values.extend([&size as &dyn ToSql, &from]);
    let mut select = transaction.prepare_cached(&sql)?;
    select.query_map(values.as_slice(), hit)?.collect()
}

fn hits_sql(filter: &Filter<'_>, typed: Option<&str>) -> String {
    let (score, text, order) = match typed {
        // By rank alone: the full-text index then sorts by itself, and texts are fetched for the hits that are wanted only.
        Some(_) => ("-rank", "highlight(words, 1, char(1), char(2))", "rank"),
        None => ("0.0", "(SELECT substr(text, 1, 400) FROM texts WHERE texts.no = documents.no)", "modified DESC, documents.no DESC"),
    };
    let (tables, filter) = (tables(typed), filter.sql());
    format!("SELECT id, kind, documents.title, url, modified, {score}, {text} FROM {tables} {filter} ORDER BY {order} LIMIT ? OFFSET ?")
}

fn hit(row: &Row<'_>) -> rusqlite::Result<Hit> {
    Ok(Hit {
        id: row.get(0)?,
        kind: row.get(1)?,
        title: row.get(2)?,
        url: row.get(3)?,
        modified: row.get(4)?,
        score: row.get(5)?,
        fragments: excerpt::of(row.get_ref(6)?.as_str()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::store;

    /// The plans of all forms of a query for hits, in SQLite's words.
    fn plans(typed: Option<&str>) -> Vec<String> {
        let db = store::in_memory();
        let plan = |filter: Filter<'_>| -> String {
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {}", hits_sql(&filter, typed))).unwrap();
            let mut values = filter.values;
            values.extend([&1 as &dyn ToSql, &1]);
            let lines = explain.query_map(values.as_slice(), |row| row.get::<_, String>(3)).unwrap();
            lines.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("; ")
        };
        let name = Some(&"name");
        let base = || Filter::default().and("words MATCH ?", typed.as_ref());
        vec![plan(base()), plan(base().and("index_name = ?", name)), plan(base().and("index_name = ?", name).and("kind = ?", name))]
    }

    #[test]
    fn texts_are_fetched_for_the_hits_that_are_wanted_only() {
        for plan in plans(Some("falcon")) {
            assert!(plan.starts_with("SCAN words VIRTUAL TABLE") && plan.contains("SEARCH documents USING INTEGER PRIMARY KEY"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }

    #[test]
    fn the_newest_documents_are_found_without_sorting_the_whole_file() {
        assert!(plans(None)[0].starts_with("SCAN documents USING INDEX documents_newest"), "{:?}", plans(None));
    }
}
