//! Full-text search: hits by relevance, how many of each kind, and the places that match.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, params};

use domain::Fault;

use super::query;
use super::reader::{Reader, bytes, kind_and_count};
use super::text::Extract;

/// Bytes of a document that are looked through for the place that matches; finding it takes the square of the matches.
const EXCERPT: usize = 1 << 16;
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
    /// The best place in its text, matches between `\u{1}` and `\u{2}`. If only the title matches, the start of the text. Plain text, not HTML.
    pub fragments: Vec<String>,
}

impl Reader {
    /// Searches. Whatever is typed is a valid request.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, Fault> {
        let typed = query::fts(&request.text);
        // One transaction: hits and numbers are of the same moment. It is never committed, so that the excerpts leave nothing behind.
        self.with(|db| answer(&db.transaction()?, request, typed.as_deref()))
    }
}

/// Gives a connection the place where excerpts are made: the main table keeps no text, so the hits' text is indexed once more, in memory.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("CREATE VIRTUAL TABLE temp.excerpts USING fts5 (title, text, tokenize = 'unicode61 remove_diacritics 2')")
}

fn answer(transaction: &Transaction<'_>, request: &SearchRequest, typed: Option<&str>) -> rusqlite::Result<SearchAnswer> {
    let kinds = kinds(transaction, request, typed)?;
    let asked = |kind: &str| request.kind.as_deref().is_none_or(|asked| asked == kind);
    let total = kinds.iter().filter(|(kind, _)| asked(kind)).map(|(_, count)| count).sum();
    let mut found = find(transaction, request, typed)?;
    if let Some(typed) = typed {
        add_excerpts(transaction, typed, &mut found)?;
    }
    Ok(SearchAnswer { total, hits: found.into_iter().map(|(_, hit)| hit).collect(), kinds })
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
    if typed.is_some() { "texts CROSS JOIN documents ON documents.no = texts.rowid" } else { "documents" }
}

fn kinds(transaction: &Transaction<'_>, request: &SearchRequest, typed: Option<&str>) -> rusqlite::Result<Vec<(String, u64)>> {
    let filter = Filter::default().and("texts MATCH ?", typed.as_ref()).and("index_name = ?", request.index.as_ref());
    let sql = format!("SELECT kind, count(*) FROM {} {} GROUP BY kind ORDER BY count(*) DESC, kind", tables(typed), filter.sql());
    let mut select = transaction.prepare_cached(&sql)?;
    select.query_map(filter.values.as_slice(), kind_and_count)?.collect()
}

fn find(transaction: &Transaction<'_>, request: &SearchRequest, typed: Option<&str>) -> rusqlite::Result<Vec<(i64, Hit)>> {
    let size = i64::try_from(request.size.min(MOST_HITS)).unwrap_or(i64::MAX);
    let from = i64::try_from(request.from).unwrap_or(i64::MAX);
    let filter = Filter::default()
        .and("texts MATCH ?", typed.as_ref())
        .and("index_name = ?", request.index.as_ref())
        .and("kind = ?", request.kind.as_ref());
    // By rank alone: the full-text index then sorts by itself, and documents are looked up for the hits that are wanted only.
    let (score, order) = if typed.is_some() { ("-rank", "rank") } else { ("0.0", "modified DESC, no DESC") };
    let sql = format!(
        "SELECT no, id, kind, documents.title, url, modified, {score} FROM {} {} ORDER BY {order} LIMIT ? OFFSET ?",
        tables(typed),
        filter.sql()
    );
    let mut values = filter.values;
    values.extend([&size as &dyn ToSql, &from]);
    let mut select = transaction.prepare_cached(&sql)?;
    select.query_map(values.as_slice(), hit)?.collect()
}

fn hit(row: &Row<'_>) -> rusqlite::Result<(i64, Hit)> {
    let hit = Hit {
        id: row.get(1)?,
        kind: row.get(2)?,
        title: row.get(3)?,
        url: row.get(4)?,
        modified: row.get(5)?,
        score: row.get(6)?,
        fragments: Vec::new(),
    };
    Ok((row.get(0)?, hit))
}

fn add_excerpts(transaction: &Transaction<'_>, typed: &str, hits: &mut [(i64, Hit)]) -> rusqlite::Result<()> {
    let mut texts = Vec::with_capacity(hits.len());
    for (no, hit) in &*hits {
        let text = text_of(transaction, *no)?;
        let insert = "INSERT INTO temp.excerpts (rowid, title, text) VALUES (?1, ?2, ?3)";
        transaction.prepare_cached(insert)?.execute(params![no, hit.title, text])?;
        texts.push(text);
    }
    let mut select = transaction.prepare_cached(
        "SELECT snippet(excerpts, 1, char(1), char(2), '…', 24) FROM temp.excerpts WHERE excerpts MATCH ?1 AND rowid = ?2",
    )?;
    for ((no, hit), text) in hits.iter_mut().zip(texts) {
        let found: Option<String> = select.query_row(params![typed, *no], |row| row.get(0)).optional()?;
        // No row: the match lies behind the part that is looked through.
        let fragment = found.unwrap_or_else(|| text.split_inclusive(char::is_whitespace).take(24).collect());
        hit.fragments.extend(Some(fragment).filter(|fragment| !fragment.trim().is_empty()));
    }
    Ok(())
}

/// The start of a document's text, free of the characters that mark matches.
fn text_of(transaction: &Transaction<'_>, no: i64) -> rusqlite::Result<String> {
    let extract = transaction
        .prepare_cached("SELECT body FROM bodies WHERE no = ?1")?
        .query_row([no], |row| Ok(Extract::of(bytes(row.get_ref(0)?))))?;
    let mut text = extract.text;
    text.truncate(text.floor_char_boundary(EXCERPT));
    Ok(text.replace(['\u{1}', '\u{2}'], " "))
}
