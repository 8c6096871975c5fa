//! What the engine needs from the world, as traits over domain types.
//!
//! The traits are not `Send`: a run lives on one thread, and the HTTP client under the real adapters does too.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::catalog::{Checksum, ContentAt, DescribedObject, FileFacts, FileLink, GlobalObject, Layout, LookupTarget};
use domain::rules::RulePlan;
use domain::{
    Brake, BulkOp, Checkpoint, Children, ConnectorId, Counts, Ended, Fault, Hold, IndexName, ItemOutcome, Job, JobId, JobStatus, JobType,
    NestedLimit, ObjectPlan, Page, PageCursor, RecordId, RunId, Swept, Timestamp,
};
use futures::stream::LocalBoxStream;

mod desk;
#[cfg(feature = "fakes")]
pub mod fakes;

pub use desk::{Assignment, Definition, Desk, Inspector, Wish};

/// Where records come from. Every method has spent its own retries before it reports a fault.
#[async_trait(?Send)]
pub trait Source: 'static {
    /// The objects of the org.
    async fn global(&self) -> Result<Vec<GlobalObject>, Fault>;
    /// Fields and child relationships of one object.
    async fn describe(&self, object: &str) -> Result<DescribedObject, Fault>;
    /// One page of an object, in the order of record ids. An expired cursor is replaced by a fresh query after its last record.
    ///
    /// Of an advanced rule, one page of what it finds; where it cannot be gone on with, in an order of its own.
    async fn page(&self, plan: &ObjectPlan, cursor: &PageCursor) -> Result<Page, Fault>;
    /// Whether the org takes the question of an advanced rule; one row at most is read.
    async fn attempt(&self, rule: &RulePlan) -> Result<(), Fault>;
    /// Children of some parents of one object. Of kinds that are limited, at most one more row than the limit.
    async fn children(&self, plan: &ObjectPlan, parents: &[RecordId], limit: NestedLimit) -> Result<Children, Fault>;
    /// Records that look-ups lead to, as raw JSON; those that do not exist are left out.
    async fn lookup(&self, target: LookupTarget, ids: &[RecordId]) -> Result<Vec<(RecordId, Bytes)>, Fault>;
    /// Everything that some files are linked to, with such facts of the files as the org can say.
    async fn links(&self, files: &[RecordId], facts: FileFacts) -> Result<Vec<FileLink>, Fault>;
    /// The content of one file.
    async fn file(&self, content: ContentAt) -> Result<FileContent, Fault>;
}

/// The content of a file on its way.
pub struct FileContent {
    /// Bytes to come, when the source says.
    pub length: Option<u64>,
    /// The bytes. A fault in the stream ends it.
    pub chunks: LocalBoxStream<'static, Result<Bytes, Fault>>,
}
impl fmt::Debug for FileContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FileContent").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Who makes text of files.
#[async_trait(?Send)]
pub trait TextExtractor: 'static {
    /// The text of a file. `extension` is in lower case, without the dot. A fault of the content itself is given as it is; one that is about
    /// this file alone is of the class *item*.
    async fn text(&self, extension: &str, content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<String, Fault>;
    /// Who it is and by what rules it reads: text that was kept under another name is made anew.
    fn name(&self) -> &str;
    /// Whether a file is in memory as a whole while its text is made; if not, it may be of any size.
    fn holds_whole(&self) -> bool;
}

/// What tells the content of one file version from every other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentKey {
    /// The version, or the record that holds the file.
    pub version: RecordId,
    /// What the source says of its bytes, or of what else tells them from those before.
    pub checksum: Checksum,
    /// [`TextExtractor::name`] of who made the text; empty for the bytes themselves.
    pub maker: String,
}

/// What is kept of a file version.
#[derive(Clone, PartialEq, Eq)]
pub enum KeptContent {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Its text.
    Text(String),
    /// Why there is no text, and never will be by the same rules: one line.
    Refused(String),
}
// By hand, so that nothing of a file gets into a log.
impl fmt::Debug for KeptContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(formatter, "Bytes({} bytes)", bytes.len()),
            Self::Text(text) => write!(formatter, "Text({} bytes)", text.len()),
            Self::Refused(reason) => write!(formatter, "Refused({reason})"),
        }
    }
}

/// Where content of files is kept, so that no file is fetched twice. It may forget anything at any time.
#[async_trait(?Send)]
pub trait ContentCache: 'static {
    /// What was kept under this key.
    async fn get(&self, key: &ContentKey) -> Result<Option<KeptContent>, Fault>;
    /// Keeps it.
    async fn put(&self, key: &ContentKey, content: &KeptContent) -> Result<(), Fault>;
}

/// Whose documents, where, in which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The connector.
    pub connector: ConnectorId,
    /// The index.
    pub index: IndexName,
    /// The run; an index that keeps stamps writes it to each document that it meets.
    pub run: RunId,
    /// What [`Sink::prepare`] said when the run began.
    pub mark: Option<String>,
}

/// Something that was set aside, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The document, when it has an id.
    pub id: Option<RecordId>,
    /// What it was: an object's name, or `file`.
    pub what: String,
    /// Why.
    pub fault: Fault,
}

