//! The embedded index: documents, their words, jobs and checkpoints in one SQLite file.
//!
//! | module | what it rules |
//! |---|---|
//! | `store` | whose file it is, who may write, how SQLite is set up (`schema.sql`) |
//! | `writer` | the one thread that writes |
//! | `documents` | put, keep, sweep |
//! | `text` | what of a document is searched |
//! | `progress` | checkpoints and what was set aside |
//! | `board` | jobs |
//! | `reader`, `search` | everything that reads, beside the writer |
//! | `query` | what people type |
//! | `excerpt` | the places of a text that are shown |
//! | `fault` | what failures mean |
//!
//! The words live in an FTS5 table with *external content* and triggers. A contentless table that can delete would save the second copy of
//! the text, but each deletion costs it a page write in every older segment: a run that changes 50,000 documents of 80 words took
//! three times as long (5,300 documents a second instead of 17,000), a sweep four times, and excerpts would have to be made from the JSON.
//! There is no prefix index: it halves the speed of writing and wins nothing that can be felt, since the time of a short prefix goes into
//! ranking (50,000 documents: three letters 5 ms either way, one letter 100 ms instead of 55).

mod board;
mod documents;
mod excerpt;
mod fault;
mod progress;
mod query;
mod reader;
mod search;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use domain::{BulkOp, Checkpoint, ConnectorId, Counts, Ended, Fault, ItemOutcome, Job, JobId, JobType, Timestamp};
use ports::{Checkpoints, Clock, JobBoard, JobRecord, SetAside, Sink, Target};

pub use reader::{ExportError, Reader, SetAsideRecord};
pub use search::{Hit, SearchAnswer, SearchRequest};

use documents::{SWEEP_STEP, Sweep};
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

    async fn sweep(&self, target: &Target, spare: &[String]) -> Result<u64, Fault> {
        let sweep = Sweep::new(target, spare);
        let (mut deleted, mut after) = (0, 0);
        loop {
            let sweep = sweep.clone();
            let step = move |store: &mut Store| store.transact(|transaction| sweep.step(transaction, after, SWEEP_STEP));
            let (count, last) = self.writer.call(step).await?;
            deleted += count;
            match last {
                Some(last) => after = last,
                None => return Ok(deleted),
            }
        }
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
}

#[async_trait(?Send)]
impl JobBoard for Embedded {
    async fn post(&self, job: &Job, now: Timestamp) -> Result<(), Fault> {
        let job = job.clone();
        self.writer.call(move |store| store.transact(|transaction| board::post(transaction, &job, now))).await
    }

    async fn claim(&self, connectors: &[ConnectorId], now: Timestamp) -> Result<Option<Job>, Fault> {
        let connectors = connectors.to_vec();
        self.writer.call(move |store| store.transact(|transaction| board::claim(transaction, &connectors, now))).await
    }

    async fn progress(&self, job: &JobId, counts: Counts, now: Timestamp) -> Result<(), Fault> {
        let job = job.clone();
        self.writer.call(move |store| store.transact(|transaction| board::progress(transaction, &job, &counts, now))).await
    }

    async fn finish(&self, job: &JobId, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        let (job, ended) = (job.clone(), ended.clone());
        self.writer.call(move |store| store.transact(|transaction| board::finish(transaction, &job, &ended, now))).await
    }

    async fn history(&self, connector: &ConnectorId, most: usize) -> Result<Vec<JobRecord>, Fault> {
        let connector = connector.clone();
        self.writer.call(move |store| store.transact(|transaction| board::history(transaction, Some(connector.as_str()), most))).await
    }
}
