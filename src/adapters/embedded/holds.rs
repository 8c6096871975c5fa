//! Deletes that wait for leave.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use domain::{ConnectorId, Hold, RunId};

/// Made whenever the file is opened for writing: files that are older than holds lack it, and nothing else in them is different.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS holds (connector TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID";

/// Makes the table if need be.
pub(super) fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.execute(TABLE, []).map(|_| ())
}

/// The stamp of documents that are held back because this run did not meet them.
pub(super) fn mark(run: &RunId) -> String {
    format!("not met by {run}")
}

/// Keeps a hold in place of the one before.
pub(super) fn keep(transaction: &Transaction<'_>, hold: &Hold) -> rusqlite::Result<()> {
    let insert = "INSERT INTO holds (connector, state) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET state = excluded.state";
    transaction.prepare_cached(insert)?.execute(params![hold.connector.as_str(), hold.encode()])?;
    Ok(())
}

/// The connector's hold.
pub(super) fn load(transaction: &Transaction<'_>, connector: &ConnectorId) -> rusqlite::Result<Option<Hold>> {
    let mut select = transaction.prepare_cached("SELECT state FROM holds WHERE connector = ?1")?;
    let state: Option<String> = select.query_row([connector.as_str()], |row| row.get(0)).optional()?;
    let hold = state.as_deref().map(Hold::decode);
    if hold == Some(None) {
        tracing::warn!(connector = connector.as_str(), "deletes that wait cannot be read; the next full run counts them anew");
    }
    Ok(hold.flatten())
}

/// Forgets it.
pub(super) fn drop(transaction: &Transaction<'_>, connector: &ConnectorId) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM holds WHERE connector = ?1")?.execute([connector.as_str()])?;
    Ok(())
}
