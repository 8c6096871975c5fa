//! Brings files of versions before up to date, each in one transaction.

use memchr::memmem::Finder;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use domain::access::ALLOW;
use domain::{Document, RecordId};

use super::access::Lists;
use super::reader::bytes;
use super::text::Extract;
use super::{access, store};

/// From this version to the latest.
pub(super) fn up(db: &mut Connection, from: u32) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if from < 2 {
        add_access(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", store::VERSION)?;
    transaction.commit()?;
    tracing::info!(from, to = store::VERSION, "the embedded index was brought up to date");
    // Into the main file, whose header tells programs that know only the version before to leave it alone.
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Version 2: who may find a document. Documents that say so are found by their users at once, others by nobody who searches as a user.
fn add_access(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "ALTER TABLE documents ADD COLUMN readers INTEGER;
         DROP INDEX documents_kind;
         CREATE INDEX documents_kind ON documents (index_name, kind, readers);
         DROP INDEX documents_newest;
         CREATE INDEX documents_newest ON documents (index_name, modified);",
    )?;
    transaction.execute_batch(access::SCHEMA)?;
    let carried = Finder::new(ALLOW);
    let mut lists = Lists::default();
    let mut select = transaction.prepare("SELECT no, index_name, id, body FROM bodies CROSS JOIN documents USING (no)")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (no, index, body): (i64, String, _) = (row.get(0)?, row.get(1)?, bytes(row.get_ref(3)?));
        if let Some(guarded) = access::guarded(&index) {
            let id: String = row.get(2)?;
            adopt(transaction, guarded, no, &id, body)?;
        } else if carried.find(body).is_some() {
            let readers = lists.number(transaction, &index, &Extract::of(body).tokens)?;
            transaction.prepare_cached("UPDATE documents SET readers = ?2 WHERE no = ?1")?.execute(params![no, readers])?;
        }
    }
    Ok(())
}

/// Makes a document what an access document is: no hit of any search, and a user.
fn adopt(transaction: &Transaction<'_>, index: &str, no: i64, id: &str, body: &[u8]) -> rusqlite::Result<()> {
    let plain = "UPDATE documents SET kind = '', title = '', url = NULL, modified = NULL WHERE no = ?1";
    transaction.prepare_cached(plain)?.execute([no])?;
    transaction.prepare_cached("DELETE FROM texts WHERE no = ?1")?.execute([no])?;
    match RecordId::parse(id.as_bytes()) {
        Some(id) => access::user(transaction, index, no, &Document { id, body: body.to_vec() }),
        None => Ok(()),
    }
}
