//! How far runs are, and what they set aside.

use rusqlite::{OptionalExtension, Transaction, params};

use domain::{Checkpoint, ConnectorId, JobType, Timestamp};
use ports::{SetAside, Target};

/// Keeps a checkpoint in place of the one before.
pub(super) fn store(
    transaction: &Transaction<'_>,
    connector: &ConnectorId,
    kind: JobType,
    checkpoint: &Checkpoint,
) -> rusqlite::Result<()> {
    let state = checkpoint.encode();
    let values = params![connector.as_str(), kind.as_str(), checkpoint.run.as_str(), state];
    transaction
        .prepare_cached(
            "INSERT INTO checkpoints (connector, kind, run, state) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET run = excluded.run, state = excluded.state",
        )?
        .execute(values)?;
    Ok(())
}

/// The checkpoint of the connector's unfinished run.
pub(super) fn load(transaction: &Transaction<'_>, connector: &ConnectorId, kind: JobType) -> rusqlite::Result<Option<Checkpoint>> {
    let state: Option<String> = transaction
        .prepare_cached("SELECT state FROM checkpoints WHERE connector = ?1 AND kind = ?2")?
        .query_row(params![connector.as_str(), kind.as_str()], |row| row.get(0))
        .optional()?;
    let Some(state) = state else { return Ok(None) };
    let decoded = Checkpoint::decode(&state);
    if decoded.is_none() {
        tracing::warn!(connector = connector.as_str(), kind = kind.as_str(), "a checkpoint is unreadable; the run starts anew");
    }
    Ok(decoded)
}

/// Forgets the checkpoint of a run that is complete, and with it what earlier runs of its kind had set aside.
///
/// Set-asides do not say the kind of their run; the run of a checkpoint does. Those of runs that never got to a checkpoint go as well:
/// nobody can resume them, so whatever stopped them has been met again since.
pub(super) fn clear(transaction: &Transaction<'_>, connector: &ConnectorId, kind: JobType) -> rusqlite::Result<()> {
    let key = params![connector.as_str(), kind.as_str()];
    let run: Option<String> = transaction
        .prepare_cached("DELETE FROM checkpoints WHERE connector = ?1 AND kind = ?2 RETURNING run")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let Some(run) = run else { return Ok(()) };
    let values = params![connector.as_str(), kind.as_str(), run];
    transaction.prepare_cached("UPDATE set_aside SET kind = ?2 WHERE connector = ?1 AND run = ?3")?.execute(values)?;
    transaction
        .prepare_cached(
            "DELETE FROM set_aside WHERE connector = ?1 AND run <> ?3 AND (kind = ?2 OR kind IS NULL)
             AND run NOT IN (SELECT run FROM checkpoints WHERE connector = ?1)",
        )?
        .execute(values)?;
    Ok(())
}

/// Remembers what was set aside. A page that is read again changes nothing.
pub(super) fn set_aside(transaction: &Transaction<'_>, target: &Target, entries: &[SetAside], now: Timestamp) -> rusqlite::Result<()> {
    let at = now.to_string();
    let mut insert = transaction.prepare_cached(
        "INSERT INTO set_aside (connector, index_name, run, id, what, code, message, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET at = excluded.at",
    )?;
    for SetAside { id, what, fault } in entries {
        let id = id.as_ref().map_or("", |id| id.as_str());
        let (connector, index, run) = (target.connector.as_str(), target.index.as_str(), target.run.as_str());
        insert.execute(params![connector, index, run, id, what, fault.code.id, fault.message, at])?;
    }
    Ok(())
}
