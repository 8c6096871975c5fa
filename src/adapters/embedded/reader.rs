//! Reading beside the writer: documents, counts, jobs, and the whole index in order.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use domain::{Fault, JobType, Timestamp};
use ports::JobRecord;

use super::{access, board, fault, store};
use crate::export::ExportError;

/// Connections kept for the next reader. More are opened when more read at once.
const IDLE: usize = 4;

/// Reads the index. Cheap to clone, usable from any thread; calls block for as long as the disk takes, and never hold up the writer.
#[derive(Clone)]
pub struct Reader(Arc<Pool>);

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// Why something is not in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAsideRecord {
    /// The index it is missing from.
    pub index: String,
    /// The run that set it aside.
    pub run: String,
    /// The document, when it has an id.
    pub id: Option<String>,
    /// What it was: an object's name, or `file`.
    pub what: String,
    /// A row of [`domain::CODES`].
    pub code: String,
    /// What exactly happened.
    pub message: String,
    /// When, for the last time.
    pub at: Timestamp,
}

impl Reader {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Pool { path, idle: Mutex::default() }))
    }

    /// The JSON of one document, as it was written, whoever may read it. An access document is found under the name of its own index.
    pub fn document(&self, index: &str, id: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.with(|db| {
            db.prepare_cached("SELECT body FROM documents JOIN bodies USING (no) WHERE index_name = ?1 AND id = ?2")?
                .query_row([index, id], |row| Ok(bytes(row.get_ref(0)?).to_vec()))
                .optional()
        })
    }

    /// Gives every document of an index to `each`, as id and JSON, in the order of ids; one at a time in memory. Returns how many.
    ///
    /// All of them are of one moment, whatever is written meanwhile.
    pub fn export(&self, index: &str, mut each: impl FnMut(&str, &[u8]) -> io::Result<()>) -> Result<u64, ExportError> {
        let written = self.with(|db| {
            let mut select = db.prepare(
                "SELECT id, body FROM documents INDEXED BY documents_identity JOIN bodies USING (no) WHERE index_name = ?1 ORDER BY id",
            )?;
            let mut rows = select.query([index])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let id = row.get_ref(0)?.as_str()?;
                if let Err(error) = each(id, bytes(row.get_ref(1)?)) {
                    return Ok(Err(error));
                }
                count += 1;
            }
            Ok(Ok(count))
        })?;
        Ok(written?)
    }

    /// How many documents an index has of each kind, by name of the kind. Access documents are not counted.
    pub fn counts(&self, index: &str) -> Result<Vec<(String, u64)>, Fault> {
        if access::guarded(index).is_some() {
            return Ok(Vec::new());
        }
        self.with(|db| {
            let mut select = db.prepare_cached("SELECT kind, count(*) FROM documents WHERE index_name = ?1 GROUP BY kind ORDER BY kind")?;
            select.query_map([index], kind_and_count)?.collect()
        })
    }

    /// Names of the indices that have documents. Those of access documents are not among them.
    pub fn indices(&self) -> Result<Vec<String>, Fault> {
        let names: Vec<String> = self.with(|db| {
            // Jumps from name to name over the index instead of walking it.
            let mut select = db.prepare_cached(
                "WITH RECURSIVE names (name) AS (
                     SELECT min(index_name) FROM documents
                     UNION ALL
                     SELECT (SELECT min(index_name) FROM documents WHERE index_name > name) FROM names WHERE name IS NOT NULL
                 ) SELECT name FROM names WHERE name IS NOT NULL",
            )?;
            select.query_map([], |row| row.get(0))?.collect()
        })?;
        Ok(names.into_iter().filter(|name| access::guarded(name).is_none()).collect())
    }

    /// The latest jobs, of one connector or of all, newest first.
    pub fn jobs(&self, connector: Option<&str>, most: usize) -> Result<Vec<JobRecord>, Fault> {
        self.with(|db| board::history(db, connector, &JobType::ALL, most))
    }

    /// What is not in the index and why, newest first.
    pub fn set_asides(&self, connector: &str, most: usize) -> Result<Vec<SetAsideRecord>, Fault> {
        self.with(|db| {
            let mut select = db.prepare_cached(
                "SELECT index_name, run, id, what, code, message, at FROM set_aside WHERE connector = ?1 ORDER BY no DESC LIMIT ?2",
            )?;
            let rows = select.query_map(params![connector, i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                Ok(SetAsideRecord {
                    index: row.get(0)?,
                    run: row.get(1)?,
                    id: Some(row.get(2)?).filter(|id: &String| !id.is_empty()),
                    what: row.get(3)?,
                    code: row.get(4)?,
                    message: row.get(5)?,
                    at: board::timestamp(6, &row.get::<_, String>(6)?)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Lends a connection to `work`.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, Fault> {
        let idle = || self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = idle().pop();
        let mut db = match lent {
            Some(db) => db,
            None => store::connect_reader(&self.0.path)?,
        };
        let done = work(&mut db).map_err(fault::read);
        let mut idle = idle();
        if idle.len() < IDLE {
            idle.push(db);
        }
        done
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reader").field("path", &self.0.path).finish_non_exhaustive()
    }
}

/// A row of a kind's name and a number.
pub(super) fn kind_and_count(row: &Row<'_>) -> rusqlite::Result<(String, u64)> {
    Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
}

/// Text or not, the bytes that were written.
pub(super) fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        _ => b"",
    }
}
