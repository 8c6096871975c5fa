//! Writing documents: put, keep, and the work on those that are to go. Triggers of the schema keep the words in step.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Transaction, named_params, params};

use domain::{BulkOp, ConnectorId, Document, Hold, IndexName, ItemOutcome, RecordId, RunId, bulk};
use ports::Target;

use super::access::{self, Lists};
use super::text::Extract;

/// SQLite holds at most a billion bytes in a row.
const LARGEST: usize = 999_000_000;
/// Documents that a sweep works on in one transaction, so that others get their turn.
pub(super) const STEP: usize = 10_000;

/// Does all of `ops`; the outcomes in order.
pub(super) fn submit(transaction: &Transaction<'_>, target: &Target, ops: &[BulkOp]) -> rusqlite::Result<Vec<ItemOutcome>> {
    let mut outcomes = Vec::with_capacity(ops.len());
    let mut lists = Lists::default();
    for op in ops {
        outcomes.push(match op {
            BulkOp::Put(document) => match bulk::check_size(document, LARGEST) {
                Ok(()) => put(transaction, target, document, &mut lists)?,
                Err(fault) => ItemOutcome::SetAside(fault),
            },
            BulkOp::Keep(id) => keep(transaction, target, *id)?,
        });
    }
    Ok(outcomes)
}

/// JSON for a TEXT column, without a look at whether it is UTF-8: what goes in comes out.
struct Json<'a>(&'a [u8]);
impl ToSql for Json<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

fn put(transaction: &Transaction<'_>, target: &Target, document: &Document, lists: &mut Lists) -> rusqlite::Result<ItemOutcome> {
    let body = Json(&document.body);
    let there: Option<(i64, bool)> = transaction
        .prepare_cached("SELECT no, body = ?3 FROM documents JOIN bodies USING (no) WHERE index_name = ?1 AND id = ?2")?
        .query_row(params![target.index.as_str(), document.id.as_str(), body], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match there {
        None => insert(transaction, target, document, lists)?,
        Some((no, true)) => {
            let stamp = "UPDATE documents SET run = ?2, connector = ?3 WHERE no = ?1";
            transaction.prepare_cached(stamp)?.execute(params![no, target.run.as_str(), target.connector.as_str()])?;
        }
        Some((no, false)) => replace(transaction, target, document, lists, no)?,
    }
    Ok(ItemOutcome::Written)
}

/// What is kept of a document in columns. Of an access document nothing: it is no hit of any search.
fn extract(target: &Target, document: &Document) -> Extract {
    if access::guarded(target.index.as_str()).is_some() { Extract::default() } else { Extract::of(&document.body) }
}

fn insert(transaction: &Transaction<'_>, target: &Target, document: &Document, lists: &mut Lists) -> rusqlite::Result<()> {
    let extract = extract(target, document);
    let readers = lists.number(transaction, target.index.as_str(), &extract.tokens)?;
    let no = transaction
        .prepare_cached(
            "INSERT INTO documents (index_name, id, connector, run, kind, title, url, modified, readers)
             VALUES (:index, :id, :connector, :run, :kind, :title, :url, :modified, :readers)",
        )?
        .insert(named_params! {
            ":index": target.index.as_str(), ":id": document.id.as_str(),
            ":connector": target.connector.as_str(), ":run": target.run.as_str(),
            ":kind": extract.kind, ":title": extract.title, ":url": extract.url, ":modified": extract.modified, ":readers": readers,
        })?;
    transaction.prepare_cached("INSERT INTO bodies (no, body) VALUES (?1, ?2)")?.execute(params![no, Json(&document.body)])?;
    if let Some(index) = access::guarded(target.index.as_str()) {
        return access::user(transaction, index, no, document);
    }
    let words = "INSERT INTO texts (no, title, text) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(words)?.execute(params![no, extract.title, extract.text])?;
    Ok(())
}

fn replace(transaction: &Transaction<'_>, target: &Target, document: &Document, lists: &mut Lists, no: i64) -> rusqlite::Result<()> {
    let extract = extract(target, document);
    let readers = lists.number(transaction, target.index.as_str(), &extract.tokens)?;
    transaction
        .prepare_cached(
            "UPDATE documents SET connector = :connector, run = :run, kind = :kind, title = :title, url = :url, modified = :modified,
             readers = :readers WHERE no = :no",
        )?
        .execute(named_params! {
            ":no": no, ":connector": target.connector.as_str(), ":run": target.run.as_str(),
            ":kind": extract.kind, ":title": extract.title, ":url": extract.url, ":modified": extract.modified, ":readers": readers,
        })?;
    transaction.prepare_cached("UPDATE bodies SET body = ?2 WHERE no = ?1")?.execute(params![no, Json(&document.body)])?;
    if let Some(index) = access::guarded(target.index.as_str()) {
        return access::user(transaction, index, no, document);
    }
    // Most changes are of dates and ids, which nobody searches for.
    let words = "UPDATE texts SET title = ?2, text = ?3 WHERE no = ?1 AND (title <> ?2 OR text <> ?3)";
    transaction.prepare_cached(words)?.execute(params![no, extract.title, extract.text])?;
    Ok(())
}

/// Only of this connector: another one's document keeps the stamp that its own sweep looks for.
fn keep(transaction: &Transaction<'_>, target: &Target, id: RecordId) -> rusqlite::Result<ItemOutcome> {
    let stamp = "UPDATE documents SET run = ?4 WHERE index_name = ?1 AND id = ?2 AND connector = ?3";
    let values = params![target.index.as_str(), id.as_str(), target.connector.as_str(), target.run.as_str()];
    transaction.prepare_cached(stamp)?.execute(values)?;
    Ok(ItemOutcome::Written)
}

/// Documents of a connector that are to go.
#[derive(Clone, Debug)]
pub(super) struct Doomed {
    index: IndexName,
    connector: ConnectorId,
    run: RunId,
    /// Whether they have that stamp, or any other one.
    stamped: bool,
    /// Kinds that stay. A JSON array; lists cannot be bound.
    spare: String,
}

/// What is done to them.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// They go.
    Delete,
    /// They get another stamp.
    Stamp(String),
}

