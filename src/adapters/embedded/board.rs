//! Jobs: posted, claimed, remembered.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use domain::{ConnectorId, Counts, Ended, IndexName, Job, JobId, JobStatus, JobType, REMEMBERED, Timestamp};
use ports::JobRecord;

/// Puts a job on the board; one that is there already stays as it is.
pub(super) fn post(db: &Connection, job: &Job, now: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO jobs (id, connector, index_name, kind, status, created, counts) VALUES (?1, ?2, ?3, ?4, 'pending', ?5, '{}')
         ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![job.id.as_str(), job.connector.as_str(), job.index.as_str(), job.kind.as_str(), now.to_string()])?;
    Ok(())
}

/// Claims the oldest job of these kinds that waits, of one of these connectors. One statement, so nobody comes between the choice and the mark.
pub(super) fn claim(db: &Connection, connectors: &[ConnectorId], kinds: &[JobType], now: Timestamp) -> rusqlite::Result<Option<Job>> {
    let ours = serde_json::json!(connectors.iter().map(ConnectorId::as_str).collect::<Vec<_>>()).to_string();
    db.prepare_cached(
        "UPDATE jobs SET status = 'in_progress', claimed = ?1, ended = NULL, error = NULL
         WHERE no = (SELECT no FROM jobs WHERE status IN ('pending', 'suspended') AND connector IN (SELECT value FROM json_each(?2))
                       AND kind IN (SELECT value FROM json_each(?3))
                     ORDER BY no LIMIT 1)
         RETURNING id, connector, index_name, kind",
    )?
    .query_row([now.to_string(), ours, names(kinds)], job)
    .optional()
}

/// Kinds as a list of JSON.
fn names(kinds: &[JobType]) -> String {
    serde_json::json!(kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()).to_string()
}

/// Says how far a job is.
pub(super) fn progress(db: &Connection, id: &JobId, counts: &Counts, now: Timestamp) -> rusqlite::Result<()> {
    let update = "UPDATE jobs SET counts = ?2, seen = ?3 WHERE id = ?1";
    db.prepare_cached(update)?.execute(params![id.as_str(), encode(counts), now.to_string()])?;
    Ok(())
}

/// Writes how a job ended, and forgets what ended long before, of its connector.
pub(super) fn finish(db: &Connection, id: &JobId, ended: &Ended, now: Timestamp) -> rusqlite::Result<()> {
    let error = ended.fault.as_ref().map(ToString::to_string);
    let update = "UPDATE jobs SET status = ?2, counts = ?3, error = ?4, ended = ?5, seen = ?5 WHERE id = ?1";
    let values = params![id.as_str(), ended.status.as_str(), encode(&ended.counts), error, now.to_string()];
    db.prepare_cached(update)?.execute(values)?;
    if let Ok(before) = now.checked_sub(REMEMBERED) {
        db.prepare_cached(
            "DELETE FROM jobs WHERE connector = (SELECT connector FROM jobs WHERE id = ?1) AND ended < ?2
             AND status NOT IN ('pending', 'suspended', 'in_progress')",
        )?
        .execute([id.as_str(), &before.to_string()])?;
    }
    Ok(())
}

/// The latest jobs of some kinds, of one connector or of all, newest first.
pub(super) fn history(db: &Connection, connector: Option<&str>, kinds: &[JobType], most: usize) -> rusqlite::Result<Vec<JobRecord>> {
    let mut select = db.prepare_cached(
        "SELECT id, connector, index_name, kind, status, created, ended, error, counts FROM jobs
         WHERE (?1 IS NULL OR connector = ?1) AND kind IN (SELECT value FROM json_each(?3)) ORDER BY no DESC LIMIT ?2",
    )?;
    let rows = select.query_map(params![connector, i64::try_from(most).unwrap_or(i64::MAX), names(kinds)], record)?;
    rows.collect()
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let text = |column| row.get::<_, String>(column);
    let kind = known(3, &text(3)?, JobType::parse)?;
    Ok(Job { id: JobId::new(text(0)?), connector: ConnectorId::new(text(1)?), index: IndexName::new(text(2)?), kind })
}

fn record(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    let text = |column| row.get::<_, String>(column);
    let ended: Option<String> = row.get(6)?;
    Ok(JobRecord {
        job: job(row)?,
        status: known(4, &text(4)?, JobStatus::parse)?,
        created: timestamp(5, &text(5)?)?,
        ended: ended.map(|text| timestamp(6, &text)).transpose()?,
        error: row.get(7)?,
        counts: known(8, &text(8)?, |text| serde_json::from_str(text).ok())?,
    })
}

/// Reads the text of a time stamp column.
pub(super) fn timestamp(column: usize, text: &str) -> rusqlite::Result<Timestamp> {
    known(column, text, |text| text.parse().ok())
}

fn known<T>(column: usize, text: &str, read: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let unknown = || rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("`{text}` is not known").into());
    read(text).ok_or_else(unknown)
}

/// [`Counts`] as JSON.
fn encode(counts: &Counts) -> String {
    // Numbers always are JSON.
    serde_json::to_string(counts).unwrap_or_default()
}
