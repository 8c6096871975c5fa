//! The embedded index: documents, their words, jobs and checkpoints in one SQLite file.
//!
//! | module | what it rules |
//! |---|---|
//! | `store` | whose file it is, who may write, how SQLite is set up (`schema.sql`) |
//! | `writer` | the one thread that writes |
//! | `documents` | put, keep, sweep |
//! | `access` | tokens of documents, and users who hold some (`access.sql`) |
//! | `migrate` | files of versions before |
//! | `text` | what of a document is searched |
//! | `holds` | deletes that wait for leave |
//! | `progress` | checkpoints and what was set aside |
//! | `board` | jobs |
//! | `reader`, `search` | everything that reads, beside the writer |
//! | `sight` | what a user may see |
//! | `query` | what people type |
//! | `excerpt` | the places of a text that are shown |
//! | `fault` | what failures mean |
//!
//! The words live in an FTS5 table with *external content* and triggers. A contentless table that can delete would save the second copy of
//! the text, but each deletion costs it a page write in every older segment: a run that changes 50,000 documents of 80 words took
//! three times as long (5,300 documents a second instead of 17,000), a sweep four times, and excerpts would have to be made from the JSON.
//! Tokens belong to *lists*, each kept once per index, because documents by the thousand carry the same ones: a document costs one number,
//! and what a user may see is a handful of numbers, found before the search and compared row by row in it.
//!
//! There is no prefix index: it halves the speed of writing and wins nothing that can be felt, since the time of a short prefix goes into
//! ranking (50,000 documents: three letters 5 ms either way, one letter 100 ms instead of 55).

mod access;
mod board;
mod documents;
mod excerpt;
mod fault;
mod holds;
mod migrate;
mod progress;
mod query;
mod reader;
mod search;
mod sight;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use domain::{Brake, BulkOp, Checkpoint, ConnectorId, Counts, Ended, Fault, Hold, ItemOutcome, Job, JobId, JobType, Swept, Timestamp};
use ports::{Checkpoints, Clock, JobBoard, JobRecord, SetAside, Sink, Target};

pub use reader::{Reader, SetAsideRecord};
pub use search::{Hit, SearchAnswer, SearchRequest};
pub use sight::{Standing, User, Users};

use documents::{Doomed, STEP, Work};
use store::Store;
use writer::Writer;

/// The index, opened for writing. Clones share one writer; dropping the last waits until everything is written.
#[derive(Clone)]
pub struct Embedded {
    writer: Writer,
    reader: Reader,
}

impl Embedded {
    /// Opens the index in `dir`, making both if need be. Only one process at a time can.
    ///
    /// Jobs that a dead process left in work wait again. Faults: `DB_BUSY` while another process holds it, `DB_FOREIGN` if the file is
    /// none of ours (it is left untouched), `DB_OPEN` for everything else.
    pub fn open(dir: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let dir = dir.as_ref();
        let store = Store::open(dir, clock)?;
        let reader = Reader::new(store::existing(dir)?);
        let writer = Writer::start(store).map_err(|error| fault::open(dir, error))?;
        Ok(Self { writer, reader })
    }

    /// Opens the index in `dir` for reading, whoever writes it.
    pub fn read_only(dir: impl AsRef<Path>) -> Result<Reader, Fault> {
        let reader = Reader::new(store::existing(dir.as_ref())?);
        reader.indices()?; // so that a file that cannot be read is told now
        Ok(reader)
    }

    /// A handle for reading, which may outlive this one.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Does something to all doomed documents, some at a time, so that others get their turn; returns how many there were.
    async fn on_all(&self, doomed: Doomed, work: Work) -> Result<u64, Fault> {
        let (mut count, mut after) = (0, 0);
        loop {
            let (doomed, work) = (doomed.clone(), work.clone());
            let step = move |store: &mut Store| store.transact(|transaction| doomed.step(transaction, &work, after, STEP));
            let (done, last) = self.writer.call(step).await?;
            count += done;
            match last {
                Some(last) => after = last,
                None => return Ok(count),
            }
        }
    }

    /// Deletes all doomed documents, and lists of tokens that no document carries any more.
    async fn delete(&self, doomed: Doomed) -> Result<u64, Fault> {
        let count = self.on_all(doomed, Work::Delete).await?;
        if count > 0 {
            self.writer.call(|store| store.transact(access::forget)).await?;
        }
        Ok(count)
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Embedded").field("reader", &self.reader).finish_non_exhaustive()
    }
}

#[async_trait(?Send)]
impl Sink for Embedded {
    async fn submit(&self, target: &Target, ops: Arc<Vec<BulkOp>>) -> Result<Vec<ItemOutcome>, Fault> {
        let target = target.clone();
        self.writer.call(move |store| store.transact(|transaction| documents::submit(transaction, &target, &ops))).await
    }

