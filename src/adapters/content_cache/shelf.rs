//! The statements: what is on the shelf under a key, and what makes room for what comes.

use ports::ContentKey;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::packing::Packed;

/// Bytes that a content counts for beside its own: rows, keys, entries of three trees.
const ENTRY: u64 = 256;
/// Share of the limit that is freed when it is passed, so that not every put has to.
const BATCH: u64 = 16;
/// A use is noted when so large a share of the limit was added since the last one that was. Nothing is noted while nothing is added, and
/// the order in which contents go is off by no more than that.
const GRAIN: u64 = 8;

/// An open database, with the limit of what may be in it.
pub(super) struct Shelf {
    pub(super) db: Connection,
    pub(super) max_bytes: u64,
}

/// What `content` counts for under `key`.
pub(super) fn size(key: &ContentKey, content: &Packed) -> u64 {
    ENTRY + (key.maker.len() + content.body.len()) as u64
}

impl Shelf {
    pub(super) fn get(&mut self, key: &ContentKey) -> rusqlite::Result<Option<Packed>> {
        let found = self
            .db
            .prepare_cached(
                "SELECT kind, is_packed, length, crc, body, contents.no, added - used FROM contents JOIN bodies USING (no), tally
                 WHERE version = ?1 AND checksum = ?2 AND maker = ?3",
            )?
            .query_row(params![key.version.as_str(), key.checksum.to_string(), key.maker], |row| {
                Ok((packed(row)?, row.get(5)?, row.get(6)?))
            })
            .optional()?;
        let Some((content, no, age)) = found else { return Ok(None) };
        self.note_use(no, age);
        Ok(Some(content))
    }

    fn note_use(&self, no: i64, age: u64) {
        if age <= self.max_bytes / GRAIN {
            return;
        }
        let noted =
            self.db.prepare_cached("UPDATE contents SET used = (SELECT added FROM tally) WHERE no = ?1").and_then(|mut s| s.execute([no]));
        if let Err(error) = noted {
            // It may go earlier than it should.
            tracing::debug!(%error, "a use of kept file content was not noted");
        }
    }

    /// Keeps the content in place of what was there, and makes room for it. It has to fit.
    pub(super) fn put(&mut self, key: &ContentKey, content: &Packed) -> rusqlite::Result<()> {
        let max_bytes = self.max_bytes;
        self.transact(|db| {
            remove(db, key)?;
            let Packed { kind, is_packed, length, crc, body } = content;
            db.prepare_cached(
                "INSERT INTO contents (version, checksum, maker, kind, is_packed, length, crc, size, used)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, added + ?8 FROM tally",
            )?
            .execute(params![
                key.version.as_str(),
                key.checksum.to_string(),
                key.maker,
                kind,
                is_packed,
                length,
                crc,
                size(key, content)
            ])?;
            let no = db.last_insert_rowid();
            db.prepare_cached("INSERT INTO bodies (no, body) VALUES (?1, ?2)")?.execute(params![no, body])?;
            make_room(db, max_bytes)
        })
    }

    pub(super) fn remove(&mut self, key: &ContentKey) -> rusqlite::Result<()> {
        self.transact(|db| remove(db, key))
    }

    /// Keeps to the limit, which may be another one than last time, and gives back to the disk what is far below it.
    pub(super) fn trim(&mut self) -> rusqlite::Result<()> {
        let max_bytes = self.max_bytes;
        self.transact(|db| make_room(db, max_bytes))?;
        let [free, page] = ["freelist_count", "page_size"].map(|name| self.db.pragma_query_value(None, name, |row| row.get::<_, u64>(0)));
        if free?.saturating_mul(page?) > max_bytes / GRAIN { self.give_back() } else { Ok(()) }
    }

    /// Removes everything and tells how many there were.
    pub(super) fn clear(&mut self) -> rusqlite::Result<u64> {
        let cleared = self.transact(|db| db.execute("DELETE FROM contents", []))?;
        self.give_back()?;
        Ok(cleared as u64)
    }

    fn give_back(&self) -> rusqlite::Result<()> {
        // Pages are given back one by one, as the statement is stepped through.
        let mut statement = self.db.prepare("PRAGMA incremental_vacuum")?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        // The file is cut when the log is merged into it. Somebody who reads at the moment only delays that.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    fn transact<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Bytes that everything counts for.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.db.query_row("SELECT bytes FROM tally", [], |row| row.get(0)).unwrap()
    }
}

fn packed(row: &Row<'_>) -> rusqlite::Result<Packed> {
    Ok(Packed { kind: row.get(0)?, is_packed: row.get(1)?, length: row.get(2)?, crc: row.get(3)?, body: row.get(4)? })
}

fn remove(db: &Connection, key: &ContentKey) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM contents WHERE version = ?1 AND checksum = ?2 AND maker = ?3")?
        .execute(params![key.version.as_str(), key.checksum.to_string(), key.maker])
        .map(|_| ())
}

/// Past the limit, those that were not used for longest go. What was put just now is the last of them.
fn make_room(db: &Connection, max_bytes: u64) -> rusqlite::Result<()> {
    let bytes: u64 = db.prepare_cached("SELECT bytes FROM tally")?.query_row([], |row| row.get(0))?;
    if bytes <= max_bytes {
        return Ok(());
    }
    let (mut excess, mut gone) = (bytes - (max_bytes - max_bytes / BATCH), vec![]);
    let mut oldest = db.prepare_cached("SELECT no, size FROM contents ORDER BY used, no")?;
    let mut rows = oldest.query([])?;
    while excess > 0
        && let Some(row) = rows.next()?
    {
        gone.push(row.get::<_, i64>(0)?);
        excess = excess.saturating_sub(row.get(1)?);
    }
    let mut delete = db.prepare_cached("DELETE FROM contents WHERE no = ?1")?;
    gone.into_iter().try_for_each(|no| delete.execute([no]).map(|_| ()))
}