/// Documents of a connector. Walks the table by number, which is where steps are bounded.
/// An index of access documents belongs to that of the content, whatever its connector is called.
const OWN: &str = "documents NOT INDEXED WHERE index_name = ?1 AND (connector = ?2 OR index_name GLOB '.search-acl-filter-*')";
/// Which of them are doomed.
const DOOMED: &str = "(run = ?3) = ?4 AND kind NOT IN (SELECT value FROM json_each(?5))";

impl Doomed {
    /// Those that a run did not meet, except those of some kinds.
    pub(super) fn not_met(Target { connector, index, run, mark: _ }: &Target, spare: &[String]) -> Self {
        let spare = serde_json::json!(spare).to_string();
        Self { index: index.clone(), connector: connector.clone(), run: run.clone(), stamped: false, spare }
    }

    /// Those that were held back and not touched since.
    pub(super) fn held(hold: &Hold) -> Self {
        let Hold { connector, index, mark, .. } = hold;
        Self { index: index.clone(), connector: connector.clone(), run: RunId::new(mark.as_str()), stamped: true, spare: "[]".to_owned() }
    }

    /// How many they are, and how many documents the connector has in the index.
    pub(super) fn count(&self, transaction: &Transaction<'_>) -> rusqlite::Result<(u64, u64)> {
        let Self { index, connector, run, stamped, spare } = self;
        let values = params![index.as_str(), connector.as_str(), run.as_str(), stamped, spare];
        let count = format!("SELECT count(*) FILTER (WHERE {DOOMED}), count(*) FROM {OWN}");
        transaction.query_row(&count, values, |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs())))
    }

    /// Does the work on up to `most` of them whose number is above `after`.
    ///
    /// Gives how many, and where to go on; `None` when there are no more.
    pub(super) fn step(&self, transaction: &Transaction<'_>, work: &Work, after: i64, most: usize) -> rusqlite::Result<(u64, Option<i64>)> {
        let Self { index, connector, run, stamped, spare } = self;
        let (index, connector, run) = (index.as_str(), connector.as_str(), run.as_str());
        let last: Option<i64> = transaction
            .prepare_cached(&format!("SELECT max(no) FROM (SELECT no FROM {OWN} AND {DOOMED} AND no > ?6 ORDER BY no LIMIT ?7)"))?
            .query_row(params![index, connector, run, stamped, spare, after, i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0))?;
        let Some(last) = last else { return Ok((0, None)) };
        let done = match work {
            Work::Delete => transaction
                .prepare_cached(&format!("DELETE FROM {OWN} AND {DOOMED} AND no > ?6 AND no <= ?7"))?
                .execute(params![index, connector, run, stamped, spare, after, last])?,
            Work::Stamp(stamp) => transaction
                .prepare_cached(&format!(
                    "UPDATE documents SET run = ?8 WHERE no IN (SELECT no FROM {OWN} AND {DOOMED} AND no > ?6 AND no <= ?7)"
                ))?
                .execute(params![index, connector, run, stamped, spare, after, last, stamp])?,
        };
        Ok((done as u64, Some(last)))
    }
}