    async fn sweep(&self, target: &Target, spare: &[String], brake: Brake) -> Result<Swept, Fault> {
        let doomed = Doomed::not_met(target, spare);
        if !brake.is_off() {
            let counted = doomed.clone();
            let count =
                move |store: &mut Store| store.transact(|transaction| counted.count(transaction)).map(|found| (found, store.clock.now()));
            let ((doomed_now, total), at) = self.writer.call(count).await?;
            if brake.holds(total, doomed_now) {
                // A stamp of their own: whoever touches one of them again, in whatever run, takes it out of the hold.
                let mark = holds::mark(&target.run);
                self.on_all(doomed, Work::Stamp(mark.clone())).await?;
                let Target { connector, index, run, mark: _ } = target.clone();
                return Ok(Swept::Held(Hold { connector, index, run, mark, spare: spare.to_vec(), doomed: doomed_now, total, at }));
            }
        }
        self.delete(doomed).await.map(Swept::Deleted)
    }

    async fn confirm(&self, hold: &Hold) -> Result<u64, Fault> {
        self.delete(Doomed::held(hold)).await
    }

    async fn set_aside(&self, target: &Target, entries: Vec<SetAside>) -> Result<(), Fault> {
        let target = target.clone();
        let order = move |store: &mut Store| {
            let now = store.clock.now();
            store.transact(|transaction| progress::set_aside(transaction, &target, &entries, now))
        };
        self.writer.call(order).await
    }
}

#[async_trait(?Send)]
impl Checkpoints for Embedded {
    async fn load(&self, connector: &ConnectorId, kind: JobType) -> Result<Option<Checkpoint>, Fault> {
        let connector = connector.clone();
        self.writer.call(move |store| store.transact(|transaction| progress::load(transaction, &connector, kind))).await
    }

    async fn store(&self, connector: &ConnectorId, kind: JobType, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let (connector, checkpoint) = (connector.clone(), checkpoint.clone());
        self.writer.call(move |store| store.transact(|transaction| progress::store(transaction, &connector, kind, &checkpoint))).await
    }

    async fn clear(&self, connector: &ConnectorId, kind: JobType) -> Result<(), Fault> {
        let connector = connector.clone();
        self.writer.call(move |store| store.transact(|transaction| progress::clear(transaction, &connector, kind))).await
    }

    async fn keep_hold(&self, hold: &Hold) -> Result<(), Fault> {
        let hold = hold.clone();
        self.writer.call(move |store| store.transact(|transaction| holds::keep(transaction, &hold))).await
    }

    async fn hold(&self, connector: &ConnectorId) -> Result<Option<Hold>, Fault> {
        let connector = connector.clone();
        self.writer.call(move |store| store.transact(|transaction| holds::load(transaction, &connector))).await
    }

    async fn drop_hold(&self, connector: &ConnectorId) -> Result<(), Fault> {
        let connector = connector.clone();
        self.writer.call(move |store| store.transact(|transaction| holds::drop(transaction, &connector))).await
    }
}

#[async_trait(?Send)]
impl JobBoard for Embedded {
    async fn post(&self, job: &Job, now: Timestamp) -> Result<(), Fault> {
        let job = job.clone();
        self.writer.call(move |store| store.transact(|transaction| board::post(transaction, &job, now))).await
    }

    async fn claim(&self, connectors: &[ConnectorId], kinds: &[JobType], now: Timestamp) -> Result<Option<Job>, Fault> {
        let (connectors, kinds) = (connectors.to_vec(), kinds.to_vec());
        self.writer.call(move |store| store.transact(|transaction| board::claim(transaction, &connectors, &kinds, now))).await
    }

    async fn progress(&self, job: &JobId, counts: Counts, now: Timestamp) -> Result<(), Fault> {
        let job = job.clone();
        self.writer.call(move |store| store.transact(|transaction| board::progress(transaction, &job, &counts, now))).await
    }

    async fn finish(&self, job: &JobId, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        let (job, ended) = (job.clone(), ended.clone());
        self.writer.call(move |store| store.transact(|transaction| board::finish(transaction, &job, &ended, now))).await
    }

    async fn history(&self, connector: &ConnectorId, kinds: &[JobType], most: usize) -> Result<Vec<JobRecord>, Fault> {
        let (connector, kinds) = (connector.clone(), kinds.to_vec());
        self.writer
            .call(move |store| store.transact(|transaction| board::history(transaction, Some(connector.as_str()), &kinds, most)))
            .await
    }
}
