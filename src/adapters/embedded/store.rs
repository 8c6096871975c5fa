//! Opens the file: whose it is, who may write it, and how SQLite is set up.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use domain::{DB_FOREIGN, Fault};
use ports::Clock;

use super::{access, fault, holds, migrate};

const FILE: &str = "sluice.sqlite";
const LOCK: &str = "sluice.lock";
const SCHEMA: &str = include_str!("schema.sql");
/// `slce` in ASCII; tells the file from other SQLite files.
const APPLICATION_ID: u32 = 0x736C_6365;
/// Of [`SCHEMA`] and [`access::SCHEMA`].
pub(super) const VERSION: u32 = 2;
/// Files from this version on are brought up to date when they are opened for writing, and can be read as they are.
const OLDEST: u32 = 1;
/// For other programs that look into the file for a moment; sluice itself keeps writers apart by a lock file.
const PATIENCE: Duration = Duration::from_secs(5);
const HEADER: usize = 100;

/// The file, opened for writing by the only process that may.
pub(super) struct Store {
    // Before the lock: fields drop in order, and the lock must outlive the last write.
    pub(super) db: Connection,
    pub(super) clock: Arc<dyn Clock>,
    _lock: File,
}

impl Store {
    /// Opens or makes the file in `dir`, which is made as well.
    pub(super) fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        std::fs::create_dir_all(dir).map_err(|error| fault::open(dir, error))?;
        let lock = lock(dir)?;
        let path = dir.join(FILE);
        identify(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(&path, flags).map_err(|error| fault::opening(&path, &error))?;
        set_up(&mut db).map_err(|error| fault::opening(&path, &error))?;
        Ok(Self { db, clock, _lock: lock })
    }

    /// Runs `work` in one transaction; if it fails, nothing of it is left.
    pub(super) fn transact<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Fault> {
        let attempt = || {
            let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        attempt().map_err(fault::write)
    }

    /// Moves everything into the main file, so that it can be copied alone.
    pub(super) fn close(self) {
        if let Err(error) = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            // Nothing is lost: the next one to open the file reads the log.
            tracing::warn!(%error, "the log of the embedded index was not merged");
        }
    }
}

/// The file in `dir`, which must be there.
pub(super) fn existing(dir: &Path) -> Result<PathBuf, Fault> {
    let path = dir.join(FILE);
    match identify(&path)? {
        Found::Ours => Ok(path),
        Found::Nothing => Err(fault::missing(dir)),
    }
}

/// Opens the file for reading; works beside a writer in this or another process.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let attempt = || {
        let db = Connection::open_with_flags(path, flags)?;
        steady(&db)?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(db)
    };
    attempt().map_err(|error| fault::opening(path, &error))
}

/// Takes the lock file; it is free again when the returned file is closed, however the process ends.
fn lock(dir: &Path) -> Result<File, Fault> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|error| fault::open(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(fault::busy(dir.display())),
        Err(TryLockError::Error(error)) => Err(fault::open(&path, error)),
    }
}

enum Found {
    Nothing,
    Ours,
}

/// Looks at the header of the file by hand: were SQLite to open a foreign file, it might replay that file's log and so change it.
fn identify(path: &Path) -> Result<Found, Fault> {
    let mut header = Vec::with_capacity(HEADER);
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        opened => opened.map_err(|error| fault::open(path, error))?,
    };
    file.take(HEADER as u64).read_to_end(&mut header).map_err(|error| fault::open(path, error))?;
    if header.is_empty() {
        return Ok(Found::Nothing);
    }
    let foreign = |reason: &str| Err(Fault::new(&DB_FOREIGN, format!("`{}` {reason}", path.display())));
    if header.len() < HEADER || !header.starts_with(b"SQLite format 3\0") {
        return foreign("is no database");
    }
    // Offsets from the file format: user version at 60, application id at 68, both big endian.
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    match (number(68), number(60)) {
        (APPLICATION_ID, OLDEST..=VERSION) => Ok(Found::Ours),
        (APPLICATION_ID, version) => foreign(&format!("has version {version} and this program knows version {VERSION}")),
        _ => foreign("is the database of another program"),
    }
}

/// What readers and the writer have in common.
fn steady(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(PATIENCE)?;
    // Plans that do not depend on values. Without it SQLite compiles joins anew whenever a value is bound: a tenth of the time of a put.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn set_up(db: &mut Connection) -> rusqlite::Result<()> {
    steady(db)?;
    db.set_prepared_statement_cache_capacity(48);
    if version(db)? == 0 {
        create(db)?;
    }
    holds::set_up(db)?;
    // Under WAL, NORMAL loses no transaction when the process dies and at most the last ones when the power fails; what a checkpoint
    // promises is in the same log before it, so the two cannot part.
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "cache_size", -32_768)?; // 32 MiB: the inner nodes of the trees of some ten million documents
    db.pragma_update(None, "wal_autocheckpoint", 4_000)?; // pages
    db.pragma_update(None, "journal_size_limit", 67_108_864)?; // bytes kept on disk after a long reader let the log grow
    let found = version(db)?;
    if found < VERSION {
        migrate::up(db, found)?;
    }
    // A process that died held its jobs; the lock proves that nobody holds them now.
    db.execute("UPDATE jobs SET status = 'suspended' WHERE status = 'in_progress'", [])?;
    Ok(())
}

/// The version of the schema, 0 before there is one. The log counts, which the header of the main file may not know yet.
pub(super) fn version(db: &Connection) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// One transaction, before the switch to WAL: the header in the main file names us as soon as there is anything in it.
fn create(db: &mut Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "page_size", 8_192)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute_batch(access::SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// A fresh index without a file.
#[cfg(test)]
pub(super) fn in_memory() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    create(&mut db).unwrap();
    db
}

/// The plan of a query over a fresh index, in SQLite's words.
#[cfg(test)]
pub(super) fn plan(sql: &str) -> String {
    let db = in_memory();
    let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = explain.raw_query();
    let mut lines: Vec<String> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines.join("; ")
}