/// Where documents go.
#[async_trait(?Send)]
pub trait Sink: 'static {
    /// Makes the index ready for a run: creates it if need be, checks that it takes documents.
    ///
    /// Gives what the index needs to be told again to know which documents the run did not meet; `target.mark` has it when the run goes on.
    /// Another mark than that one says that the index was made anew meanwhile: the run has to start from the beginning.
    async fn prepare(&self, target: &Target, layout: &Layout) -> Result<Option<String>, Fault> {
        let _ = layout;
        Ok(target.mark.clone())
    }
    /// Submits a batch; one outcome per operation, in order. A fault means that the fate of the whole batch is unknown.
    async fn submit(&self, target: &Target, ops: Arc<Vec<BulkOp>>) -> Result<Vec<ItemOutcome>, Fault>;
    /// Deletes the connector's documents that this run did not meet, unless there are so many that the brake holds: then all of them stay.
    ///
    /// Documents of the kinds in `spare` stay: `attributes.type` of a record, `content_document` of a file.
    async fn sweep(&self, target: &Target, spare: &[String], brake: Brake) -> Result<Swept, Fault>;
    /// Deletes what a sweep held back and nobody touched since; returns how many. What is gone already is no mistake.
    async fn confirm(&self, hold: &Hold) -> Result<u64, Fault>;
    /// Keeps the reasons why something is not in the index.
    async fn set_aside(&self, target: &Target, entries: Vec<SetAside>) -> Result<(), Fault>;
}

/// Where progress is kept.
#[async_trait(?Send)]
pub trait Checkpoints: 'static {
    /// How far the connector's unfinished run of this kind is safe.
    async fn load(&self, connector: &ConnectorId, kind: JobType) -> Result<Option<Checkpoint>, Fault>;
    /// Keeps progress.
    async fn store(&self, connector: &ConnectorId, kind: JobType, checkpoint: &Checkpoint) -> Result<(), Fault>;
    /// Forgets it: the run is complete.
    async fn clear(&self, connector: &ConnectorId, kind: JobType) -> Result<(), Fault>;
    /// Keeps deletes of a connector that wait for leave, in place of those before.
    async fn keep_hold(&self, hold: &Hold) -> Result<(), Fault>;
    /// The connector's deletes that wait for leave.
    async fn hold(&self, connector: &ConnectorId) -> Result<Option<Hold>, Fault>;
    /// Forgets them.
    async fn drop_hold(&self, connector: &ConnectorId) -> Result<(), Fault>;
}

/// Where jobs wait, are claimed, and are remembered.
#[async_trait(?Send)]
pub trait JobBoard: 'static {
    /// Puts a pending job on the board; one with this id that is there already stays as it is.
    async fn post(&self, job: &Job, now: Timestamp) -> Result<(), Fault>;
    /// Claims the oldest job of these kinds that waits, pending or suspended, of one of these connectors; nobody else gets it. A connector has
    /// one job of a [family](JobType::family) in work at a time over all processes that share the board.
    async fn claim(&self, connectors: &[ConnectorId], kinds: &[JobType], now: Timestamp) -> Result<Option<Job>, Fault>;
    /// Says how far a job in work is.
    async fn progress(&self, job: &JobId, counts: Counts, now: Timestamp) -> Result<(), Fault>;
    /// Writes how a job ended. Jobs of its connector that ended longer ago than [`domain::REMEMBERED`] are forgotten.
    async fn finish(&self, job: &JobId, ended: &Ended, now: Timestamp) -> Result<(), Fault>;
    /// The connector's latest jobs of these kinds, newest first.
    async fn history(&self, connector: &ConnectorId, kinds: &[JobType], most: usize) -> Result<Vec<JobRecord>, Fault>;
    /// For how long nothing has to be heard of a job until another process may take it over; `None`: no other process can.
    fn silence(&self) -> Option<Duration> {
        None
    }
}

/// A job as the board remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// The job.
    pub job: Job,
    /// How it stands.
    pub status: JobStatus,
    /// When it was posted.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why it did not complete, one line.
    pub error: Option<String>,
    /// What was done.
    pub counts: Counts,
}

/// A secret that no log can print.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);
impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text itself, for the wire only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// An access token.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Token {
    /// Counts sign-ins; what a caller names to reject a token. 0 means none yet.
    pub generation: u64,
    /// The bearer secret.
    pub secret: Secret,
    /// Where to send requests, no trailing slash.
    pub instance_url: String,
}

/// Who holds the current token.
#[async_trait(?Send)]
pub trait Tokens: 'static {
    /// A token of a later generation than `rejected`; 0 takes whatever is there. However many ask at once, one sign-in is made.
    async fn newer_than(&self, rejected: u64) -> Result<Token, Fault>;
}

/// Who signs in.
#[async_trait(?Send)]
pub trait TokenIssuer: 'static {
    /// Signs in once and gives the secret and the instance URL.
    async fn issue(&self) -> Result<(Secret, String), Fault>;
}

/// The time of day.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}
